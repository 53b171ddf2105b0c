//! The rows of a table: a tree, sorted and filtered.

use std::cmp::{Ordering, Reverse};
use std::time::Duration;

use super::snapshot::{Kind, Node, Snapshot};

/// The column that rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// In the order of the program: that of spawning, mostly.
    #[default]
    Id,
    Name,
    State,
    Polls,
    Idle,
    Age,
    Left,
}

impl Sort {
    const ALL: [(Sort, &str); 7] = [
        (Sort::Id, "id"),
        (Sort::Name, "name"),
        (Sort::State, "state"),
        (Sort::Polls, "polls"),
        (Sort::Idle, "idle"),
        (Sort::Age, "age"),
        (Sort::Left, "left"),
    ];

    pub(super) fn named(name: &str) -> Option<Sort> {
        let found = Sort::ALL.into_iter().find(|(_, known)| *known == name);
        found.map(|(sort, _)| sort)
    }

    pub(super) fn name(self) -> &'static str {
        Sort::ALL[self as usize].1
    }

    pub(super) fn next(self) -> Sort {
        Sort::ALL[(self as usize + 1) % Sort::ALL.len()].0
    }

    /// Compares two nodes: numbers from the largest on, names and deadlines from the first on.
    fn compare(self, a: &Node, b: &Node) -> Ordering {
        match self {
            Sort::Id => a.id.cmp(&b.id),
            Sort::Name => a.name.cmp(&b.name),
            Sort::State => a.state.cmp(&b.state),
            Sort::Polls => Reverse(a.polls).cmp(&Reverse(b.polls)),
            Sort::Idle => Reverse(a.idle).cmp(&Reverse(b.idle)),
            Sort::Age => Reverse(a.age).cmp(&Reverse(b.age)),
            // Those without a deadline come last.
            Sort::Left => {
                let left = |node: &Node| node.left.unwrap_or(Duration::MAX);
                left(a).cmp(&left(b))
            }
        }
    }
}

/// The choice of what is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) flat: bool,
    pub(super) sort: Sort,
    pub(super) filter: String,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) polls: String,
    pub(super) idle: String,
    pub(super) age: String,
    pub(super) left: String,
    pub(super) wait: String,
    /// The name, after the lines of the tree.
    pub(super) name: String,
    pub(super) is_cancelled: bool,
}

/// Returns the rows of a snapshot.
pub(super) fn rows(snapshot: &Snapshot, view: &View) -> Vec<Row> {
    let nodes = &snapshot.nodes;
    let filter = view.filter.to_lowercase();
    let matches = |node: &Node| filter.is_empty() || searched(node).contains(&filter);
    if view.flat {
        let tasks = nodes.iter().filter(|node| node.kind == Kind::Task);
        let mut found: Vec<_> = tasks.filter(|node| matches(node)).collect();
        found.sort_by(|a, b| view.sort.compare(a, b));
        return found.into_iter().map(|node| Row::of(node, "")).collect();
    }
    let mut branches = branches(nodes);
    branches.retain_mut(|branch| branch.prune(&matches));
    let mut rows = Vec::new();
    list(branches, view.sort, "", true, &mut rows);
    rows
}

/// Returns the text that a filter searches.
fn searched(node: &Node) -> String {
    let cancelled = node.cancelled.as_deref().unwrap_or_default();
    format!("{} {} {cancelled}", described(node), node.wait).to_lowercase()
}

/// A node, and those inside it.
struct Branch<'a> {
    node: &'a Node,
    inside: Vec<Branch<'a>>,
}

impl Branch<'_> {
    /// Removes what does not match, except around what does. Returns whether something is left.
    fn prune(&mut self, matches: &impl Fn(&Node) -> bool) -> bool {
        let own = matches(self.node);
        self.inside.retain_mut(|inside| inside.prune(matches));
        own || !self.inside.is_empty()
    }
}

/// Builds the tree from the depths of its nodes.
fn branches(nodes: &[Node]) -> Vec<Branch<'_>> {
    /// Closes the innermost open branch.
    fn close<'a>(open: &mut Vec<Branch<'a>>, roots: &mut Vec<Branch<'a>>) {
        if let Some(branch) = open.pop() {
            let around = open.last_mut().map(|around| &mut around.inside);
            around.unwrap_or(roots).push(branch);
        }
    }
    let (mut open, mut roots) = (Vec::new(), Vec::new());
    for node in nodes {
        while open.len() > node.depth {
            close(&mut open, &mut roots);
        }
        let inside = Vec::new();
        open.push(Branch { node, inside });
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    roots
}

/// Lists branches with the lines of the tree, which `before` begins.
fn list(mut branches: Vec<Branch<'_>>, sort: Sort, before: &str, top: bool, rows: &mut Vec<Row>) {
    // The order of the program has scopes before groups, which have no ids.
    if sort != Sort::Id {
        branches.sort_by(|a, b| sort.compare(a.node, b.node));
    }
    let count = branches.len();
    for (index, branch) in branches.into_iter().enumerate() {
        let (here, below) = match (top, index + 1 == count) {
            (true, _) => ("", ""),
            (false, false) => ("├─ ", "│  "),
            (false, true) => ("└─ ", "   "),
        };
        rows.push(Row::of(branch.node, &format!("{before}{here}")));
        let below = format!("{before}{below}");
        list(branch.inside, sort, &below, false, rows);
    }
}

impl Row {
    fn of(node: &Node, lines: &str) -> Row {
        let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
        let time = |time: Option<Duration>| time.map(short).unwrap_or_default();
        let mut name = format!("{lines}{}", described(node));
        if let Some(cancelled) = &node.cancelled {
            name += &format!(", {cancelled}");
        }
        Row {
            id: number(node.id),
            state: node.state.clone(),
            polls: number(node.polls),
            idle: time(node.idle),
            age: time(node.age),
            left: time(node.left),
            wait: node.wait.clone(),
            name,
            is_cancelled: node.cancelled.is_some(),
        }
    }
}

/// Returns the name of a node, with its kind if that is not a task.
fn described(node: &Node) -> String {
    let kind = match node.kind {
        Kind::Task => return node.name.clone(),
        Kind::Group => "group",
        Kind::Scope { shielded: true } => "shield",
        Kind::Scope { shielded: false } => "scope",
    };
    if node.name.is_empty() {
        return kind.to_owned();
    }
    format!("{kind} {}", node.name)
}

/// Returns a time in a few characters.
fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", time.as_secs_f64()),
        10..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Sort, View, rows, short};
    use crate::program::snapshot::Snapshot;

    pub(in crate::program) fn example() -> Snapshot {
        let task = |depth: u32, id: u32, name: &str, wait: &str, polls: u32| {
            json!({ "depth": depth, "kind": "task", "id": id, "name": name, "state": "waiting",
                "wait": wait, "polls": polls, "known_ms": 90_000, "unpolled_ms": 10 * id })
        };
        let answer = json!({ "nodes": [
            task(0, 1, "main", "the children of its group", 2),
            { "depth": 1, "kind": "scope", "name": "limit", "shielded": false, "deadline_ms": 4200 },
            { "depth": 1, "kind": "group", "name": "workers",
                "cancelled": "cancelled by task `main`: enough" },
            task(2, 5, "worker b", "a lock", 7),
            task(2, 6, "worker a", "a timer", 300),
            task(0, 9, "monitor", "a connection", 4),
        ] });
        Snapshot::read(&answer).unwrap()
    }

    fn names(view: &View) -> Vec<String> {
        let rows = rows(&example(), view).into_iter();
        rows.map(|row| row.name).collect()
    }

    #[test]
    fn a_tree_has_lines_and_the_order_of_the_program() {
        let expected = [
            "main",
            "├─ scope limit",
            "└─ group workers, cancelled by task `main`: enough",
            "   ├─ worker b",
            "   └─ worker a",
            "monitor",
        ];
        assert_eq!(names(&View::default()), expected);
    }

    #[test]
    fn siblings_are_sorted_inside_the_tree() {
        let sort = Sort::Polls;
        let sorted = names(&View {
            sort,
            ..View::default()
        });
        assert_eq!(sorted[0], "monitor");
        assert_eq!(sorted[4], "   ├─ worker a");
    }

    #[test]
    fn a_filter_keeps_what_is_around_its_matches() {
        let with = |filter: &str, flat| {
            names(&View {
                filter: filter.into(),
                flat,
                ..View::default()
            })
        };
        let found = with("A TIMER", false);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[2], "   └─ worker a");
        assert_eq!(with("worker", true), ["worker b", "worker a"]);
        assert_eq!(with("enough", false).len(), 2);
        assert!(with("nothing", false).is_empty());
    }

    #[test]
    fn every_column_sorts_a_list() {
        let mut sort = Sort::default();
        for first in [
            "main", "main", "main", "worker a", "monitor", "main", "main",
        ] {
            let flat = true;
            let filter = String::new();
            assert_eq!(names(&View { flat, sort, filter })[0], first, "{sort:?}");
            assert_eq!(Sort::named(sort.name()), Some(sort));
            sort = sort.next();
        }
        assert_eq!(sort, Sort::default());
    }

    #[test]
    fn times_are_short() {
        let times = [0, 9_950, 59_000, 600_000, 90_000_000, 900_000_000];
        let short = times.map(|time| short(Duration::from_millis(time)));
        assert_eq!(short, ["0.0s", "9.9s", "59s", "10m", "25h", "10d"]);
    }
}

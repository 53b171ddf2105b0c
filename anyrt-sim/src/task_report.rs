//! The tasks in a report: core's tree, with the numbers by which the executor's events name its tasks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use anyrt_core::task::{GroupNode, TaskNode, Tree};

use crate::executor::Task;

/// A task that had not ended when a run failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskReport {
    /// The number of the task in events. `None` for a task that is polled by its parent, and if two tasks
    /// cannot be told apart.
    pub id: Option<u64>,
    /// The name that it was given, or else the place where it was spawned.
    pub name: String,
    /// The kind of its wait, as far as anyrt knows it: `a lock`, for instance. `None` for a task of another
    /// run.
    pub waits_for: Option<String>,
    /// The cause of its cancellation, if it was cancelled.
    pub cancellation: Option<String>,
    /// The cancel scopes in it that are held, the outermost first.
    pub scopes: Vec<String>,
    /// The name of the group that it is a child of, if another task hosts the group.
    pub group: Option<String>,
    /// The tasks of the groups that it hosts.
    pub children: Vec<TaskReport>,
}

/// The executor's tasks by name, or else by place, in the order in which they were spawned.
struct Numbers<'a>(BTreeMap<String, VecDeque<&'a Arc<Task>>>);

impl Numbers<'_> {
    /// Removes the executor's task with this name. Tasks with one name were spawned in the same order here
    /// and there.
    fn take(&mut self, name: &str) -> Option<u64> {
        self.0.get_mut(name)?.pop_front().map(|task| task.id)
    }
}

impl TaskReport {
    /// Lists the tasks of a run, and after them those that only the executor knows.
    pub(crate) fn all(tree: Option<&Tree>, spawned: &[Arc<Task>]) -> Vec<TaskReport> {
        let mut numbers = Numbers(BTreeMap::new());
        for task in spawned {
            numbers.0.entry(name_of(task)).or_default().push_back(task);
        }
        let mut order = Vec::new();
        if let Some(tree) = tree {
            collect(tree.tasks(), &mut order);
        }
        // The order of spawning, which is not that of the tree.
        order.sort_by_key(|node| node.task.id());
        let ids: BTreeMap<_, _> = order
            .iter()
            .map(|node| (node.task.id(), numbers.take(&node.task.name())))
            .collect();
        let tasks = tree.map_or(&[][..], Tree::tasks);
        let mut reports: Vec<TaskReport> = tasks
            .iter()
            .map(|node| TaskReport::of(node, None, &|node| ids[&node.task.id()]))
            .collect();
        let mut others: Vec<_> = numbers.0.into_values().flatten().collect();
        others.sort_by_key(|task| task.id);
        reports.extend(others.into_iter().map(|task| TaskReport {
            id: Some(task.id),
            name: name_of(task),
            waits_for: None,
            cancellation: None,
            scopes: Vec::new(),
            group: None,
            children: Vec::new(),
        }));
        reports
    }

    fn of(
        node: &TaskNode,
        group: Option<&str>,
        id: &impl Fn(&TaskNode) -> Option<u64>,
    ) -> TaskReport {
        let mut children = Vec::new();
        each_group(&node.groups, &mut |group| {
            let reports = group.tasks.iter();
            children.extend(reports.map(|child| TaskReport::of(child, Some(&group.name), id)));
        });
        TaskReport {
            id: id(node),
            name: node.task.name().to_string(),
            waits_for: Some(node.task.wait().to_string()),
            cancellation: node.task.cancellation().map(|cause| cause.to_string()),
            scopes: node.scopes.iter().map(ToString::to_string).collect(),
            group: group.map(str::to_owned),
            children,
        }
    }

    /// Draws tasks as a tree, a line for each.
    pub(crate) fn draw_all(tasks: &[TaskReport]) -> Vec<String> {
        let mut lines = Vec::new();
        for task in tasks {
            task.draw("", "", &mut lines);
        }
        lines
    }

    fn draw(&self, here: &str, below: &str, lines: &mut Vec<String>) {
        let mut line = format!("{here}task `{}`", self.name);
        if let Some(id) = self.id {
            line += &format!(" ({id})");
        }
        if let Some(group) = &self.group {
            line += &format!(" in group `{group}`");
        }
        if let Some(wait) = &self.waits_for {
            line += &format!(" waits for {wait}");
        }
        if let Some(cancellation) = &self.cancellation {
            line += &format!(", {cancellation}");
        }
        for scope in &self.scopes {
            line += &format!("; in a {scope}");
        }
        lines.push(line);
        for (index, child) in self.children.iter().enumerate() {
            let (branch, rest) = if index + 1 == self.children.len() {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            child.draw(
                &format!("{below}{branch}"),
                &format!("{below}{rest}"),
                lines,
            );
        }
    }
}

/// Returns the name of a task, or else the place where it was spawned, as core does.
fn name_of(task: &Task) -> String {
    match &task.name {
        Some(name) => name.to_string(),
        None => task.location.to_string(),
    }
}

/// Visits groups, and the groups in them that no task of theirs hosts.
fn each_group<'a>(groups: &'a [GroupNode], visit: &mut impl FnMut(&'a GroupNode)) {
    for group in groups {
        visit(group);
        each_group(&group.groups, visit);
    }
}

/// Appends all tasks below `tasks`.
fn collect<'a>(tasks: &'a [TaskNode], all: &mut Vec<&'a TaskNode>) {
    for task in tasks {
        all.push(task);
        each_group(&task.groups, &mut |group| collect(&group.tasks, all));
    }
}

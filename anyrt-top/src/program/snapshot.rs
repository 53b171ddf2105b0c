//! A tree, as the program sent it.

use std::time::Duration;

use serde_json::Value;

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Task,
    Group,
    Scope { shielded: bool },
}

/// A task, a group or a scope.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) depth: usize,
    pub(super) kind: Kind,
    pub(super) id: Option<u64>,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) wait: String,
    pub(super) polls: Option<u64>,
    pub(super) idle: Option<Duration>,
    pub(super) age: Option<Duration>,
    pub(super) left: Option<Duration>,
    pub(super) cancelled: Option<String>,
}

/// The nodes of a tree, each before those inside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) nodes: Vec<Node>,
}

impl Snapshot {
    /// Reads an answer. Returns `None` if it is not a tree. Nodes of unknown kinds are left out.
    pub(super) fn read(answer: &Value) -> Option<Snapshot> {
        let nodes = answer["nodes"].as_array()?;
        Some(Snapshot {
            nodes: nodes.iter().filter_map(Node::read).collect(),
        })
    }

    /// Returns the numbers of tasks, groups and scopes.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let count = |is: fn(Kind) -> bool| self.nodes.iter().filter(|node| is(node.kind)).count();
        (
            count(|kind| kind == Kind::Task),
            count(|kind| kind == Kind::Group),
            count(|kind| matches!(kind, Kind::Scope { .. })),
        )
    }
}

impl Node {
    fn read(node: &Value) -> Option<Node> {
        let kind = match node["kind"].as_str()? {
            "task" => Kind::Task,
            "group" => Kind::Group,
            "scope" => Kind::Scope {
                shielded: node["shielded"] == true,
            },
            _ => return None,
        };
        let text = |name: &str| clean(node[name].as_str().unwrap_or_default());
        let time = |name: &str| node[name].as_u64().map(Duration::from_millis);
        let wait = match node["detail"].as_str() {
            Some(detail) => format!("{} ({})", text("wait"), clean(detail)),
            None => text("wait"),
        };
        Some(Node {
            depth: usize::try_from(node["depth"].as_u64()?).ok()?,
            kind,
            id: node["id"].as_u64(),
            name: text("name"),
            state: text("state"),
            wait,
            polls: node["polls"].as_u64(),
            idle: time("unpolled_ms"),
            age: time("known_ms"),
            left: time("deadline_ms"),
            cancelled: node["cancelled"].as_str().map(clean),
        })
    }
}

/// Replaces control characters, which would control the terminal.
pub(super) fn clean(text: &str) -> String {
    let clean = |character: char| {
        if character.is_control() {
            '?'
        } else {
            character
        }
    };
    text.chars().map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::{Snapshot, clean};

    #[test]
    fn unknown_members_and_kinds_are_ignored() {
        let answer = r#"{"type":"tree","protocol":1,"more":[],"nodes":[
            {"depth":0,"kind":"task","id":1,"name":"a","more":1},
            {"depth":1,"kind":"star"},
            {"depth":1,"kind":"scope","name":null,"shielded":true,"deadline_ms":5}]}"#;
        let snapshot = Snapshot::read(&serde_json::from_str(answer).unwrap()).unwrap();
        assert_eq!(snapshot.counts(), (1, 0, 1));
        assert_eq!(snapshot.nodes[1].left.unwrap().as_millis(), 5);
        assert!(Snapshot::read(&serde_json::json!({ "type": "version" })).is_none());
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\n"), "a?[2Jb?");
    }
}

//! The answers to clients: one line of JSON each.

use super::history::{History, Snapshot};
use super::json::Object;
use crate::instant::Instant;
use crate::task::{GroupNode, ScopeNode, TaskNode, Tree, Wait};

/// The version of the protocol. It changes when a client that ignores unknown members would misunderstand an
/// answer.
const PROTOCOL: u32 = 1;

/// Returns the answer to a request for the version.
pub(super) fn version(backend: Option<&str>) -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    let program = std::path::Path::new(&program).file_name();
    let program = program.map(|name| name.to_string_lossy());
    line(|text| {
        Object::begin(text)
            .text("type", "version")
            .literal("protocol", PROTOCOL)
            .text("anyrt", env!("CARGO_PKG_VERSION"))
            .literal("pid", std::process::id())
            .text_or_null("program", program.as_deref())
            .text_or_null("backend", backend)
            .end();
    })
}

/// Returns the answer to a line that is not a request, or cannot be answered.
pub(super) fn error(reason: &str) -> String {
    line(|text| {
        Object::begin(text)
            .text("type", "error")
            .text("error", reason)
            .end();
    })
}

/// Returns a snapshot of a run.
pub(super) fn tree(tree: &Tree, history: &mut History, now: Instant) -> String {
    line(|text| {
        let object = Object::begin(text)
            .text("type", "tree")
            .literal("protocol", PROTOCOL);
        let nodes = |text: &mut String| {
            let mut nodes = Nodes {
                text,
                snapshot: history.snapshot(now),
                depth: 0,
                first: true,
            };
            nodes.contents(tree.root());
            nodes.snapshot.end();
        };
        object.array("nodes", nodes).end();
    })
}

fn line(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text.push('\n');
    text
}

/// The nodes of a tree, which are written in one list, each with its depth.
struct Nodes<'a> {
    text: &'a mut String,
    snapshot: Snapshot<'a>,
    depth: usize,
    first: bool,
}

impl Nodes<'_> {
    fn begin(&mut self, kind: &str) -> Object<'_> {
        if !self.first {
            self.text.push(',');
        }
        self.first = false;
        Object::begin(self.text)
            .literal("depth", self.depth)
            .text("kind", kind)
    }

    fn contents(&mut self, group: &GroupNode) {
        group.tasks.iter().for_each(|task| self.task(task));
        group.groups.iter().for_each(|group| self.group(group));
    }

    fn group(&mut self, group: &GroupNode) {
        let now = self.snapshot.now;
        let cancelled = group.cancellation.as_ref().map(ToString::to_string);
        let reason = group.cancellation.as_ref().and_then(|c| c.reason());
        self.begin("group")
            .text("name", &group.name)
            .number_or_null("host", group.host.as_ref().map(|host| host.id()))
            .number_or_null("deadline_ms", until(group.deadline, now))
            .text_or_null("cancelled", cancelled.as_deref())
            .text_or_null("reason", reason)
            .end();
        self.depth += 1;
        self.contents(group);
        self.depth -= 1;
    }

    fn task(&mut self, node: &TaskNode) {
        let task = &node.task;
        let (polls, wait) = (task.polls(), task.wait());
        let times = self.snapshot.note(task.id(), polls);
        let state = match wait {
            _ if task.is_polled() => "polled",
            Wait::Turn => "ready",
            _ => "waiting",
        };
        let cancellation = task.cancellation();
        let cancelled = cancellation.as_ref().map(ToString::to_string);
        self.begin("task")
            .literal("id", task.id())
            .text("name", &task.name())
            .number_or_null("parent", task.parent().map(|parent| parent.id()))
            .text("state", state)
            .text("wait", &wait.to_string())
            .text_or_null("detail", task.wait_detail().as_deref())
            .literal("polls", polls)
            .literal("known_ms", times.known.as_millis())
            .literal("unpolled_ms", times.unpolled.as_millis())
            .text_or_null("cancelled", cancelled.as_deref())
            .text_or_null("reason", cancellation.as_ref().and_then(|c| c.reason()))
            .end();
        self.depth += 1;
        node.scopes.iter().for_each(|scope| self.scope(scope));
        node.groups.iter().for_each(|group| self.group(group));
        self.depth -= 1;
    }

    fn scope(&mut self, scope: &ScopeNode) {
        let now = self.snapshot.now;
        let cancelled = scope.cancellation.as_ref().map(ToString::to_string);
        let reason = scope.cancellation.as_ref().and_then(|c| c.reason());
        self.begin("scope")
            .text_or_null("name", scope.name.as_deref())
            .literal("shielded", scope.shielded)
            .number_or_null("deadline_ms", until(scope.deadline, now))
            .text_or_null("cancelled", cancelled.as_deref())
            .text_or_null("reason", reason)
            .end();
    }
}

/// Returns the time until a deadline in milliseconds: zero if it has passed, `None` if there is none.
fn until(deadline: Instant, now: Instant) -> Option<u128> {
    (deadline != Instant::FAR_FUTURE).then(|| (deadline - now).as_millis())
}

//! A snapshot of a run's tasks, groups and scopes. It only reads the state of the engine.

use std::collections::BTreeMap;
use std::fmt;

use crate::engine::{Cancelled, GroupState, Node, Run, TaskRecord, Wait, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// The id of a task, unique in its run and in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl TaskId {
    pub(crate) fn new(id: u64) -> TaskId {
        TaskId(id)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A reference to a task.
#[derive(Clone)]
pub struct TaskRef {
    record: TaskRecord,
}

impl TaskRef {
    pub(crate) fn new(record: TaskRecord) -> TaskRef {
        TaskRef { record }
    }

    /// Returns the id of the task.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let task = anyrt::task::current().unwrap();
    /// assert_eq!(task.id(), anyrt::task::all()[0].id());
    /// # });
    /// ```
    pub fn id(&self) -> TaskId {
        TaskId(self.record.id())
    }

    /// Returns the name that the task was given, or else the location where it was spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// assert_eq!(&*anyrt::task::current().unwrap().name(), "main");
    /// # });
    /// ```
    pub fn name(&self) -> Arc<str> {
        self.record.name()
    }

    /// Returns the task that hosts the group that this one is a child of, or `None` for a run's main task. It
    /// is known even after either has ended. Until a task that `start` created is ready, its parent is the
    /// task that called `start`.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let main = anyrt::task::current().unwrap();
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     let child = tg.tree().tasks[0].task.clone();
    ///     assert_eq!(child.parent().unwrap().id(), main.id());
    ///     tg.cancel();
    /// });
    /// group.await.unwrap();
    /// assert!(main.parent().is_none());
    /// # });
    /// ```
    pub fn parent(&self) -> Option<TaskRef> {
        let caller = match self.record.is_starting() {
            true => self.record.caller().and_then(|caller| caller.task),
            false => None,
        };
        let parent = caller.or_else(|| self.record.group().host.clone());
        parent.map(TaskRef::new)
    }

    /// Returns the kind of its wait, as far as anyrt knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::task::Wait;
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     anyrt::testing::wait_all_tasks_blocked().await;
    ///     assert_eq!(tg.tree().tasks[0].task.wait(), Wait::Forever);
    ///     tg.cancel();
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn wait(&self) -> Wait {
        self.record.wait()
    }

    /// Returns the number of its polls so far. It counts up to about two thousand million, and then from zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let task = anyrt::task::current().unwrap();
    /// let before = task.polls();
    /// anyrt::checkpoint().await;
    /// assert!(task.polls() > before);
    /// # });
    /// ```
    pub fn polls(&self) -> u32 {
        // The record counts the begins and the ends.
        self.record.polls().div_ceil(2)
    }

    /// Returns whether a thread is polling it at this moment.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// assert!(anyrt::task::current().unwrap().is_polled(), "by this thread");
    /// # });
    /// ```
    pub fn is_polled(&self) -> bool {
        self.record.polls() % 2 == 1
    }

    /// Returns a description of its wait, such as the signals that it waits for.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     anyrt::testing::wait_all_tasks_blocked().await;
    ///     assert_eq!(tg.tree().tasks[0].task.wait_detail(), None);
    ///     tg.cancel();
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn wait_detail(&self) -> Option<Arc<str>> {
        if self.wait() != Wait::Signal {
            return None;
        }
        let run = self.record.group().run.as_ref()?;
        run.wait_details.of(self.record.id())
    }

    /// Returns whether it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(async {});
    ///     let child = tg.tree().tasks[0].task.clone();
    ///     task.wait().await;
    ///     assert!(child.is_finished());
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.record.end().is_some()
    }

    /// Returns whether the task as a whole is cancelled, by itself or with its group.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     let child = tg.tree().tasks[0].task.clone();
    ///     assert!(!child.has_pending_cancellation());
    ///     tg.cancel();
    ///     assert!(child.has_pending_cancellation());
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn has_pending_cancellation(&self) -> bool {
        self.record.cancel_state() != crate::engine::CancelState::No
    }

    /// Returns the cause of its cancellation, if it is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     tg.spawn(anyrt::sleep_forever());
    ///     let child = tg.tree().tasks[0].task.clone();
    ///     tg.scope().cancel_with("enough");
    ///     assert_eq!(child.cancellation().unwrap().reason(), Some("enough"));
    /// });
    /// assert!(group.await.is_ok());
    /// # });
    /// ```
    pub fn cancellation(&self) -> Option<Cancelled> {
        if !self.has_pending_cancellation() {
            return None;
        }
        let own = self.record.cause();
        own.or_else(|| self.record.group().node.cause())
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRef")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("wait", &self.wait())
            .finish()
    }
}

impl PartialEq for TaskRef {
    fn eq(&self, other: &TaskRef) -> bool {
        self.id() == other.id()
    }
}

impl Eq for TaskRef {}

/// Returns the task that calls this, or `None` outside of every anyrt task.
pub fn current() -> Option<TaskRef> {
    poll_state::current_task().map(TaskRef::new)
}

/// Returns the tasks, groups and scopes of the caller's run, as they are now.
///
/// Returns `None` outside of every run. The snapshot takes one lock at a time, so objects that end meanwhile
/// may or may not be included. Scopes are listed if they are held.
pub fn tree() -> Option<Tree> {
    Some(Tree::of(&Run::current()?.core()?))
}

/// Returns the tasks, groups and scopes of the run whose runtime this thread has entered with
/// [`run`](super::run()), as they are now; of the innermost, if there are several.
///
/// This is for executors, which are not part of the run that they drive, for example to report a deadlock. They
/// must not hold a lock of theirs meanwhile. Returns `None` if this thread has entered none, or if the run has
/// not begun, or has ended. For other runs, see [`RunHandle::tree`](super::RunHandle::tree).
pub fn entered_tree() -> Option<Tree> {
    let core = Run::entered_core().filter(|core| !core.has_ended())?;
    Some(Tree::of(&core))
}

/// Returns the tasks that are alive in the caller's run, in the order of their ids.
pub fn all() -> Vec<TaskRef> {
    let mut tasks = Vec::new();
    if let Some(core) = Run::current().and_then(|run| run.core()) {
        for_each_task(core, |task| tasks.push(TaskRef::new(task.clone())));
    }
    tasks.sort_by_key(TaskRef::id);
    tasks
}

/// Visits every task below a group.
pub(crate) fn for_each_task(core: Arc<GroupState>, mut visit: impl FnMut(&TaskRecord)) {
    // Ends: groups form a tree, and each is visited once.
    let mut rest = vec![core];
    while let Some(group) = rest.pop() {
        group.children().iter().for_each(&mut visit);
        rest.append(&mut group.nested());
    }
}

/// A snapshot of a run; see [`tree`].
///
/// `Display` draws it.
#[derive(Clone, Debug)]
pub struct Tree {
    root: GroupNode,
}

impl Tree {
    pub(crate) fn of(core: &Arc<GroupState>) -> Tree {
        Tree {
            root: GroupNode::of(core),
        }
    }

    /// Returns the tasks at the top: the main one, and those that were spawned through a handle of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let tree = anyrt::task::tree().unwrap();
    /// assert_eq!(&*tree.tasks()[0].task.name(), "main");
    /// # });
    /// ```
    pub fn tasks(&self) -> &[TaskNode] {
        &self.root.tasks
    }

    /// Returns the run's own group, which contains the tasks at the top. It has groups as well if their hosts
    /// have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let tree = anyrt::task::tree().unwrap();
    /// assert_eq!(tree.root().tasks.len(), 1);
    /// assert!(tree.root().host.is_none());
    /// # });
    /// ```
    pub fn root(&self) -> &GroupNode {
        &self.root
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("run")?;
        self.root.draw_contents(f, "")
    }
}

/// A group in a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GroupNode {
    /// Its name.
    pub name: Arc<str>,
    /// The task whose future contains it.
    pub host: Option<TaskRef>,
    /// The cause of its cancellation, if it was cancelled.
    pub cancellation: Option<Cancelled>,
    /// Its deadline, or [`Instant::FAR_FUTURE`] if it has none.
    pub deadline: Instant,
    /// Its children, in the order of their ids.
    pub tasks: Vec<TaskNode>,
    /// Groups inside whose host is not a child of this group, and which are not listed elsewhere.
    pub groups: Vec<GroupNode>,
}

/// A task in a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskNode {
    /// The task.
    pub task: TaskRef,
    /// The scopes in it that are held, the outermost first.
    pub scopes: Vec<ScopeNode>,
    /// The groups that it hosts, in the order of their opening.
    pub groups: Vec<GroupNode>,
}

/// A scope in a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScopeNode {
    /// The name that it was given.
    pub name: Option<Arc<str>>,
    /// `true` if cancellation from outside does not reach the inside.
    pub shielded: bool,
    /// The cause of its cancellation, if it was cancelled.
    pub cancellation: Option<Cancelled>,
    /// Its deadline, or [`Instant::FAR_FUTURE`] if it has none.
    pub deadline: Instant,
}

impl GroupNode {
    pub(crate) fn of(core: &Arc<GroupState>) -> GroupNode {
        // Groups are listed by the group around them, each with the task that hosts it.
        let mut hosted = BTreeMap::<_, Vec<_>>::new();
        for group in core.nested() {
            let host = group.host.as_ref().map(TaskRecord::id);
            hosted.entry(host).or_default().push(group);
        }
        let children = core.children().into_iter();
        let tasks = children
            .map(|record| {
                let hosted = hosted.remove(&Some(record.id())).unwrap_or_default();
                TaskNode::of(record, hosted)
            })
            .collect();
        GroupNode {
            name: core.name(),
            host: core.host.clone().map(TaskRef::new),
            cancellation: core
                .node
                .is_cancelled()
                .then(|| core.node.cause())
                .flatten(),
            deadline: core.node.deadline(),
            tasks,
            groups: hosted.values().flatten().map(GroupNode::of).collect(),
        }
    }

    fn draw_contents(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let count = self.tasks.len() + self.groups.len();
        let mut index = 0;
        let mut branch = || {
            index += 1;
            if index == count {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            }
        };
        for task in &self.tasks {
            let (here, below) = branch();
            write!(f, "\n{indent}{here}")?;
            task.draw(f, &format!("{indent}{below}"))?;
        }
        for group in &self.groups {
            let (here, below) = branch();
            write!(f, "\n{indent}{here}")?;
            group.draw(f, &format!("{indent}{below}"))?;
        }
        Ok(())
    }

    fn draw(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        write!(f, "group `{}`", self.name)?;
        if let Some(cancellation) = &self.cancellation {
            write!(f, ", {cancellation}")?;
        }
        self.draw_contents(f, indent)
    }
}

impl fmt::Display for GroupNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draw(f, "")
    }
}

impl TaskNode {
    fn of(record: TaskRecord, hosted: Vec<Arc<GroupState>>) -> TaskNode {
        let mut scopes = Vec::new();
        if let Some(root) = record.root() {
            root.walk_scopes(|node| scopes.push(ScopeNode::of(node)));
        }
        TaskNode {
            task: TaskRef::new(record),
            scopes,
            groups: hosted.iter().map(GroupNode::of).collect(),
        }
    }

    fn draw(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let task = &self.task;
        write!(
            f,
            "task `{}` ({}) waits for {}",
            task.name(),
            task.id(),
            task.wait()
        )?;
        if let Some(detail) = task.wait_detail() {
            write!(f, " ({detail})")?;
        }
        if let Some(cancellation) = task.cancellation() {
            write!(f, ", {cancellation}")?;
        }
        let count = self.scopes.len() + self.groups.len();
        for (index, scope) in self.scopes.iter().enumerate() {
            let here = if index + 1 == count {
                "└── "
            } else {
                "├── "
            };
            write!(f, "\n{indent}{here}{scope}")?;
        }
        for (index, group) in self.groups.iter().enumerate() {
            let last = index + 1 == self.groups.len();
            let (here, below) = if last {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            write!(f, "\n{indent}{here}")?;
            group.draw(f, &format!("{indent}{below}"))?;
        }
        Ok(())
    }
}

impl ScopeNode {
    fn of(node: &Node) -> ScopeNode {
        ScopeNode {
            name: node.name(),
            shielded: node.is_shielded(),
            cancellation: node.is_cancelled().then(|| node.cause()).flatten(),
            deadline: node.deadline(),
        }
    }
}

impl fmt::Display for ScopeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.shielded { "shield" } else { "scope" })?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        match &self.cancellation {
            Some(cancellation) => write!(f, ", {cancellation}"),
            None => Ok(()),
        }
    }
}

//! Finds the resources that a case has left in its process: children, descriptors and threads, where the
//! system lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::children;

/// How long a runtime may take to release its resources after a run: a thread that has ended is still
/// listed for a moment. The first time is short, since a resource that is left then may be permanent.
const PATIENCE: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(10)];

/// The prefixes of names of threads that runtimes keep between runs.
const KEPT: [&str; 4] = ["blocking-", "async-io", "async-std", "async-process"];

/// The resources of a process.
#[derive(Debug)]
struct Process {
    /// The children, zombies included.
    children: BTreeSet<u32>,
    /// The descriptors, with the targets of their links.
    descriptors: BTreeMap<String, PathBuf>,
    threads: BTreeMap<String, String>,
}

impl Process {
    /// Reads the resources of this process, or returns `None` where the system has no `/proc`.
    fn look() -> Option<Process> {
        let own = Path::new("/proc/self");
        let entries = |name: &str| {
            let entries = fs::read_dir(own.join(name)).ok()?;
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            Some(names.collect::<Vec<_>>())
        };
        let descriptors = entries("fd")?.into_iter().filter_map(|number| {
            // The descriptor that read the list is gone.
            let leads_to = fs::read_link(own.join("fd").join(&number)).ok()?;
            Some((number, leads_to))
        });
        let threads = entries("task")?.into_iter().filter_map(|id| {
            let name = fs::read_to_string(own.join("task").join(&id).join("comm")).ok()?;
            let kept = KEPT.iter().any(|kept| name.starts_with(kept));
            (!kept).then(|| (id, name.trim_end().to_owned()))
        });
        Some(Process {
            children: children(),
            descriptors: descriptors.collect(),
            threads: threads.collect(),
        })
    }

    /// Removes the resources that were there before.
    fn beyond(mut self, before: &Process) -> Process {
        self.children.retain(|id| !before.children.contains(id));
        self.descriptors
            .retain(|number, to| before.descriptors.get(number) != Some(to));
        self.threads
            .retain(|id, _| !before.threads.contains_key(id));
        self
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.descriptors.is_empty() && self.threads.is_empty()
    }
}

/// Runs a case, and panics if the process has more resources afterwards than before.
///
/// Handlers of signals keep the resources that they open the first time. In that case the run is repeated,
/// and may leave no more than that.
pub(crate) fn nothing_is_left(case: impl Fn()) {
    let mut left = None;
    for patience in PATIENCE {
        let Some(before) = Process::look() else {
            return case();
        };
        case();
        left = wait_for(&before, patience);
        match &left {
            None => return,
            Some(left) if !left.children.is_empty() => break,
            Some(_) => {}
        }
    }
    panic!("the case has left {left:?}");
}

/// Waits until nothing is left, and returns the resources that are left when `patience` is over.
fn wait_for(before: &Process, patience: Duration) -> Option<Process> {
    let begun = Instant::now();
    loop {
        let left = Process::look()?.beyond(before);
        if left.is_empty() {
            return None;
        }
        if !left.children.is_empty() || begun.elapsed() > patience {
            return Some(left);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the paths of the entries of a folder.
pub(crate) fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

//! What a case has left in its process: children, descriptors and threads, as far as the system tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::children;

/// How long a runtime may take to let go of something once a run is over: a thread that has ended is still
/// there for a moment. The first time is short, since what is left then may be there to stay.
const PATIENCE: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(10)];

/// How the names begin of threads that runtimes keep between runs.
const KEPT: [&str; 4] = ["blocking-", "async-io", "async-std", "async-process"];

/// What a process has.
#[derive(Debug)]
struct Process {
    /// Zombies too.
    children: BTreeSet<u32>,
    /// With what they lead to.
    descriptors: BTreeMap<String, PathBuf>,
    threads: BTreeMap<String, String>,
}

impl Process {
    /// Reads what this process has; none where the system has no `/proc`.
    fn look() -> Option<Process> {
        let own = Path::new("/proc/self");
        let entries = |name: &str| {
            let entries = fs::read_dir(own.join(name)).ok()?;
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            Some(names.collect::<Vec<_>>())
        };
        let descriptors = entries("fd")?.into_iter().filter_map(|number| {
            // What has read the list is gone.
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

    /// Keeps what was not there before.
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

/// Runs a case, after which the process has what it had before.
///
/// Handlers of signals keep what they have opened the first time: then the case is run again, and may leave
/// no more than that.
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

/// Waits until nothing is left, and returns what is left after that time.
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

/// Returns the paths of what is in a folder.
pub(crate) fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

//! What cases about processes have in common.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyrt_core::process::Command;

pub(crate) use crate::support::children;

/// Cases that look at the children of this process come one after another.
pub(crate) struct Alone {
    _alone: MutexGuard<'static, ()>,
}

impl Alone {
    pub(crate) fn new() -> Alone {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Alone { _alone: alone }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(children(), BTreeSet::new(), "children are left");
        }
    }
}

/// Whether a process exists, be it a zombie.
pub(crate) fn exists(id: u32) -> bool {
    let id = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::test_kill_process(id).is_ok()
}

/// Blocks until a process that is no child of this one has gone.
pub(crate) fn wait_until_gone(id: u32) {
    for _ in 0..10_000 {
        // Where nobody reaps orphans it stays as a zombie.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if !exists(id) || stat.contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("process {id} is still there");
}

/// A program that ends when it is killed.
pub(crate) fn sleeper() -> Command {
    Command::new("sleep").arg("60")
}

/// A folder that is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("anyrt-processes-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

//! The directories of the nodes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory for each node, which survives its crashes.
pub(crate) struct Disk(PathBuf);

impl Disk {
    pub(crate) fn new() -> Disk {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let parent = match memory.is_dir() {
            true => memory.to_owned(),
            false => env::temp_dir(),
        };
        Disk(parent.join(format!("anyrt-kv-{}-{count}", process::id())))
    }

    pub(crate) fn dir(&self, node: usize) -> PathBuf {
        self.0.join(format!("kv-node-{node}"))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

//! The disks of a simulation: files in memory, one disk for each host.
//!
//! A disk behaves as a local file system does for the owner of all files. It outlives crashes of its host, less
//! what was not durable.
//!
//! # What a crash leaves
//!
//! | what | durable | otherwise, at a crash |
//! | --- | --- | --- |
//! | bytes of a file | after a sync of the file | lost; with [`Faults::torn_writes`](crate::Faults), each write is lost, kept or torn |
//! | length of a file: `set_len`, truncation | after a sync of the file, or 30 seconds | kept or lost |
//! | entries of a folder: create, rename, remove, link | after a sync of the file that they are about, or of the folder, or 30 seconds | each is kept or lost |
//!
//! A write is torn at a byte or at the boundary of a sector, and then its beginning or its end is kept. Syncing the
//! data alone has the same effects as syncing everything. Modes and times always survive. After 16 MiB of a
//! file that were not synced, the earliest of them are durable; so is the earliest of 4,096 changes of entries.
//!
//! Changes of entries are independent, unless they concern the same entry, the same file, or a folder and an
//! entry in it: those become durable in their order. A rename is kept as a whole or not at all. So, after a
//! crash:
//!
//! - What was written, synced and then renamed to its place has the old contents or the new ones, and the new
//!   ones for certain if the folder was synced too.
//! - What was renamed without a sync of the file may be empty.
//! - What was overwritten in place may be empty, or a part of it may be old.
//!
//! A draw of zero keeps a change of an entry or of a length, and loses a write.
//!
//! | file | contents |
//! | --- | --- |
//! | `contents`, `file` | the bytes of a file, and what of them is durable |
//! | `node`, `tree`, `resolve`, `names` | files and folders, paths, and operations on them |
//! | `changes`, `dice` | changes of entries that are not durable, and the draws at a crash |
//! | `costs` | the time that a call takes, and its faults |
//! | `system`, `open` | the facet, and open files |
//! | `handle` | what a test can do with a disk |

mod changes;
mod contents;
mod costs;
mod dice;
mod errors;
mod file;
mod handle;
mod names;
mod node;
mod open;
mod resolve;
mod system;
mod tree;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use self::costs::Costs;
pub use self::costs::DiskOperation;
pub(crate) use self::costs::describe;
use self::dice::Drawn;
pub use self::handle::DiskHandle;
pub(crate) use self::system::Files;
use self::tree::Tree;
use crate::lock::lock;
use crate::shared::Shared;

/// A time of the simulation.
type Nanos = u64;

/// The time after which changes of entries and lengths are durable by themselves.
const MAX_AGE: Nanos = 30_000_000_000;

/// The time of files at the start of a simulation: the beginning of the year 2000.
const START: Duration = Duration::from_secs(946_684_800);

/// The disk of a host.
pub(crate) struct Disk {
    tree: Mutex<Tree>,
    costs: Mutex<Costs>,
}

impl Disk {
    pub(crate) fn new() -> Arc<Disk> {
        Arc::new(Disk {
            tree: Mutex::new(Tree::new(time(0))),
            costs: Mutex::default(),
        })
    }

    /// Locks the files, for an operation at this time of the simulation and of the host's clock.
    fn lock(&self, now: Nanos, local: Nanos) -> MutexGuard<'_, Tree> {
        let mut tree = lock(&self.tree);
        tree.now = now;
        tree.time = time(local);
        tree
    }

    /// Leaves what survives a crash.
    pub(crate) fn crash(&self, shared: &Shared) {
        let now = shared.now();
        let mut tree = lock(&self.tree);
        tree.now = now;
        tree.crash(&mut Drawn(shared));
    }
}

/// Converts a time of a host's clock.
fn time(local: Nanos) -> SystemTime {
    SystemTime::UNIX_EPOCH + START + Duration::from_nanos(local)
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

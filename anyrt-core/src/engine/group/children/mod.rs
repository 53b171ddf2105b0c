//! The storage of the records of a group's children.
//!
//! Records are in blocks that are filled in the order of spawning and freed as a whole. So a child needs
//! neither an allocation of its own nor an entry in a list: the blocks are the list. The list does not own
//! them: tasks and handles do. A block removes itself from the list when the last of these is gone.
//!
//! A block that is being filled has one of two owners:
//!
//! | owner | filled by |
//! | --- | --- |
//! | its shard | any thread, under the lock of the shard |
//! | the thread that polls a task ([`OpenBlock`]) | that thread, without a lock, until the poll ends: then the block is returned to its shard |
//!
//! The second is for tasks that spawn more than once in a poll. A block refers to its group, and the shard to
//! the block. This cycle is broken when the block is full, or at the end of the group.

mod insert;

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr;

use slab::Slab;

use super::record::ELSEWHERE;
use crate::engine::{GroupState, Record, SpawnArgs};
use crate::loom::{Arc, Mutex, OnceLock, Weak, lock};
use crate::unwind::drop_quietly;

/// The number of shards: threads that spawn into one group at once use different ones.
const SHARDS: usize = 4;

/// The number of records in a block. One task that is still alive may keep all of them in memory.
pub(super) const SIZE: usize = 16;

/// The storage for the values of a block's tasks.
type Values = OnceLock<Box<dyn Any + Send + Sync>>;

/// The typed group around a [`GroupState`], if its children are tasks.
pub(crate) type Owner = Arc<dyn Any + Send + Sync>;

/// A block of records. All fields but `second_location`, `values` and `records` are constant.
struct Block {
    group: Arc<GroupState>,
    owner: Option<Owner>,
    /// The id of the first task; the others' follow.
    first: u64,
    /// The location where the first of its tasks was spawned, and then the first other location.
    location: &'static Location<'static>,
    second_location: OnceLock<&'static Location<'static>>,
    /// The position in the list: the shard, and the key there.
    shard: u8,
    key: u32,
    values: Values,
    records: [Record; SIZE],
}

impl Block {
    /// Returns the number of a location, or [`ELSEWHERE`] if there is no room for it.
    #[inline]
    fn number_of(&self, location: &'static Location<'static>) -> u8 {
        if ptr::eq(location, self.location) {
            return 0;
        }
        let second = self.second_location.get_or_init(|| location);
        if ptr::eq(*second, location) {
            1
        } else {
            ELSEWHERE
        }
    }
}

// Allocators are slower for larger blocks.
#[cfg(all(not(loom), target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Block>() + 2 * size_of::<usize>() < 1016);

/// Runs when every task has ended and every handle is gone.
impl Drop for Block {
    fn drop(&mut self) {
        // The reference in the list is dead by now: visitors skip it until it is removed. Blocks are never
        // dropped under the lock of a shard, since this locks it.
        let shard = &self.group.children.shards[usize::from(self.shard)];
        lock(shard).blocks.try_remove(self.key as usize);
    }
}

/// A shared reference to a task's record, held by the task, its handle, and any observer.
#[derive(Clone)]
pub(crate) struct TaskRecord {
    block: Arc<Block>,
    index: Index,
}

/// The position of a record in its block. An enum lets the compiler use the unused values of the byte.
#[derive(Clone, Copy)]
#[repr(u8)]
#[rustfmt::skip]
enum Index { I0, I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12, I13, I14, I15 }

impl Index {
    #[rustfmt::skip]
    const ALL: [Index; SIZE] = [
        Index::I0, Index::I1, Index::I2, Index::I3, Index::I4, Index::I5, Index::I6, Index::I7,
        Index::I8, Index::I9, Index::I10, Index::I11, Index::I12, Index::I13, Index::I14, Index::I15,
    ];
}

impl TaskRecord {
    /// Returns the group that the task is a child of.
    #[inline]
    pub(crate) fn group(&self) -> &Arc<GroupState> {
        &self.block.group
    }

    /// Returns the typed group, if [`Children::insert`] was given one.
    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.block.owner.as_ref()
    }

    /// Returns the storage for the values of the tasks in its block.
    #[inline]
    pub(super) fn values(&self) -> &Values {
        &self.block.values
    }

    /// Returns its position in the block.
    #[inline]
    pub(super) fn index(&self) -> usize {
        self.index as usize
    }

    /// Returns the name that the task was given, or else the location where it was spawned.
    pub(crate) fn name(&self) -> Arc<str> {
        self.given_name()
            .unwrap_or_else(|| self.spawned_at().to_string().into())
    }

    fn spawned_at(&self) -> &'static Location<'static> {
        // 0 and 1 are the two locations of the block. A task that was spawned elsewhere has the location in
        // its record.
        let known = match self.location() {
            Ok(0) => None,
            Ok(_) => self.block.second_location.get().copied(),
            Err(location) => Some(location),
        };
        known.unwrap_or(self.block.location)
    }

    /// Returns the task's id. Ids increase in the order of spawning if one thread spawns.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        // The ids of a block were reserved together, so that a record need not store its own.
        self.block.first + self.index as u64
    }
}

impl Deref for TaskRecord {
    type Target = Record;

    #[inline]
    fn deref(&self) -> &Record {
        &self.block.records[self.index as usize]
    }
}

impl fmt::Debug for TaskRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}

/// The children of a group, without those that ended a while ago.
#[derive(Default)]
pub(crate) struct Children {
    shards: [Mutex<Shard>; SHARDS],
}

/// A part of a group's list, under one lock.
#[derive(Default)]
struct Shard {
    blocks: Slab<Weak<Block>>,
    open: Option<OpenBlock>,
}

/// A block that is being filled.
pub(crate) struct OpenBlock {
    block: Arc<Block>,
    /// The number of records in use; never all.
    taken: usize,
}

impl OpenBlock {
    /// Gives a task the next record. Returns the block as well, unless the record was the last.
    #[inline(always)]
    pub(super) fn take(mut self, given: SpawnArgs) -> (TaskRecord, Option<OpenBlock>) {
        let index = Index::ALL[self.taken];
        let location = self.block.number_of(given.location);
        self.block.records[index as usize].begin(given, location);
        self.taken += 1;
        if self.taken == SIZE {
            let block = self.block;
            return (TaskRecord { block, index }, None);
        }
        let block = self.block.clone();
        (TaskRecord { block, index }, Some(self))
    }

    /// Returns the block to its shard, unless the shard has another by now, or the group has ended.
    pub(crate) fn close(self) {
        let group = self.block.group.clone();
        let mut shard = lock(&group.children.shards[usize::from(self.block.shard)]);
        // Decided under the shard's lock: either the end of the group is seen here, or `clear` finds the
        // block and drops it.
        let surplus = if shard.open.is_none() && !group.has_ended() {
            shard.open = Some(self);
            None
        } else {
            Some(self)
        };
        // In this order: the drop of a block locks the shard.
        drop(shard);
        drop(surplus);
    }
}

impl Children {
    /// Drops the blocks that are being filled, when no child can enter any more.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            // Two statements, so that the lock is released before the block is dropped.
            let open = lock(shard).open.take();
            drop(open);
        }
    }

    #[cfg(all(test, loom))]
    pub(super) fn take_open(&self) -> Option<OpenBlock> {
        self.shards.iter().find_map(|shard| lock(shard).open.take())
    }

    #[cfg(all(test, loom))]
    pub(super) fn has_open(&self) -> bool {
        self.shards.iter().any(|shard| lock(shard).open.is_some())
    }

    /// Wakes every child. If a waker panics, the others are woken before the panic continues.
    pub(crate) fn wake(&self) {
        let mut panic = None;
        self.for_each_block(|block| {
            // Records that have not begun are included. A task that begins meanwhile registers its waker
            // before this, or sees afterwards that it is cancelled.
            for record in &block.records {
                let woken = catch_unwind(AssertUnwindSafe(|| record.wake()));
                if let Err(payload) = woken {
                    drop_quietly(panic.replace(payload));
                }
            }
        });
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }

    /// Returns every child that has not ended.
    pub(crate) fn all(&self) -> Vec<TaskRecord> {
        let mut all = Vec::new();
        self.for_each_block(|block| {
            for (index, record) in Index::ALL.into_iter().zip(&block.records) {
                if record.is_alive() {
                    let block = block.clone();
                    all.push(TaskRecord { block, index });
                }
            }
        });
        all
    }

    /// Visits every block. A block that is added meanwhile may be left out. No lock is held during a visit.
    fn for_each_block(&self, mut visit: impl FnMut(&Arc<Block>)) {
        for shard in &self.shards {
            // The references are collected under the lock and dropped without it: one of them may be the
            // last, and the drop of a block locks the shard.
            let blocks: Vec<_> = {
                let shard = lock(shard);
                shard
                    .blocks
                    .iter()
                    .filter_map(|(_, block)| block.upgrade())
                    .collect()
            };
            blocks.iter().for_each(&mut visit);
        }
    }
}

//! Where a group keeps the records of its children.
//!
//! Records lie in blocks that are filled in the order of spawning and freed as a whole, so that a
//! child costs neither an allocation of its own nor an entry in a list: the blocks are the list.
//! A block is freed once all its tasks have ended and their handles are gone. It refers to its
//! group, and the group to it; that circle is cut when the block leaves the list, at the latest
//! at the end of the group.

use std::any::Any;
use std::array;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr;

use slab::Slab;

use super::record::ELSEWHERE;
use crate::engine::{Given, GroupCore, Record, poll_state};
use crate::loom::atomic::{AtomicU16, Ordering};
use crate::loom::{Arc, Mutex, OnceLock, lock};
use crate::unwind::drop_quietly;

/// Threads that spawn into one group at once do so in different shards.
const SHARDS: usize = 4;

/// How many records a block has: so many may be kept by one task that is still alive.
const SIZE: usize = 16;

/// The typed group around a [`GroupCore`], where its children are tasks.
pub(crate) type Owner = Arc<dyn Any + Send + Sync>;

struct Block {
    group: Arc<GroupCore>,
    owner: Option<Owner>,
    /// The number of the first task; the others' follow.
    first: u64,
    /// Where most of its tasks were spawned: the first of them, and others as far as there is room.
    location: &'static Location<'static>,
    locations: [OnceLock<&'static Location<'static>>; 2],
    /// Where it stands in the list: the shard, and the key there.
    shard: u8,
    key: u32,
    /// How many of its records are not done with, those not taken yet included.
    left: AtomicU16,
    records: [Record; SIZE],
}

impl Block {
    /// Returns the number of a location, or [`ELSEWHERE`] if there is no room for it.
    #[inline]
    fn number_of(&self, location: &'static Location<'static>) -> u8 {
        if ptr::eq(location, self.location) {
            return 0;
        }
        for (number, known) in (1..).zip(&self.locations) {
            if ptr::eq(*known.get_or_init(|| location), location) {
                return number;
            }
        }
        ELSEWHERE
    }
}

/// A task's record, shared by the task, its handle, and whoever looks at it.
#[derive(Clone)]
pub(crate) struct TaskRecord {
    block: Arc<Block>,
    index: usize,
}

impl TaskRecord {
    /// The group that the task is a child of.
    #[inline]
    pub(crate) fn group(&self) -> &Arc<GroupCore> {
        &self.block.group
    }

    /// The typed group, where it was given to [`Children::insert`].
    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.block.owner.as_ref()
    }

    /// Returns the name: the one that the task was given, or where it was spawned.
    pub(crate) fn name(&self) -> Arc<str> {
        self.given_name()
            .unwrap_or_else(|| self.spawned_at().to_string().into())
    }

    fn spawned_at(&self) -> &'static Location<'static> {
        let block = &self.block;
        match self.location() {
            Ok(0) => block.location,
            Ok(number) => {
                let known = block.locations.get(usize::from(number) - 1);
                let known = known.and_then(OnceLock::get);
                known.copied().unwrap_or(block.location)
            }
            Err(location) => location,
        }
    }

    /// The task's number; in the order of spawning, where one thread spawns.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.block.first + self.index as u64
    }
}

impl Deref for TaskRecord {
    type Target = Record;

    #[inline]
    fn deref(&self) -> &Record {
        &self.block.records[self.index]
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

/// The children of a group, those that have ended a while ago left out.
#[derive(Default)]
pub(crate) struct Children {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    blocks: Slab<Arc<Block>>,
    /// The block that is being filled, and how many of its records are taken. It stays in the
    /// list at least until it is full.
    open: Option<(usize, usize)>,
}

impl Children {
    /// Puts a child on the list.
    pub(crate) fn insert(
        &self,
        group: &Arc<GroupCore>,
        owner: impl FnOnce() -> Option<Owner>,
        given: Given,
    ) -> TaskRecord {
        let number = poll_state::thread_number() % SHARDS;
        let mut shard = lock(&self.shards[number]);
        let (block, index) = match shard.open {
            Some((key, taken)) if taken < SIZE => {
                shard.open = Some((key, taken + 1));
                (shard.blocks[key].clone(), taken)
            }
            _ => {
                let entry = shard.blocks.vacant_entry();
                let key = entry.key();
                let block = Arc::new(Block {
                    group: group.clone(),
                    owner: owner(),
                    first: poll_state::next_serials(SIZE as u64),
                    location: given.location,
                    locations: [OnceLock::new(), OnceLock::new()],
                    shard: number as u8,
                    key: u32::try_from(key).expect("a group has fewer blocks than that"),
                    left: AtomicU16::new(SIZE as u16),
                    records: array::from_fn(|_| Record::vacant()),
                });
                entry.insert(block.clone());
                shard.open = Some((key, 1));
                (block, 0)
            }
        };
        drop(shard);
        let location = block.number_of(given.location);
        block.records[index].begin(given, location);
        TaskRecord { block, index }
    }

    /// Takes a child that has ended off the list, together with its neighbours.
    pub(crate) fn remove(&self, child: &TaskRecord) {
        let block = &child.block;
        if block.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut shard = lock(&self.shards[usize::from(block.shard)]);
            let block = shard.blocks.try_remove(block.key as usize);
            drop(shard);
            drop(block);
        }
    }

    /// Takes everything off the list, once nobody can come any more.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let rest = mem::take(&mut *lock(shard));
            drop(rest);
        }
    }

    /// Wakes every child. If a waker panics, the others are woken before that continues.
    pub(crate) fn wake(&self) {
        let mut panic = None;
        self.for_each_block(|block| {
            // Those that have not begun too: one that begins meanwhile registers its waker before this,
            // or sees after it that it is cancelled.
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

    /// Every child that has not ended.
    pub(crate) fn all(&self) -> Vec<TaskRecord> {
        let mut all = Vec::new();
        self.for_each_block(|block| {
            for (index, record) in block.records.iter().enumerate() {
                if record.is_alive() {
                    let block = block.clone();
                    all.push(TaskRecord { block, index });
                }
            }
        });
        all
    }

    /// A block that comes meanwhile may be left out. No lock is held while one is visited.
    fn for_each_block(&self, mut visit: impl FnMut(&Arc<Block>)) {
        for shard in &self.shards {
            let blocks: Vec<_> = {
                let shard = lock(shard);
                shard
                    .blocks
                    .iter()
                    .map(|(_, block)| block.clone())
                    .collect()
            };
            blocks.iter().for_each(&mut visit);
        }
    }
}

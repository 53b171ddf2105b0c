//! Spawning: the arguments at the place of the spawn, and the record that a new child gets.

use std::array;
use std::panic::Location;

use super::{Block, Children, OpenBlock, Owner, SHARDS, SIZE, TaskRecord, Values};
use crate::engine::{Context, GroupState, Record, SpawnArgs, poll_state};
use crate::loom::{Arc, OnceLock, lock};

impl SpawnArgs {
    /// Returns the defaults for a task that is spawned at this location.
    #[inline]
    pub(crate) fn at(location: &'static Location<'static>) -> SpawnArgs {
        SpawnArgs {
            location,
            name: None,
            context: Context::snapshot(),
            starting: false,
        }
    }
}

impl Children {
    /// Adds a child to the list.
    #[inline]
    pub(crate) fn insert(
        &self,
        group: &Arc<GroupState>,
        owner: impl FnOnce() -> Option<Owner>,
        given: SpawnArgs,
    ) -> TaskRecord {
        match poll_state::take_open_block(address(group)) {
            // The task has spawned into this group before in this poll: no lock is needed.
            Some(open) => {
                let (record, rest) = open.take(given);
                poll_state::keep_open_block(rest);
                record
            }
            None => self.insert_in_shard(group, owner, given),
        }
    }

    #[inline(never)]
    fn insert_in_shard(
        &self,
        group: &Arc<GroupState>,
        owner: impl FnOnce() -> Option<Owner>,
        given: SpawnArgs,
    ) -> TaskRecord {
        // 1. Take the shard's open block, or create one.
        // Before the shard is locked, since this may return another block to its shard.
        let again = poll_state::spawns_again(address(group));
        let number = poll_state::thread_number() % SHARDS;
        let mut shard = lock(&self.shards[number]);
        let open = shard.open.take().unwrap_or_else(|| {
            let entry = shard.blocks.vacant_entry();
            let key = entry.key();
            let block = Arc::new(Block {
                group: group.clone(),
                owner: owner(),
                first: poll_state::next_serials(SIZE as u64),
                location: given.location,
                second_location: OnceLock::new(),
                shard: number as u8,
                key: u32::try_from(key).expect("a group has fewer blocks than that"),
                values: Values::new(),
                records: array::from_fn(|_| Record::vacant()),
            });
            entry.insert(Arc::downgrade(&block));
            OpenBlock { block, taken: 0 }
        });
        // 2. Take a record. The block stays with the thread if its task spawns into this group again in
        //    this poll; otherwise it goes back to the shard.
        if again {
            drop(shard);
            let (record, rest) = open.take(given);
            poll_state::keep_open_block(rest);
            return record;
        }
        // Under the same lock as the take above, so `shard.open` is empty and no block is dropped here.
        let (record, rest) = open.take(given);
        shard.open = rest;
        record
    }
}

/// Returns the address by which a thread identifies the group that it has spawned into last. A new group at
/// the address of one that has ended may be mistaken for it. Then it opens a block at the first spawn.
#[inline]
fn address(group: &Arc<GroupState>) -> usize {
    Arc::as_ptr(group).addr()
}

//! The block of records that the current task fills, if it spawns more than once in a poll.

use std::mem::ManuallyDrop;

use super::cell::IN_TASK;
use super::thread::THREAD;
use crate::engine::OpenBlock;

/// Takes out the block that the current task fills, if it belongs to the group at that address.
#[inline]
pub(crate) fn take_open_block(group: usize) -> Option<OpenBlock> {
    THREAD.with(|thread| {
        if thread.spawned_into.get() == group {
            ManuallyDrop::into_inner(thread.open_block.take())
        } else {
            None
        }
    })
}

/// Stores a block for the current task to fill until the poll ends. There must be none at the moment.
#[inline]
pub(crate) fn keep_open_block(block: Option<OpenBlock>) {
    THREAD.with(|thread| thread.open_block.set(ManuallyDrop::new(block)));
}

/// Notes that the current task spawns into the group at that address. Returns whether it also was the last
/// group that the task spawned into in this poll. If not, the other group's block is returned to it.
pub(crate) fn spawns_again(group: usize) -> bool {
    THREAD.with(|thread| {
        if !thread.surroundings.get().has(IN_TASK) {
            return false;
        }
        let last = thread.spawned_into.get();
        if last != 0 && last != group {
            close_block();
        }
        thread.spawned_into.set(group);
        last == group
    })
}

/// Returns the block that is open on this thread to its group.
#[cold]
pub(super) fn close_block() {
    let open = THREAD.with(|thread| {
        thread.spawned_into.set(0);
        ManuallyDrop::into_inner(thread.open_block.take())
    });
    if let Some(open) = open {
        open.close();
    }
}

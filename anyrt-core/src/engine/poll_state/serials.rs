//! Serial numbers, which each thread reserves in blocks.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use crate::loom::atomic::Ordering;
use crate::loom::process::AtomicU64;
use crate::loom::{Arc, thread_local};

/// The number of serial numbers that a thread reserves at once.
const SERIALS: u64 = 1 << 12;

/// The next block of serial numbers. Relaxed: the numbers only have to differ.
static NEXT_SERIALS: AtomicU64 = AtomicU64::new(1);

/// The next number of the process. Relaxed: the numbers only have to differ.
static NEXT_OF_PROCESS: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The last serial number that this thread has used.
    static LAST: Cell<u64> = const { Cell::new(0) };
    /// The source of this thread's blocks, if it has a separate one. Read once per block.
    static SOURCE: RefCell<Option<Arc<AtomicU64>>> = const { RefCell::new(None) };
}

/// Returns a number that no thread of this process has received before, unless it has [`own_numbers`]. Never
/// zero.
#[inline]
pub(crate) fn next_serial() -> u64 {
    next_serials(1)
}

/// Reserves `count` consecutive numbers, at most half of [`SERIALS`], and returns the first.
#[inline]
pub(crate) fn next_serials(count: u64) -> u64 {
    LAST.with(|last| {
        let mut serial = last.get();
        // The first number of each block, a multiple of `SERIALS`, is left out: it marks an exhausted block.
        let left = (SERIALS - serial % SERIALS) % SERIALS;
        if left < count {
            serial = next_block() * SERIALS;
        }
        last.set(serial + count);
        serial + 1
    })
}

#[cold]
fn next_block() -> u64 {
    // While the thread's locals are being destroyed, it has no separate source.
    let own = SOURCE.try_with(|source| source.borrow().clone());
    match own.ok().flatten() {
        Some(own) => own.fetch_add(1, Ordering::Relaxed),
        None => NEXT_SERIALS.fetch_add(1, Ordering::Relaxed),
    }
}

/// Returns a number that is unique in the process, also among threads with [`own_numbers`]: for runs, and
/// for variables, which outlive them. It differs from run to run of the same program. Never zero.
pub(crate) fn number_in_process() -> u64 {
    NEXT_OF_PROCESS.fetch_add(1, Ordering::Relaxed)
}

/// Returns a small number of this thread, for spreading contention.
#[inline]
pub(crate) fn thread_number() -> usize {
    LAST.with(|last| (last.get() / SERIALS) as usize)
}

/// Gives this thread a separate source of serial numbers, until the returned guard is dropped. For backends
/// that repeat runs.
///
/// Ids of tasks are serial numbers, and some orders depend on them, such as that in which the children of a
/// group are woken. Usually all threads of the process share one source, so these depend on the history of
/// the process. With a fresh source, a program that runs in the same order gets the same numbers each time.
///
/// Numbers from different sources may be equal. So all threads of a run must use one source, and objects that
/// belong to tasks, such as locks and groups, must not be shared by tasks with different sources. Several runs
/// may use one source.
///
/// Guards must be dropped in the reverse order of their creation. Tokens of runs, which differ in the whole
/// process, do not come from this source.
#[must_use = "the thread has its own numbers until the guard is dropped"]
pub fn own_numbers(source: Arc<AtomicU64>) -> OwnNumbers {
    OwnNumbers {
        source: SOURCE.with(|cell| cell.replace(Some(source))),
        // A multiple of `SERIALS`: the next number comes from a new block.
        last: LAST.with(|last| last.replace(0)),
        of_this_thread: PhantomData,
    }
}

/// The guard of [`own_numbers`]. Restores the earlier source of this thread, and its position there.
pub struct OwnNumbers {
    source: Option<Arc<AtomicU64>>,
    last: u64,
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for OwnNumbers {
    fn drop(&mut self) {
        LAST.with(|last| last.set(self.last));
        let own = SOURCE.with(|cell| cell.replace(self.source.take()));
        drop(own);
    }
}

impl fmt::Debug for OwnNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnNumbers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separate_source_gives_the_same_numbers_each_time() {
        let draw = || {
            let _own = own_numbers(Arc::new(AtomicU64::new(1)));
            let before = thread_number();
            let numbers = [next_serial(), next_serials(16), next_serials(SERIALS / 2)];
            (before, thread_number(), numbers, next_serials(SERIALS / 2))
        };
        let first = draw();
        next_serials(100);
        assert_eq!(draw(), first);
    }

    #[test]
    fn the_position_of_the_thread_is_restored() {
        let before = next_serial();
        {
            let _outer = own_numbers(Arc::new(AtomicU64::new(1)));
            let outer = next_serial();
            {
                let _inner = own_numbers(Arc::new(AtomicU64::new(1)));
                assert_eq!(next_serial(), outer);
            }
            assert_eq!(next_serial(), outer + 1);
        }
        // Not equal to the next only if the block has just ended.
        assert!(next_serial() > before);
    }

    #[test]
    fn numbers_in_the_process_differ_in_spite_of_separate_sources() {
        let draw = || {
            let _own = own_numbers(Arc::new(AtomicU64::new(1)));
            number_in_process()
        };
        assert_ne!(draw(), draw());
    }
}

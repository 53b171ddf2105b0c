//! Serial numbers, which each thread reserves in blocks.

use super::THREAD;
use crate::loom::atomic::Ordering;
use crate::loom::process::AtomicU64;

/// The number of serial numbers that a thread reserves at once.
const SERIALS: u64 = 1 << 12;

/// The next block of serial numbers. Relaxed: the numbers only have to differ.
static NEXT_SERIALS: AtomicU64 = AtomicU64::new(1);

/// Returns a number that no thread of this process has received before. Never zero.
#[inline]
pub(crate) fn next_serial() -> u64 {
    next_serials(1)
}

/// Reserves `count` consecutive numbers, at most half of [`SERIALS`], and returns the first.
#[inline]
pub(crate) fn next_serials(count: u64) -> u64 {
    THREAD.with(|thread| {
        let mut serial = thread.serial.get();
        // The first number of each block, a multiple of `SERIALS`, is left out: it marks an exhausted block.
        let left = (SERIALS - serial % SERIALS) % SERIALS;
        if left < count {
            serial = NEXT_SERIALS.fetch_add(1, Ordering::Relaxed) * SERIALS;
        }
        thread.serial.set(serial + count);
        serial + 1
    })
}

/// Returns a small number of this thread, for spreading contention.
#[inline]
pub(crate) fn thread_number() -> usize {
    THREAD.with(|thread| (thread.serial.get() / SERIALS) as usize)
}

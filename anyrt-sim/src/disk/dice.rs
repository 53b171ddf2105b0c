//! The draws that decide what a crash leaves.

use std::ops::Range;

use crate::choices::Purpose;
use crate::shared::Shared;

/// The size of a sector, which a disk writes as a whole.
const SECTOR: u64 = 512;

/// Decides what a crash leaves of changes that are not durable.
pub(super) trait Dice {
    /// Returns whether a change of a folder, or of the length of a file, is kept.
    fn keeps_change(&mut self) -> bool;

    /// Returns which bytes of a write are kept.
    fn remains(&mut self, offset: u64, length: usize) -> Remains;
}

/// The bytes of a write that a crash leaves.
pub(super) enum Remains {
    Nothing,
    Part(Range<usize>),
}

/// Draws from the choices of a run.
pub(super) struct Drawn<'a>(pub(super) &'a Shared);

impl Drawn<'_> {
    fn below(&mut self, n: u64) -> u64 {
        self.0.lock().draws.below(Purpose::Crash, n)
    }

    /// Draws a place in a write where it is torn.
    fn tear(&mut self, offset: u64, length: usize, size: u64) -> usize {
        // The pieces that the bytes of the write lie in.
        let first = offset / size;
        let last = (offset + length as u64 - 1) / size;
        let cut = self.below(last - first + 1);
        let place = ((first + cut) * size).saturating_sub(offset);
        place.min(length as u64) as usize
    }
}

impl Dice for Drawn<'_> {
    fn keeps_change(&mut self) -> bool {
        self.below(2) == 0
    }

    fn remains(&mut self, offset: u64, length: usize) -> Remains {
        let torn_writes = u64::from(self.0.config.faults.torn_writes.min(1000));
        // From the top, so that a draw of zero is the same as without faults.
        if torn_writes == 0 || length == 0 || self.below(1000) < 1000 - torn_writes {
            return Remains::Nothing;
        }
        Remains::Part(match self.below(4) {
            0 => 0..length,
            1 => 0..self.tear(offset, length, SECTOR),
            2 => 0..self.tear(offset, length, 1),
            _ => self.tear(offset, length, SECTOR)..length,
        })
    }
}

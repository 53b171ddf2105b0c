//! A file: its contents as programs see them, and as a crash would leave them.

use std::collections::VecDeque;

use super::contents::Contents;
use super::dice::{Dice, Remains};
use super::{MAX_AGE, Nanos};

/// The bytes that are not synced after which the earliest of them are written back.
const MAX_UNSYNCED: usize = 16 << 20;

/// The memory that an unsynced change takes besides its bytes.
const OVERHEAD: usize = 64;

/// The contents of a file.
#[derive(Debug, Default)]
pub(super) struct FileData {
    current: Contents,
    /// The contents that would survive a crash for certain.
    durable: Contents,
    /// What was changed since, in order. Less than what separates `current` from `durable` if a sync failed.
    unsynced: VecDeque<Unsynced>,
    /// The memory of `unsynced`.
    size: usize,
}

/// A change that was not synced.
#[derive(Debug)]
enum Unsynced {
    Write { bytes: Box<[u8]>, offset: u64 },
    Resize { length: u64, at: Nanos },
}

impl FileData {
    /// Creates a file whose contents are durable.
    pub(super) fn synced(bytes: &[u8]) -> FileData {
        let mut file = FileData::default();
        file.durable.write(bytes, 0);
        file.current = file.durable.clone();
        file
    }

    pub(super) fn current(&self) -> &Contents {
        &self.current
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        self.current.write(bytes, offset);
        let bytes = Box::from(bytes);
        self.note(Unsynced::Write { bytes, offset });
    }

    pub(super) fn resize(&mut self, length: u64, at: Nanos) {
        self.current.resize(length);
        self.note(Unsynced::Resize { length, at });
    }

    fn note(&mut self, change: Unsynced) {
        self.size += change.size();
        self.unsynced.push_back(change);
        // Ends: without changes the size is zero.
        while self.size > MAX_UNSYNCED {
            let earliest = self.take_earliest();
            earliest
                .expect("changes have a size")
                .apply(&mut self.durable);
        }
    }

    fn take_earliest(&mut self) -> Option<Unsynced> {
        let change = self.unsynced.pop_front()?;
        self.size -= change.size();
        Some(change)
    }

    /// Makes all changes durable.
    pub(super) fn sync(&mut self) {
        while let Some(change) = self.take_earliest() {
            change.apply(&mut self.durable);
        }
    }

    /// Forgets which changes are not durable, after a sync that failed: later ones do not write them.
    pub(super) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
        self.size = 0;
    }

    /// Leaves what survives a crash.
    pub(super) fn crash(&mut self, now: Nanos, dice: &mut dyn Dice) {
        while let Some(change) = self.take_earliest() {
            if let Some(remains) = change.remains(now, dice) {
                remains.apply(&mut self.durable);
            }
        }
        self.current = self.durable.clone();
    }
}

impl Unsynced {
    fn size(&self) -> usize {
        match self {
            Unsynced::Write { bytes, .. } => bytes.len() + OVERHEAD,
            Unsynced::Resize { .. } => OVERHEAD,
        }
    }

    fn apply(self, contents: &mut Contents) {
        match self {
            Unsynced::Write { bytes, offset } => contents.write(&bytes, offset),
            Unsynced::Resize { length, .. } => contents.resize(length),
        }
    }

    /// Returns what a crash leaves of the change.
    fn remains(self, now: Nanos, dice: &mut dyn Dice) -> Option<Unsynced> {
        match self {
            Unsynced::Resize { at, .. } => {
                let survives = at.saturating_add(MAX_AGE) <= now || dice.keeps_change();
                survives.then_some(self)
            }
            Unsynced::Write { bytes, offset } => match dice.remains(offset, bytes.len()) {
                Remains::Nothing => None,
                Remains::Part(part) => Some(Unsynced::Write {
                    offset: offset + part.start as u64,
                    bytes: Box::from(&bytes[part]),
                }),
            },
        }
    }
}

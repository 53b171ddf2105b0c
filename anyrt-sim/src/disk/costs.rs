//! The time that calls take, and the faults that they meet.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hasher;
use std::ops::Range;
use std::path::Path;
use std::sync::MutexGuard;
use std::time::Duration;

use super::errors::Errno;
use super::node::NodeId;
use super::system::Files;
use super::tree::Tree;
use crate::choices::Purpose;
use crate::events::{Detail, EventKind, Fnv};
use crate::explore::{self, FaultDraw, FaultKind};
use crate::lock::lock;
use crate::random::Rng;
use crate::shared::nanos;
use crate::threads;

/// A kind of operations of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum DiskOperation {
    /// Opening a file, which may create it.
    Open,
    /// Reading from a file.
    Read,
    /// Writing to a file, or setting its length.
    Write,
    /// Syncing a file or a folder.
    Sync,
    /// Changing folders or metadata: creating, renaming, removing, linking, setting permissions.
    Change,
    /// Looking at metadata, folders and links.
    Inspect,
}

/// The operations by their numbers.
const OPERATIONS: [DiskOperation; 6] = [
    DiskOperation::Open,
    DiskOperation::Read,
    DiskOperation::Write,
    DiskOperation::Sync,
    DiskOperation::Change,
    DiskOperation::Inspect,
];

impl DiskOperation {
    /// Returns whether it fails at random.
    fn meets_errors(self) -> bool {
        matches!(
            self,
            DiskOperation::Read | DiskOperation::Write | DiskOperation::Sync
        )
    }
}

/// What differs from disk to disk.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// The times that calls take, instead of those of the whole simulation.
    pub(super) latency: Option<Range<Duration>>,
    pub(super) sync_latency: Option<Range<Duration>>,
    /// The number of next operations that fail.
    pub(super) failing: BTreeMap<DiskOperation, u32>,
    /// The generator of names for temporary files.
    names: Option<Rng>,
}

/// What an operation is about.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Path(&'a Path),
    File(NodeId),
}

/// The bits of an event's number that are the operation.
const BITS: u32 = 3;

impl Subject<'_> {
    /// Returns the number of an event.
    fn event(self, operation: DiskOperation) -> u64 {
        let subject = match self {
            Subject::File(node) => node << 1,
            Subject::Path(path) => {
                let mut hasher = Fnv::default();
                hasher.write(path.as_os_str().as_encoded_bytes());
                hasher.finish() << 1 | 1
            }
        };
        subject << BITS | operation as u64
    }

    fn detail(self) -> Detail {
        match self {
            Subject::File(_) => Detail::None,
            Subject::Path(path) => Detail::Text(path.to_string_lossy().into()),
        }
    }
}

/// Describes the event with this number.
pub(crate) fn describe(event: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let operation = OPERATIONS.get((event & ((1 << BITS) - 1)) as usize);
    let operation = match operation {
        Some(DiskOperation::Open) => "open",
        Some(DiskOperation::Read) => "read",
        Some(DiskOperation::Write) => "write",
        Some(DiskOperation::Sync) => "sync",
        Some(DiskOperation::Change) => "change",
        Some(DiskOperation::Inspect) | None => "look",
    };
    match event >> BITS {
        path if path & 1 == 1 => write!(f, "disk: {operation} by path"),
        file => write!(f, "disk: {operation} of file {}", file >> 1),
    }
}

impl Files {
    /// Begins an operation: lets its time pass, and injects faults.
    pub(super) fn begin(
        &self,
        operation: DiskOperation,
        subject: Subject<'_>,
    ) -> Result<MutexGuard<'_, Tree>, Errno> {
        self.pass_time(operation, subject)?;
        if self.draw_error(operation, subject) {
            return Err(Errno::IO);
        }
        Ok(self.lock())
    }

    /// Lets the time of an operation pass.
    pub(super) fn pass_time(
        &self,
        operation: DiskOperation,
        subject: Subject<'_>,
    ) -> Result<(), Errno> {
        self.check()?;
        // Elsewhere, a wait would stop the whole simulation.
        if threads::is_lent() {
            threads::sleep(self.draw_latency(operation));
            self.check()?;
        }
        self.record(EventKind::Disk, subject.event(operation), || {
            subject.detail()
        });
        Ok(())
    }

    /// Checks that the host has not crashed since. After the end of the run, threads that run freely can do
    /// nothing any more, while destructors still can.
    pub(super) fn check(&self) -> Result<(), Errno> {
        if self.host.is_alive() && !(threads::is_lent() && self.host.shared.lock().ended) {
            Ok(())
        } else {
            Err(Errno::IO)
        }
    }

    pub(super) fn has_crashed(&self) -> bool {
        !self.host.is_alive()
    }

    /// Records an event, unless the run has ended.
    fn record(&self, kind: EventKind, id: u64, detail: impl FnOnce() -> Detail) {
        let shared = &self.host.shared;
        let now = shared.now();
        let mut state = shared.lock();
        if !state.ended {
            let host = self.host.host;
            state.events.record_with(now, kind, host, id, detail);
        }
    }

    fn draw_latency(&self, operation: DiskOperation) -> u64 {
        let faults = &self.host.shared.config.faults;
        let costs = lock(&self.host.disk.costs);
        let range = match operation {
            DiskOperation::Sync => costs.sync_latency.as_ref().unwrap_or(&faults.sync_latency),
            _ => costs.latency.as_ref().unwrap_or(&faults.disk_latency),
        };
        let (least, end) = (nanos(range.start), nanos(range.end));
        drop(costs);
        least.saturating_add(self.draw(Purpose::Disk, end.saturating_sub(least)))
    }

    /// Draws a number below `n`; zero if there is no choice, or if the run has ended.
    pub(super) fn draw(&self, purpose: Purpose, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        let mut state = self.host.shared.lock();
        if state.ended {
            return 0;
        }
        state.draws.below(purpose, n)
    }

    /// Returns whether an operation fails: by request, or by chance.
    pub(super) fn draw_error(&self, operation: DiskOperation, subject: Subject<'_>) -> bool {
        let requested = {
            let mut costs = lock(&self.host.disk.costs);
            match costs.failing.get_mut(&operation) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    true
                }
                _ => false,
            }
        };
        let errors = self.host.shared.config.faults.disk_errors;
        let fails = requested
            || operation.meets_errors()
                && self.draw_fault(FaultKind::DiskError, errors, None, subject.event(operation));
        if fails {
            let host = u64::from(self.host.host);
            self.record(EventKind::Fault, host, || {
                Detail::Text("the disk fails".into())
            });
        }
        fails
    }

    /// Draws whether a fault of this frequency, of a thousand, occurs. None does once the run has ended.
    fn draw_fault(
        &self,
        kind: FaultKind,
        per_mille: u32,
        count: Option<usize>,
        event: u64,
    ) -> bool {
        let (shared, host) = (&self.host.shared, self.host.host);
        let draw = FaultDraw::new(Purpose::DiskFault, kind, count);
        let subject = || explore::Subject::Disk(host, event);
        !shared.lock().ended && shared.draw_fault(&draw, per_mille, subject)
    }

    /// Draws the number of bytes that a call transfers, of those that it could.
    pub(super) fn draw_transfer(
        &self,
        operation: DiskOperation,
        subject: Subject<'_>,
        count: usize,
    ) -> usize {
        let short_transfers = self.host.shared.config.faults.short_transfers;
        let event = subject.event(operation);
        let kind = FaultKind::ShortTransfer;
        if count < 2 || !self.draw_fault(kind, short_transfers, Some(count), event) {
            return count;
        }
        // A draw of zero is the least that is missing.
        count - 1 - self.draw(Purpose::DiskFault, count as u64 - 1) as usize
    }

    /// Returns a random number for the name of a temporary file. It is not a choice: one is as good as another.
    pub(super) fn draw_name(&self) -> u64 {
        let seed = self.host.shared.config.seed();
        let stream = NAMES + u64::from(self.host.host);
        let mut costs = lock(&self.host.disk.costs);
        let names = costs.names.get_or_insert_with(|| Rng::stream(seed, stream));
        names.next()
    }
}

/// The stream of the names of the first host, after those of all purposes.
const NAMES: u64 = 1 << 32;

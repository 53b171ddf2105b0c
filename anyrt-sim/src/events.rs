//! The events of a run: into a hash always, into a list on demand.

use std::collections::VecDeque;
use std::fmt;
use std::hash::Hasher;
use std::time::Duration;

/// The number of latest events that a report shows.
const LATEST: usize = 32;

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The virtual time since the start of the run.
    pub at: Duration,
    /// The kind of the event.
    pub kind: EventKind,
    /// The number of the task, thread, host or packet that it is about; zero is the main future. The value of
    /// a draw, for [`EventKind::Choose`].
    pub id: u64,
    /// The text of a note.
    pub text: Option<String>,
}

/// The kind of an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum EventKind {
    /// A task was spawned.
    Spawn,
    /// A task was polled.
    Poll,
    /// A task ended.
    End,
    /// The clock moved to the next deadline.
    Advance,
    /// Core or the program made a choice.
    Choose,
    /// A thread continued.
    Thread,
    /// A packet was sent.
    Send,
    /// A packet arrived, or was lost.
    Arrive,
    /// A host started.
    Start,
    /// A host crashed.
    Crash,
    /// A fault was injected.
    Fault,
    /// The program noted something.
    Note,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>14} ", format!("{:?}", self.at))?;
        let kind = match self.kind {
            EventKind::Spawn => "spawn of task",
            EventKind::Poll if self.id == 0 => return f.write_str("poll of the main future"),
            EventKind::Poll => "poll of task",
            EventKind::End => "end of task",
            EventKind::Advance => return f.write_str("the clock moved"),
            EventKind::Choose => "choice",
            EventKind::Thread => "turn of thread",
            EventKind::Send => "packet sent,",
            EventKind::Arrive => "packet arrived,",
            EventKind::Start => "start of host",
            EventKind::Crash => "crash of host",
            EventKind::Fault => "fault",
            EventKind::Note => return write!(f, "note: {}", self.text.as_deref().unwrap_or("")),
        };
        write!(f, "{kind} {}", self.id)
    }
}

/// The events of a run, as they are recorded.
#[derive(Debug)]
pub(crate) struct Events {
    hash: u64,
    /// All events if they are kept, else the latest.
    list: VecDeque<Event>,
    keep: bool,
}

impl Events {
    pub(crate) fn new(keep: bool) -> Events {
        Events {
            hash: 0,
            list: VecDeque::new(),
            keep,
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, at: u64, kind: EventKind, id: u64) {
        self.mix(at ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((kind as u64) << 56));
        self.push(at, kind, id, None);
    }

    pub(crate) fn note(&mut self, at: u64, text: String) {
        let mut hasher = Fnv::default();
        hasher.write(text.as_bytes());
        self.mix(at ^ hasher.finish() ^ ((EventKind::Note as u64) << 56));
        self.push(at, EventKind::Note, 0, Some(text));
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    fn push(&mut self, at: u64, kind: EventKind, id: u64, text: Option<String>) {
        if !self.keep && self.list.len() == LATEST {
            self.list.pop_front();
        }
        let at = Duration::from_nanos(at);
        self.list.push_back(Event { at, kind, id, text });
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the latest events.
    pub(crate) fn latest(&self) -> Vec<Event> {
        let skip = self.list.len().saturating_sub(LATEST);
        self.list.iter().skip(skip).cloned().collect()
    }

    /// Returns all events, if they are kept.
    pub(crate) fn all(&self) -> Vec<Event> {
        if self.keep {
            self.list.iter().cloned().collect()
        } else {
            Vec::new()
        }
    }
}

/// FNV-1a, whose values are the same in every version of the standard library.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

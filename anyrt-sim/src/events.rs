//! The events of a run: into a hash always, into a list on demand.

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
    /// A host started.
    Start,
    /// A host crashed.
    Crash,
    /// A fault was injected.
    Fault,
    /// The program noted something.
    Note,
    /// A disk was used.
    Disk,
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
            EventKind::Start => "start of host",
            EventKind::Crash => "crash of host",
            EventKind::Disk => return crate::disk::describe(self.id, f),
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
    /// All events if they are kept, else the latest, each in the place of its number modulo [`LATEST`].
    list: Vec<Recorded>,
    count: usize,
    /// The texts of the notes among them, with the number of the event of each.
    notes: Vec<(usize, String)>,
    keep: bool,
}

/// An event, without its text.
#[derive(Clone, Copy, Debug)]
struct Recorded {
    at: u64,
    id: u64,
    kind: EventKind,
}

impl Events {
    pub(crate) fn new(keep: bool) -> Events {
        Events {
            hash: 0,
            list: Vec::with_capacity(LATEST),
            count: 0,
            notes: Vec::new(),
            keep,
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, at: u64, kind: EventKind, id: u64) {
        self.mix(at ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((kind as u64) << 56));
        self.push(Recorded { at, id, kind });
    }

    pub(crate) fn note(&mut self, at: u64, text: String) {
        let mut hasher = Fnv::default();
        hasher.write(text.as_bytes());
        self.mix(at ^ hasher.finish() ^ ((EventKind::Note as u64) << 56));
        if !self.keep {
            let oldest = (self.count + 1).saturating_sub(LATEST);
            self.notes.retain(|(number, _)| *number >= oldest);
        }
        self.notes.push((self.count, text));
        let (id, kind) = (0, EventKind::Note);
        self.push(Recorded { at, id, kind });
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    fn push(&mut self, event: Recorded) {
        if self.keep || self.count < LATEST {
            self.list.push(event);
        } else {
            self.list[self.count % LATEST] = event;
        }
        self.count += 1;
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the latest events.
    pub(crate) fn latest(&self) -> Vec<Event> {
        self.since(self.count.saturating_sub(LATEST))
    }

    /// Returns all events, if they are kept.
    pub(crate) fn all(&self) -> Vec<Event> {
        if self.keep { self.since(0) } else { Vec::new() }
    }

    /// Returns the events from this number on, which are still there.
    fn since(&self, first: usize) -> Vec<Event> {
        let mut notes = self.notes.iter().skip_while(|(number, _)| *number < first);
        (first..self.count)
            .map(|number| {
                let place = if self.keep { number } else { number % LATEST };
                let Recorded { at, id, kind } = self.list[place];
                let text = match kind {
                    EventKind::Note => notes.next().map(|(_, text)| text.clone()),
                    _ => None,
                };
                let at = Duration::from_nanos(at);
                Event { at, kind, id, text }
            })
            .collect()
    }
}

/// FNV-1a, whose values are the same in every version of the standard library.
pub(crate) struct Fnv(u64);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_events_are_there_with_their_notes() {
        for keep in [false, true] {
            let mut events = Events::new(keep);
            for number in 0..100 {
                if number % 7 == 0 {
                    events.note(number, number.to_string());
                } else {
                    events.record(number, EventKind::Poll, number);
                }
            }
            let latest = events.latest();
            assert_eq!(latest.len(), LATEST);
            for (event, number) in latest.iter().zip(100 - LATEST as u64..) {
                assert_eq!(event.at, Duration::from_nanos(number));
                let is_note = number % 7 == 0;
                assert_eq!(event.text, is_note.then(|| number.to_string()), "{number}");
                assert_eq!(event.id, if is_note { 0 } else { number });
            }
            assert_eq!(events.all().len(), if keep { 100 } else { 0 });
        }
    }
}

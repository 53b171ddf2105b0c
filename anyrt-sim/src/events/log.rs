//! The record of the events of a run.

use std::hash::Hasher;

use super::list::{EventList, Recorded};
use super::{Detail, Event, EventKind};
use crate::host::HostId;

/// The number of latest events that a report shows.
const LATEST: usize = 32;

/// The events of a run, as they are recorded.
#[derive(Debug)]
pub(crate) struct Events {
    hash: u64,
    /// The latest, each in the place of its number modulo [`LATEST`].
    latest: Vec<Recorded>,
    count: usize,
    /// The notes among the latest, with the number of the event of each.
    notes: Vec<(usize, Box<str>)>,
    /// All events, if they are kept.
    kept: Option<EventList>,
}

impl Events {
    pub(crate) fn new(keep: bool) -> Events {
        Events {
            hash: 0,
            latest: Vec::with_capacity(LATEST),
            count: 0,
            notes: Vec::new(),
            kept: keep.then(EventList::default),
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, at: u64, kind: EventKind, host: HostId, id: u64) {
        self.mix_event(at, kind, id);
        self.push(Recorded { at, id, kind, host }, || Detail::None);
    }

    /// Records an event with a detail that is only for display: its hash is that of the event alone, and it is
    /// left out if events are not kept.
    #[inline]
    pub(crate) fn record_with(
        &mut self,
        at: u64,
        kind: EventKind,
        host: HostId,
        id: u64,
        detail: impl FnOnce() -> Detail,
    ) {
        self.mix_event(at, kind, id);
        self.push(Recorded { at, id, kind, host }, detail);
    }

    /// Records an event that is only for display: it has no part in the hash, and is left out if events are not
    /// kept.
    pub(crate) fn show(&mut self, at: u64, kind: EventKind, host: HostId, id: u64, detail: Detail) {
        if self.kept.is_some() {
            self.push(Recorded { at, id, kind, host }, || detail);
        }
    }

    /// Records a note, whose text is part of the hash, and known in reports.
    pub(crate) fn note(&mut self, at: u64, host: HostId, text: String) {
        let mut hasher = Fnv::default();
        hasher.write(text.as_bytes());
        self.mix(at ^ hasher.finish() ^ ((EventKind::Note as u64) << 56));
        let oldest = (self.count + 1).saturating_sub(LATEST);
        self.notes.retain(|(number, _)| *number >= oldest);
        let text: Box<str> = text.into();
        self.notes.push((self.count, text.clone()));
        let (id, kind) = (0, EventKind::Note);
        self.push(Recorded { at, id, kind, host }, || Detail::Text(text));
    }

    #[inline]
    fn mix_event(&mut self, at: u64, kind: EventKind, id: u64) {
        self.mix(at ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((kind as u64) << 56));
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    fn push(&mut self, event: Recorded, detail: impl FnOnce() -> Detail) {
        if self.count < LATEST {
            self.latest.push(event);
        } else {
            self.latest[self.count % LATEST] = event;
        }
        self.count += 1;
        if let Some(kept) = &mut self.kept {
            kept.push(&event, detail());
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the latest events. Of their details, they have the texts of notes.
    pub(crate) fn latest(&self) -> Vec<Event> {
        let first = self.count.saturating_sub(LATEST);
        let notes = self.notes.iter();
        let mut notes = notes.skip_while(|(number, _)| *number < first).peekable();
        (first..self.count)
            .map(|number| {
                let note = notes.next_if(|(other, _)| *other == number);
                let detail = note.map_or(Detail::None, |(_, text)| Detail::Text(text.clone()));
                self.latest[number % LATEST].event(detail)
            })
            .collect()
    }

    /// Returns all events, if they are kept.
    pub(crate) fn all(&self) -> EventList {
        self.kept.clone().unwrap_or_default()
    }

    /// Takes all events, if they are kept.
    pub(crate) fn take_all(&mut self) -> EventList {
        self.kept.take().unwrap_or_default()
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_latest_events_are_there_with_their_notes() {
        for keep in [false, true] {
            let mut events = Events::new(keep);
            for number in 0..100 {
                if number % 7 == 0 {
                    events.note(number, 0, number.to_string());
                } else {
                    events.record(number, EventKind::Poll, 0, number);
                }
            }
            let latest = events.latest();
            assert_eq!(latest.len(), LATEST);
            for (event, number) in latest.iter().zip(100 - LATEST as u64..) {
                assert_eq!(event.at, Duration::from_nanos(number));
                let is_note = number % 7 == 0;
                let expected = is_note.then(|| number.to_string());
                assert_eq!(event.text(), expected.as_deref(), "{number}");
                assert_eq!(event.id, if is_note { 0 } else { number });
            }
            let all = events.take_all();
            assert_eq!(all.len(), if keep { 100 } else { 0 });
            if keep {
                let last: Vec<Event> = all.iter().skip(100 - LATEST).collect();
                assert_eq!(last, latest);
            }
        }
    }

    #[test]
    fn a_detail_for_display_is_kept_with_the_events_and_not_hashed() {
        let mut logs = [Events::new(false), Events::new(true)];
        for events in &mut logs {
            let name = || Detail::Text("server".into());
            events.record_with(1, EventKind::Start, 1, 1, name);
        }
        let [bare, kept] = &logs;
        assert_eq!(bare.hash(), kept.hash());
        assert_eq!(bare.latest()[0].text(), None);
        let mut kept = kept.kept.iter().flat_map(EventList::iter);
        assert_eq!(kept.next().unwrap().text(), Some("server"));
    }
}

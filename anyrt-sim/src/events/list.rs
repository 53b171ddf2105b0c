//! All events of a run, in few words each: a run may have millions, and memory is what keeping them costs.
//!
//! ```text
//!   narrow:  id 24 bits | time since the last event 24 | host 8  | narrow 1 | detail 2 | kind 5
//!   wide:              (24 unused) | host 32             | wide 1   | detail 2 | kind 5,    time,    id
//! ```
//!
//! The words of a packet follow those of its event:
//!
//! ```text
//!   fate 4 | kind 4 | attempts 8 | to 16 | ports 16, 16,    length 32 | number 32
//! ```
//!
//! Other details, and packets to a host with a higher number, are in a list of their own.

use std::fmt;
use std::slice;
use std::time::Duration;

use super::packet::{FATES, KINDS as PACKET_KINDS};
use super::{Detail, Event, EventKind, KINDS, SentPacket};
use crate::host::HostId;

/// The number of bits of the time and the id in a narrow event, and of the host.
const NARROW: u32 = 24;
const HOST: u32 = 8;

/// The position of the bit that marks wide events, and the width of the bits below, for the detail and the kind.
const WIDE: u32 = 7;
const KIND: u32 = 5;

/// The values of the bits for the detail.
const NO_DETAIL: u64 = 0;
const LISTED: u64 = 1;
const PACKET: u64 = 2;

/// An event, without its detail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    pub(super) at: u64,
    pub(super) id: u64,
    pub(super) kind: EventKind,
    pub(super) host: HostId,
}

impl Recorded {
    pub(super) fn event(self, detail: Detail) -> Event {
        let Recorded { at, id, kind, host } = self;
        Event {
            at: Duration::from_nanos(at),
            kind,
            host,
            id,
            detail,
        }
    }
}

/// The events of a run, from [`Outcome::events`](crate::Outcome::events), in the order in which they happened.
///
/// It is compact: each [`Event`] is created by the iterator.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EventList {
    words: Vec<u64>,
    /// The details that are not among the words, in order.
    details: Vec<Detail>,
    count: usize,
    /// The time of the last event.
    last_at: u64,
}

impl EventList {
    /// Returns the number of events.
    ///
    /// # Examples
    ///
    /// ```
    /// let outcome = anyrt::sim::Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// assert_eq!(outcome.events.len(), outcome.events.iter().count());
    /// ```
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// let outcome = anyrt::sim::Config::new(7).run(anyrt::checkpoint());
    /// assert!(outcome.events.is_empty(), "they are not kept by default");
    /// ```
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns all of them, one after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, EventKind};
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// assert!(outcome.events.iter().any(|event| event.kind == EventKind::Poll));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Event> {
        Reader {
            words: self.words.iter(),
            details: self.details.iter(),
            last_at: 0,
        }
    }

    /// Returns the position of the first event in which both differ: that after the end of the shorter one, if
    /// none does before.
    pub(crate) fn first_difference(&self, other: &EventList) -> usize {
        let differs = |(one, other): (Event, Event)| one != other;
        let length = self.len().min(other.len());
        let position = self.iter().zip(other.iter()).position(differs);
        position.unwrap_or(length)
    }

    #[inline]
    pub(super) fn push(&mut self, event: &Recorded, detail: Detail) {
        let Recorded { at, id, kind, host } = *event;
        let passed = at.wrapping_sub(self.last_at);
        self.last_at = at;
        self.count += 1;
        let packet = match &detail {
            Detail::Packet(packet) => pack(packet),
            _ => None,
        };
        let detail_kind = match &detail {
            Detail::None => NO_DETAIL,
            _ if packet.is_some() => PACKET,
            _ => LISTED,
        };
        let first = kind as u64 | detail_kind << KIND;
        let (id, host) = (relative(kind, id, at), u64::from(host));
        if (passed | id) >> NARROW == 0 && host >> HOST == 0 {
            let (host, passed) = (host << (WIDE + 1), passed << (WIDE + 1 + HOST));
            self.words.push(first | host | passed | id << (64 - NARROW));
        } else {
            let first = first | 1 << WIDE | host << (WIDE + 1);
            self.words.extend_from_slice(&[first, at, id]);
        }
        match (detail, packet) {
            (Detail::None, _) => {}
            (_, Some(words)) => self.words.extend_from_slice(&words),
            (detail, None) => self.details.push(detail),
        }
    }
}

/// Returns the words of a packet, or `None` if the number of its host is too high.
#[inline]
fn pack(packet: &SentPacket) -> Option<[u64; 2]> {
    let [from, to] = packet.ports.map(u64::from);
    let host = u64::from(u16::try_from(packet.to).ok()?);
    let rest = u64::from(packet.attempts) | (packet.kind as u64) << 8 | (packet.fate as u64) << 12;
    Some([
        from | to << 16 | host << 32 | rest << 48,
        u64::from(packet.number) | u64::from(packet.length) << 32,
    ])
}

/// Returns the packet with these words.
fn unpack([first, second]: [u64; 2]) -> SentPacket {
    SentPacket {
        to: (first >> 32) as u32 & 0xffff,
        ports: [first as u16, (first >> 16) as u16],
        number: second as u32,
        length: (second >> 32) as u32,
        attempts: (first >> 48) as u8,
        kind: PACKET_KINDS[(first >> 56) as usize & 15],
        fate: FATES[(first >> 60) as usize],
    }
}

/// Converts the number of an event to the one in the list, and back if `at` is negated: an arrival is relative to
/// the time of the event.
fn relative(kind: EventKind, id: u64, at: u64) -> u64 {
    match kind {
        EventKind::Send => id.wrapping_sub(at),
        _ => id,
    }
}

impl fmt::Debug for EventList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// An iterator over the events of a list.
struct Reader<'a> {
    words: slice::Iter<'a, u64>,
    details: slice::Iter<'a, Detail>,
    /// The time of the event before.
    last_at: u64,
}

/// The reason why no word is missing.
const WRITTEN: &str = "`push` writes whole events";

impl Reader<'_> {
    fn word(&mut self) -> u64 {
        *self.words.next().expect(WRITTEN)
    }

    /// Returns the event of which this is the first word.
    fn recorded(&mut self, first: u64) -> Recorded {
        let kind = KINDS[(first & ((1 << KIND) - 1)) as usize];
        let rest = first >> (WIDE + 1);
        let (host, at, id) = if first >> WIDE & 1 == 0 {
            let passed = rest >> HOST & ((1 << NARROW) - 1);
            let host = rest & ((1 << HOST) - 1);
            let at = self.last_at.wrapping_add(passed);
            (host as HostId, at, first >> (64 - NARROW))
        } else {
            (rest as HostId, self.word(), self.word())
        };
        let id = relative(kind, id, at.wrapping_neg());
        Recorded { at, id, kind, host }
    }
}

impl Iterator for Reader<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let first = *self.words.next()?;
        let recorded = self.recorded(first);
        self.last_at = recorded.at;
        let detail = match first >> KIND & 3 {
            NO_DETAIL => Detail::None,
            PACKET => Detail::Packet(unpack([self.word(), self.word()])),
            _ => self.details.next().expect(WRITTEN).clone(),
        };
        Some(recorded.event(detail))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::super::{PacketFate, PacketKind};
    use super::*;

    #[test]
    fn the_lists_of_kinds_are_in_their_order() {
        assert!(KINDS.len() <= 1 << KIND);
        assert!(PACKET_KINDS.len() <= 16 && FATES.len() <= 16);
        assert!(KINDS.iter().zip(0..).all(|(kind, at)| *kind as u8 == at));
        let mut kinds = PACKET_KINDS.iter().zip(0..);
        assert!(kinds.all(|(kind, at)| *kind as u8 == at));
        assert!(FATES.iter().zip(0..).all(|(fate, at)| *fate as u8 == at));
    }

    #[test]
    fn events_come_out_as_they_were() {
        let most = SentPacket {
            to: u32::MAX,
            ports: [u16::MAX; 2],
            number: u32::MAX,
            length: u32::MAX,
            attempts: u8::MAX,
            kind: PacketKind::Reset,
            fate: PacketFate::Dropped,
        };
        let mut near = most;
        near.to = u32::from(u16::MAX);
        let details = [
            Detail::None,
            Detail::Packet(near),
            Detail::Text("näme".into()),
            Detail::Text("".into()),
            Detail::Place(Location::caller()),
            Detail::Packet(most),
            Detail::Host(u32::MAX),
        ];
        let numbers = [
            0,
            1,
            (1 << NARROW) - 1,
            1 << NARROW,
            1 << 40,
            u64::MAX - 1,
            u64::MAX,
        ];
        let mut list = EventList::default();
        let mut expected = Vec::new();
        for (index, kind) in KINDS.into_iter().enumerate() {
            for (round, at) in numbers.into_iter().enumerate() {
                let (id, host) = (numbers[(index + round) % 7], numbers[(index * round) % 7]);
                let host = host as HostId;
                let event = Recorded { at, id, kind, host };
                let detail = &details[(index + round) % details.len()];
                list.push(&event, detail.clone());
                expected.push(event.event(detail.clone()));
            }
        }
        assert_eq!(list.len(), expected.len());
        assert_eq!(list.iter().collect::<Vec<_>>(), expected);
        assert_eq!(list.first_difference(&list.clone()), list.len());
    }
}

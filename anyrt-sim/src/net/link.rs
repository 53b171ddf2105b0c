//! How long a packet takes between two hosts, and what becomes of it.

use std::sync::atomic::Ordering;

use anyrt_core::net::Address;

use super::rules::{Content, Verdict};
use crate::choices::Purpose;
use crate::config::Config;
use crate::events::{Detail, EventKind, PacketFate, SentPacket};
use crate::explore::{FaultDraw, FaultKind, Subject};
use crate::host::HostId;
use crate::shared::{Shared, State, nanos};

/// The time that a packet takes within a host.
const WITHIN_HOST: Latency = Latency {
    least: 10_000,
    span: 40_000,
};

/// A range of times that a packet takes, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    least: u64,
    span: u64,
}

impl Latency {
    pub(crate) fn of(config: &Config) -> Latency {
        let range = &config.faults.latency;
        Latency {
            least: nanos(range.start),
            span: nanos(range.end.saturating_sub(range.start)),
        }
    }

    /// Draws the time, since the start, at which a packet arrives that leaves now.
    pub(super) fn draw(self, now: u64, state: &mut State) -> u64 {
        let more = match self.span {
            0 | 1 => 0,
            span => state.draws.below(Purpose::Latency, span),
        };
        now.saturating_add(self.least).saturating_add(more)
    }
}

/// What the network does with a packet.
pub(super) enum Fate {
    /// It arrives at that time since the start.
    Arrives(u64, PacketFate),
    /// It arrives twice.
    ArrivesTwice(u64, u64),
    Lost,
}

/// A packet between two hosts, as the network sees it.
pub(super) struct Transit<'a> {
    pub(super) from: HostId,
    pub(super) to: HostId,
    pub(super) source: &'a Address,
    pub(super) destination: &'a Address,
    pub(super) content: Content<'a>,
    /// The number of a segment in its direction, or zero.
    pub(super) number: u64,
    pub(super) attempts: u32,
}

impl Transit<'_> {
    /// Returns the packet for an event, from the host that sends it.
    pub(super) fn sent(&self, fate: PacketFate) -> (HostId, SentPacket) {
        let packet = SentPacket {
            to: self.to,
            ports: [port(self.source), port(self.destination)],
            number: self.number as u32,
            length: self.content.length() as u32,
            attempts: self.attempts.min(u32::from(u8::MAX)) as u8,
            kind: self.content.kind(),
            fate,
        };
        (self.from, packet)
    }
}

/// Returns the port of an address, or zero.
pub(super) fn port(address: &Address) -> u16 {
    address.as_ip().map_or(0, |address| address.port())
}

impl Shared {
    /// Decides what becomes of a packet that leaves now.
    pub(super) fn fate(&self, transit: &Transit<'_>) -> Fate {
        if transit.from == transit.to {
            return Fate::Arrives(self.draw_arrival(WITHIN_HOST), PacketFate::Arrives);
        }
        let verdict = self.ask_rules(transit);
        let is_dropped = verdict == Verdict::Drop;
        if is_dropped || self.draw_packet_fault(FaultKind::Loss, self.config.faults.loss, transit) {
            let fate = if is_dropped {
                PacketFate::Dropped
            } else {
                PacketFate::Lost
            };
            self.record_loss(transit.sent(fate));
            return Fate::Lost;
        }
        let at = self.latency.draw(self.departure(transit), &mut self.lock());
        match verdict {
            Verdict::Delay(delay) => {
                Fate::Arrives(at.saturating_add(nanos(delay)), PacketFate::Delayed)
            }
            Verdict::Duplicate(later) if transit.content.is_datagram() => {
                Fate::ArrivesTwice(at, at.saturating_add(nanos(later)))
            }
            _ if transit.content.is_datagram()
                && self.draw_packet_fault(
                    FaultKind::Duplication,
                    self.config.faults.duplication,
                    transit,
                ) =>
            {
                Fate::ArrivesTwice(at, self.draw_arrival(self.latency))
            }
            _ => Fate::Arrives(at, PacketFate::Arrives),
        }
    }

    fn record_loss(&self, (from, packet): (HostId, SentPacket)) {
        let now = self.now();
        let mut state = self.lock();
        let (kind, to) = (EventKind::Fault, u64::from(packet.to));
        state
            .events
            .record_with(now, kind, from, to, || Detail::Packet(packet));
    }

    /// Draws the time, since the start, at which a packet arrives that leaves now.
    fn draw_arrival(&self, latency: Latency) -> u64 {
        latency.draw(self.now(), &mut self.lock())
    }

    /// Returns the time that packets of a stream take, if nothing else can happen to them.
    pub(super) fn latency_without_faults(&self, from: HostId, to: HostId) -> Option<Latency> {
        if from == to {
            return Some(WITHIN_HOST);
        }
        let is_plain = self.config.faults.loss == 0 && !self.has_rules.load(Ordering::Relaxed);
        is_plain.then_some(self.latency)
    }

    /// Draws the number of bytes that a call on a stream transfers, of those that it could.
    pub(super) fn draw_transfer(&self, count: usize) -> usize {
        if count < 2 {
            return count;
        }
        let (kind, frequency) = (FaultKind::ShortTransfer, self.config.faults.short_transfers);
        let draw = FaultDraw::new(Purpose::Fault, kind, Some(count));
        if !self.draw_fault(&draw, frequency, || Subject::Stream) {
            return count;
        }
        let less = self.lock().draws.below(Purpose::Fault, count as u64 - 1) as usize;
        // A draw of zero is the least that is missing.
        count - 1 - less
    }

    /// Draws whether a fault of a packet occurs.
    fn draw_packet_fault(&self, kind: FaultKind, per_mille: u32, transit: &Transit<'_>) -> bool {
        let draw = FaultDraw::new(Purpose::Fault, kind, None);
        self.draw_fault(&draw, per_mille, || {
            let content = transit.content;
            let hosts = [transit.from, transit.to];
            Subject::Packet(hosts, content.kind(), content.length())
        })
    }
}

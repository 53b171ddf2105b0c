//! The packets in events.

use std::fmt;

/// A packet in an [`Event`](crate::Event), as the network sends it from one host to another.
///
/// The event has the host that sends it, and the times of its departure and of its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentPacket {
    /// The number of the host that it is for.
    pub to: u32,
    /// The ports of the sender and of the receiver. Zero if there is none.
    pub ports: [u16; 2],
    /// The number of a segment in its direction of a connection, from 1. Zero for a datagram.
    pub number: u32,
    /// The number of bytes that it carries.
    pub length: u32,
    /// The number of times that the segment was sent before.
    pub attempts: u8,
    /// The kind of the packet.
    pub kind: PacketKind,
    /// What the network does with it.
    pub fate: PacketFate,
}

/// The kind of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum PacketKind {
    /// A datagram.
    Datagram,
    /// The request for a connection.
    Connect,
    /// The answer to the request: the connection is accepted.
    Answer,
    /// A part of a stream.
    Data,
    /// The end of one direction of a stream.
    End,
    /// The end of a connection at once.
    Reset,
    /// The answer to a request that is refused.
    Refusal,
}

/// What the network does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum PacketFate {
    /// It arrives.
    Arrives,
    /// It arrives later, since a rule delays it.
    Delayed,
    /// It arrives, and once more. Both have an event.
    Duplicated,
    /// It is lost by chance.
    Lost,
    /// It is lost by a rule, a partition for instance.
    Dropped,
}

/// All kinds, in their order.
pub(super) const KINDS: [PacketKind; 7] = [
    PacketKind::Datagram,
    PacketKind::Connect,
    PacketKind::Answer,
    PacketKind::Data,
    PacketKind::End,
    PacketKind::Reset,
    PacketKind::Refusal,
];

/// All fates, in their order.
pub(super) const FATES: [PacketFate; 5] = [
    PacketFate::Arrives,
    PacketFate::Delayed,
    PacketFate::Duplicated,
    PacketFate::Lost,
    PacketFate::Dropped,
];

impl fmt::Display for SentPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to host {}",
            PACKET_NAMES[self.kind as usize], self.to
        )?;
        if self.length > 0 {
            write!(f, ", {} bytes", self.length)?;
        }
        match self.fate {
            PacketFate::Arrives => Ok(()),
            fate => write!(f, ", {}", FATE_NAMES[fate as usize]),
        }
    }
}

/// The names of all kinds, in their order.
pub(crate) const PACKET_NAMES: [&str; KINDS.len()] = [
    "datagram", "connect", "answer", "data", "end", "reset", "refusal",
];

/// The names of all fates, in their order.
pub(crate) const FATE_NAMES: [&str; FATES.len()] =
    ["arrives", "delayed", "duplicated", "lost", "dropped"];

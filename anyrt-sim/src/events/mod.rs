//! The events of a run: into a hash always, into a list on demand.

mod list;
mod log;
mod packet;

use std::fmt;
use std::panic::Location;
use std::time::Duration;

pub use self::list::EventList;
pub(crate) use self::log::{Events, Fnv};
pub(crate) use self::packet::{FATE_NAMES, PACKET_NAMES};
pub use self::packet::{PacketFate, PacketKind, SentPacket};

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The virtual time since the start of the run.
    pub at: Duration,
    /// The kind of the event.
    pub kind: EventKind,
    /// The number of the host where it happens; for a packet, of the host that sends it. The main future is on
    /// host 0.
    pub host: u32,
    /// The number of the task, thread, host or rule that it is about; zero is the main future. The value of
    /// a draw, for [`EventKind::Choose`]. The arrival in nanoseconds since the start, for [`EventKind::Send`].
    pub id: u64,
    /// More about the event. What is only for display is known if the events are
    /// [kept](crate::Config::keep_events).
    pub detail: Detail,
}

/// More about an [`Event`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// Nothing more.
    #[default]
    None,
    /// The text of a note, the name of a task or a host, or the path of a file.
    Text(Box<str>),
    /// The place where a task without a name was spawned.
    Place(&'static Location<'static>),
    /// A packet that was sent, or lost.
    Packet(SentPacket),
    /// The number of the other host, for a partition or a hold, for instance.
    Host(u32),
}

impl Event {
    /// Returns the text of a note, or the name of the task, host or file that the event is about, if it is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(7).keep_events(true).run(async {
    ///     Simulation::current().unwrap().note("connected");
    /// });
    /// assert!(outcome.events.iter().any(|event| event.text() == Some("connected")));
    /// ```
    pub fn text(&self) -> Option<&str> {
        match &self.detail {
            Detail::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the packet that it is about, if it is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::{Config, EventKind, Simulation};
    ///
    /// let outcome = Config::new(7).keep_events(true).run(async {
    ///     let server = Simulation::current().unwrap().host("server").start(anyrt::sleep_forever);
    ///     let socket = UdpSocket::bind(([0, 0, 0, 0], 0)).unwrap();
    ///     socket.send_to(b"ping", (server.ip(), 9)).await.unwrap();
    /// });
    /// let sent = outcome.events.iter().find(|event| event.kind == EventKind::Send).unwrap();
    /// let packet = sent.packet().unwrap();
    /// assert_eq!(packet.length, 4);
    /// ```
    pub fn packet(&self) -> Option<&SentPacket> {
        match &self.detail {
            Detail::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// Returns the time since the start at which a packet arrives that was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::{Config, EventKind, Simulation};
    ///
    /// let outcome = Config::new(7).keep_events(true).run(async {
    ///     let server = Simulation::current().unwrap().host("server").start(anyrt::sleep_forever);
    ///     let socket = UdpSocket::bind(([0, 0, 0, 0], 0)).unwrap();
    ///     socket.send_to(b"ping", (server.ip(), 9)).await.unwrap();
    /// });
    /// let sent = outcome.events.iter().find(|event| event.kind == EventKind::Send).unwrap();
    /// assert!(sent.arrival().unwrap() > sent.at);
    /// ```
    pub fn arrival(&self) -> Option<Duration> {
        (self.kind == EventKind::Send).then(|| Duration::from_nanos(self.id))
    }
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
    /// A fault was injected: a packet was lost, or a disk failed.
    Fault,
    /// The program noted something.
    Note,
    /// A host was paused.
    Pause,
    /// A paused host went on.
    Resume,
    /// A rule about packets began.
    Rule,
    /// Packets between two hosts began to be lost, both ways.
    Partition,
    /// Packets from one host to another began to be lost.
    Block,
    /// Packets to and from a host began to be lost.
    Isolate,
    /// A rule, a partition, a hold and so on ended.
    RuleEnd,
    /// A disk was used.
    Disk,
    /// Packets between two hosts began to be held back.
    Hold,
    /// A limit of the bandwidth between two hosts began.
    Bandwidth,
}

/// All kinds, in their order.
const KINDS: [EventKind; 21] = [
    EventKind::Spawn,
    EventKind::Poll,
    EventKind::End,
    EventKind::Advance,
    EventKind::Choose,
    EventKind::Thread,
    EventKind::Send,
    EventKind::Start,
    EventKind::Crash,
    EventKind::Fault,
    EventKind::Note,
    EventKind::Pause,
    EventKind::Resume,
    EventKind::Rule,
    EventKind::Partition,
    EventKind::Block,
    EventKind::Isolate,
    EventKind::RuleEnd,
    EventKind::Disk,
    EventKind::Hold,
    EventKind::Bandwidth,
];

/// The names of all kinds on a page, in their order.
pub(crate) const KIND_NAMES: [&str; KINDS.len()] = [
    "spawn",
    "poll",
    "end",
    "advance",
    "choice",
    "thread",
    "send",
    "start",
    "crash",
    "fault",
    "note",
    "pause",
    "resume",
    "rule",
    "partition",
    "block",
    "isolate",
    "rule-end",
    "disk",
    "hold",
    "bandwidth",
];

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>14} ", format!("{:?}", self.at))?;
        let Event { host, id, .. } = self;
        match self.kind {
            EventKind::Poll if self.id == 0 => return f.write_str("poll of the main future"),
            EventKind::Advance => return f.write_str("the clock moved"),
            EventKind::Note => return write!(f, "note: {}", self.text().unwrap_or("")),
            EventKind::Spawn => write!(f, "spawn of task {id}"),
            EventKind::Poll => write!(f, "poll of task {id}"),
            EventKind::End => write!(f, "end of task {id}"),
            EventKind::Choose => write!(f, "choice {id}"),
            EventKind::Thread => write!(f, "turn of thread {id}"),
            EventKind::Send => write!(f, "packet sent, {id}"),
            EventKind::Start => write!(f, "start of host {id}"),
            EventKind::Crash => write!(f, "crash of host {id}"),
            EventKind::Fault => write!(f, "fault {id}"),
            EventKind::Pause => write!(f, "pause of host {id}"),
            EventKind::Resume => write!(f, "host {id} goes on"),
            EventKind::Rule => write!(f, "rule {id} begins"),
            EventKind::Partition => write!(f, "partition {id} begins, of host {host}"),
            EventKind::Block => write!(f, "block {id} begins, from host {host}"),
            EventKind::Isolate => write!(f, "isolation {id} begins, of host {host}"),
            EventKind::Hold => write!(f, "hold {id} begins, of host {host}"),
            EventKind::Bandwidth => write!(f, "bandwidth limit {id} begins, of host {host}"),
            EventKind::RuleEnd => write!(f, "rule {id} ends"),
            EventKind::Disk => crate::disk::describe(*id, f),
        }?;
        match &self.detail {
            Detail::None => Ok(()),
            Detail::Text(text) => write!(f, ", `{text}`"),
            Detail::Place(place) => write!(f, ", from {place}"),
            Detail::Packet(packet) => write!(f, ", {packet}"),
            Detail::Host(other) => write!(f, " and host {other}"),
        }
    }
}

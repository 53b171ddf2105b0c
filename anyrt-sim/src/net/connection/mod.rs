//! Connections: two pipes, one for each direction.
//!
//! ```text
//!   side 0 ──send──▶ in flight ──arrival──▶ buffer ──receive──▶ side 1
//!                      │   ▲
//!                 lost ▼   │ sent again
//!                     stalled
//! ```
//!
//! The bytes on their way and in the buffer together are at most the window: a sender waits for room. Segments
//! in one direction have numbers, and arrive in order. If one is lost, all that follow wait behind it, and it is
//! sent again, after a time that doubles each time. After a minute in vain the connection is given up.
//!
//! The connection is the waker of all its segments: waking it delivers the one that arrives first. So a segment on its
//! way is an entry in the list of its direction, and nothing is allocated for it.

mod calls;
mod segments;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use anyrt_core::net::Address;
use anyrt_core::runtime::WakerSlot;

use self::segments::Segment;
use crate::host::{HostId, Incarnation};
use crate::lock::lock;

/// The side that connected.
pub(super) const CONNECTED: usize = 0;
/// The side that was accepted.
pub(super) const ACCEPTED: usize = 1;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) addresses: [Address; 2],
    hosts: [HostId; 2],
    /// The incarnation that has connected.
    connected: Arc<Incarnation>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    handshake: Handshake,
    /// The task that waits for the handshake.
    connecting: WakerSlot,
    /// The incarnation that has accepted the connection.
    accepted: Option<Arc<Incarnation>>,
    /// The pipe to each side.
    pipes: [Pipe; 2],
    sides: [Side; 2],
    /// The number of segments that were put on their way, in both directions.
    departures: u64,
    /// Memory of segments that have arrived, for the next ones.
    spare: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Handshake {
    #[default]
    Begun,
    Complete,
    Failed(io::ErrorKind),
}

/// The state of a side.
#[derive(Debug, Default)]
struct Side {
    /// Whether the connection is broken, as far as this side has learned.
    broken: bool,
    /// The error of that, which is returned once.
    error: Option<io::ErrorKind>,
    /// Whether the socket was dropped.
    dropped: bool,
    /// Whether receiving was shut down.
    deaf: bool,
}

/// A segment on its way.
#[derive(Debug)]
struct Flight {
    /// The time of its arrival, and its number among all departures: the order of the timers.
    arrival: (u64, u64),
    /// Its number in its direction.
    number: u64,
    segment: Segment,
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    buffer: VecDeque<u8>,
    /// The number of bytes that were sent and have not arrived.
    on_their_way: usize,
    last_arrival: u64,
    /// The number of segments that were sent, and of those that were delivered.
    sent: u64,
    delivered: u64,
    /// The segments on their way, in the order in which they arrive.
    flights: VecDeque<Flight>,
    /// Segments that wait to be sent again, with their numbers, in order.
    stalled: VecDeque<(u64, Segment)>,
    /// The time of the first loss since a segment has arrived, and the number of retries.
    stalled_since: Option<u64>,
    retries: u32,
    /// Whether the sender has ended its direction.
    ended: bool,
    /// Whether the end has arrived.
    end_arrived: bool,
    reader: WakerSlot,
    writer: WakerSlot,
}

impl Connection {
    /// Begins to connect to a host.
    pub(super) fn connect(
        host: &Arc<Incarnation>,
        from: Address,
        to: Address,
        to_host: HostId,
    ) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            addresses: [from, to],
            hosts: [host.host, to_host],
            connected: host.clone(),
            state: Mutex::default(),
        });
        connection.send(ACCEPTED, Segment::Connect);
        connection
    }

    /// Creates a connection that fails, since there is no such host.
    pub(super) fn unreachable(
        host: &Arc<Incarnation>,
        from: Address,
        to: Address,
    ) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            addresses: [from, to],
            hosts: [host.host; 2],
            connected: host.clone(),
            state: Mutex::default(),
        });
        connection.send(
            CONNECTED,
            Segment::Answer(Err(io::ErrorKind::HostUnreachable)),
        );
        connection
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

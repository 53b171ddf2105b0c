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

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anyrt_core::net::Address;

use super::link::{Content, Fate, Transit};
use super::wake;
use crate::host::{HostId, Incarnation};
use crate::shared::nanos;

/// The most bytes on their way and in the buffer of a direction.
const WINDOW: usize = 256 * 1024;

/// The time after which a lost segment is sent again for the first time.
const FIRST_RETRY: Duration = Duration::from_millis(200);

/// The time after which a connection is given up whose segments are lost.
const GIVE_UP: Duration = Duration::from_secs(60);

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
    connecting: Option<Waker>,
    /// The incarnation that has accepted the connection.
    accepted: Option<Arc<Incarnation>>,
    /// The pipe to each side.
    pipes: [Pipe; 2],
    sides: [Side; 2],
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
    /// Segments that wait to be sent again, with their numbers, in order.
    stalled: VecDeque<(u64, Segment)>,
    /// The time of the first loss since a segment has arrived, and the number of retries.
    stalled_since: Option<u64>,
    retries: u32,
    /// Whether the sender has ended its direction.
    ended: bool,
    /// Whether the end has arrived.
    end_arrived: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What is sent in one direction.
#[derive(Debug)]
enum Segment {
    Connect,
    Answer(Result<(), io::ErrorKind>),
    Data(Vec<u8>),
    End,
    Reset,
}

impl Pipe {
    /// Puts a segment among those that wait, in the order of the numbers.
    fn stall(&mut self, number: u64, segment: Segment) {
        let at = self.stalled.partition_point(|(other, _)| *other < number);
        self.stalled.insert(at, (number, segment));
    }
}

impl Segment {
    fn content(&self) -> Content<'_> {
        match self {
            Segment::Connect => Content::Connect,
            Segment::Answer(_) => Content::Answer,
            Segment::Data(bytes) => Content::Data(bytes),
            Segment::End => Content::End,
            Segment::Reset => Content::Reset,
        }
    }
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- calls of the sockets ----

    pub(super) fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match state.handshake {
            Handshake::Complete => Poll::Ready(Ok(())),
            Handshake::Failed(kind) => Poll::Ready(Err(kind.into())),
            Handshake::Begun => {
                let old = state.connecting.replace(waker);
                drop(state);
                drop(old);
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_receive(
        &self,
        side: usize,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some(kind) = state.sides[side].error.take() {
            return Poll::Ready(Err(kind.into()));
        }
        let has_ended = state.sides[side].deaf || state.sides[side].broken;
        let pipe = &mut state.pipes[side];
        if !pipe.buffer.is_empty() && !buffer.is_empty() {
            let most = pipe.buffer.len().min(buffer.len());
            let count = self.connected.shared.draw_transfer(most);
            take(&mut pipe.buffer, &mut buffer[..count]);
            let writer = pipe.writer.take();
            drop(state);
            wake(writer);
            return Poll::Ready(Ok(count));
        }
        if pipe.end_arrived || has_ended || buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let old = pipe.reader.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }

    pub(super) fn poll_send(
        self: &Arc<Self>,
        side: usize,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut waker = None;
        // Ends in the second round at the latest, when there is a waker. Most calls need none.
        loop {
            let mut state = self.lock();
            if let Some(kind) = state.sides[side].error.take() {
                return Poll::Ready(Err(kind.into()));
            }
            let is_broken = state.sides[side].broken;
            let pipe = &mut state.pipes[1 - side];
            if is_broken || pipe.ended {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let room = WINDOW.saturating_sub(pipe.buffer.len() + pipe.on_their_way);
            if room > 0 {
                let offered: usize = slices.iter().map(|slice| slice.len()).sum();
                // Drawn only now: a call that is pending draws nothing.
                let most = self.connected.shared.draw_transfer(room.min(offered));
                let bytes = gather(slices, most);
                let count = bytes.len();
                pipe.on_their_way += count;
                if count > 0 {
                    self.send_with(state, 1 - side, Segment::Data(bytes));
                }
                return Poll::Ready(Ok(count));
            }
            if waker.is_some() {
                let old = mem::replace(&mut pipe.writer, waker);
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    pub(super) fn shutdown(self: &Arc<Self>, side: usize, how: Shutdown) -> io::Result<()> {
        if self.lock().sides[side].broken {
            return Err(io::ErrorKind::NotConnected.into());
        }
        if how != Shutdown::Read {
            self.end(side);
            let writer = self.lock().pipes[1 - side].writer.take();
            wake(writer);
        }
        if how != Shutdown::Write {
            let mut state = self.lock();
            state.sides[side].deaf = true;
            let reader = state.pipes[side].reader.take();
            drop(state);
            wake(reader);
        }
        Ok(())
    }

    /// Closes a side whose socket was dropped. The peer learns of a reset if something was not received.
    pub(super) fn close(self: &Arc<Self>, side: usize) {
        let mut state = self.lock();
        state.sides[side].dropped = true;
        let has_unread = !state.pipes[side].buffer.is_empty();
        let wakers = [
            state.pipes[side].reader.take(),
            state.pipes[1 - side].writer.take(),
        ];
        drop(state);
        drop(wakers);
        if has_unread {
            self.send(1 - side, Segment::Reset);
        } else {
            self.end(side);
        }
    }

    /// Closes the side that was never accepted.
    pub(super) fn refuse(self: &Arc<Self>) {
        self.lock().sides[ACCEPTED].dropped = true;
        self.send(CONNECTED, Segment::Reset);
    }

    /// Ends the direction from a side, once.
    fn end(self: &Arc<Self>, side: usize) {
        if !mem::replace(&mut self.lock().pipes[1 - side].ended, true) {
            self.send(1 - side, Segment::End);
        }
    }

    // ---- segments ----

    /// Returns whether a side's host is the one that opened the socket, and has not crashed since.
    fn is_alive(&self, state: &State, side: usize) -> bool {
        match side {
            CONNECTED => self.connected.is_alive(),
            // Before the connection is accepted, any incarnation may accept it.
            _ => state.accepted.as_ref().is_none_or(|host| host.is_alive()),
        }
    }

    /// Sends a segment to a side, after everything that was sent there before.
    fn send(self: &Arc<Self>, side: usize, segment: Segment) {
        self.send_with(self.lock(), side, segment);
    }

    /// As [`send`](Connection::send), for a caller that has the lock.
    fn send_with(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        side: usize,
        segment: Segment,
    ) {
        // What a crashed host sends in its destructors never leaves it.
        if !self.is_alive(&state, 1 - side) {
            return;
        }
        let pipe = &mut state.pipes[side];
        pipe.sent += 1;
        let number = pipe.sent;
        self.send_again(state, side, number, segment);
    }

    /// Sends a segment that has a number, unless others wait: then it waits behind them.
    fn send_again(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        side: usize,
        number: u64,
        segment: Segment,
    ) {
        let pipe = &mut state.pipes[side];
        if !pipe.stalled.is_empty() {
            pipe.stall(number, segment);
            return;
        }
        let shared = &self.connected.shared;
        let [from, to] = [self.hosts[1 - side], self.hosts[side]];
        // The same as below, with fewer locks.
        if let Some(latency) = shared.latency_without_faults(from, to) {
            let (connection, least) = (self.clone(), pipe.last_arrival + 1);
            pipe.last_arrival = shared.deliver_within(latency, least, move || {
                connection.arrive(side, number, segment);
            });
            return;
        }
        let attempts = pipe.retries;
        drop(state);
        self.transmit(side, number, segment, attempts);
    }

    /// Puts a segment on its way, or among those that wait to be sent again. Without the lock, since rules
    /// are foreign code.
    fn transmit(self: &Arc<Self>, side: usize, number: u64, segment: Segment, attempts: u32) {
        let shared = &self.connected.shared;
        let fate = shared.fate(&Transit {
            from: self.hosts[1 - side],
            to: self.hosts[side],
            source: &self.addresses[1 - side],
            destination: &self.addresses[side],
            content: segment.content(),
            attempts,
        });
        let (Fate::Arrives(at) | Fate::ArrivesTwice(at, _)) = fate else {
            self.stall(side, number, segment);
            return;
        };
        let at = {
            let pipe = &mut self.lock().pipes[side];
            pipe.last_arrival = at.max(pipe.last_arrival + 1);
            pipe.last_arrival
        };
        let connection = self.clone();
        shared.deliver_at(at, move || connection.arrive(side, number, segment));
    }

    /// Lets a lost segment wait until it is sent again.
    fn stall(self: &Arc<Self>, side: usize, number: u64, segment: Segment) {
        let shared = &self.connected.shared;
        let now = shared.now();
        let mut state = self.lock();
        let pipe = &mut state.pipes[side];
        pipe.stall(number, segment);
        if pipe.stalled.len() > 1 {
            // The first one has set the timer.
            return;
        }
        let since = *pipe.stalled_since.get_or_insert(now);
        let retry = FIRST_RETRY * (1 << pipe.retries.min(8));
        pipe.retries += 1;
        drop(state);
        let connection = self.clone();
        let at = (now + nanos(retry)).min(since + nanos(GIVE_UP));
        shared.deliver_at(at, move || connection.retry(side, since));
    }

    /// Sends the stalled segments again, or gives the connection up.
    fn retry(self: &Arc<Self>, side: usize, since: u64) {
        if !self.is_alive(&self.lock(), 1 - side) {
            return;
        }
        let stalled = mem::take(&mut self.lock().pipes[side].stalled);
        if self.connected.shared.now() >= since + nanos(GIVE_UP) {
            drop(stalled);
            self.break_off(1 - side, io::ErrorKind::TimedOut);
            return;
        }
        for (number, segment) in stalled {
            self.send_again(self.lock(), side, number, segment);
        }
    }

    /// Delivers a segment to a side.
    fn arrive(self: Arc<Self>, side: usize, number: u64, segment: Segment) {
        let to = self.hosts[side];
        let shared = &self.connected.shared;
        let is_reachable = shared.lock().hosts.is_reachable(to);
        let mut state = self.lock();
        let pipe = &mut state.pipes[side];
        // Segments that were sent earlier may still be among those that wait, and later ones may wait already.
        if !is_reachable || number != pipe.delivered + 1 {
            drop(state);
            self.stall(side, number, segment);
            return;
        }
        pipe.delivered = number;
        (pipe.stalled_since, pipe.retries) = (None, 0);
        match segment {
            Segment::Connect => {
                drop(state);
                self.requested();
            }
            Segment::Answer(answer) => {
                drop(state);
                self.answered(answer);
            }
            // A host that has started again does not know the connection.
            _ if !self.is_alive(&state, side) => {
                drop(state);
                self.break_off(1 - side, io::ErrorKind::ConnectionReset);
            }
            Segment::Data(bytes) => self.arrived(state, side, &bytes),
            Segment::End => {
                state.pipes[side].end_arrived = true;
                let reader = state.pipes[side].reader.take();
                drop(state);
                wake(reader);
            }
            Segment::Reset => {
                drop(state);
                self.break_off(side, io::ErrorKind::ConnectionReset);
            }
        }
    }

    /// Answers the request to connect.
    fn requested(self: Arc<Self>) {
        let [from, to] = &self.addresses;
        let host = self.hosts[ACCEPTED];
        let shared = &self.connected.shared;
        let incarnation = shared.lock().hosts.incarnation(host);
        self.lock().accepted = incarnation;
        let listener = shared.network().book.listener(host, to);
        let accepted = listener.is_some_and(|listener| listener.offer(&self, from));
        let answer = accepted
            .then_some(())
            .ok_or(io::ErrorKind::ConnectionRefused);
        self.send(CONNECTED, Segment::Answer(answer));
    }

    fn answered(&self, answer: Result<(), io::ErrorKind>) {
        let mut state = self.lock();
        state.handshake = match answer {
            Ok(()) => Handshake::Complete,
            Err(kind) => Handshake::Failed(kind),
        };
        let waker = state.connecting.take();
        drop(state);
        wake(waker);
    }

    /// Delivers bytes to a side.
    fn arrived(self: &Arc<Self>, mut state: MutexGuard<'_, State>, side: usize, bytes: &[u8]) {
        let is_gone = state.sides[side].dropped;
        let pipe = &mut state.pipes[side];
        pipe.on_their_way -= bytes.len();
        if is_gone {
            self.send_with(state, 1 - side, Segment::Reset);
            return;
        }
        pipe.buffer.extend(bytes);
        let reader = pipe.reader.take();
        drop(state);
        wake(reader);
    }

    /// Breaks the connection off for a side, with an error, once.
    fn break_off(&self, side: usize, error: io::ErrorKind) {
        let mut state = self.lock();
        if mem::replace(&mut state.sides[side].broken, true) {
            return;
        }
        if matches!(state.handshake, Handshake::Begun) && side == CONNECTED {
            state.handshake = Handshake::Failed(error);
        }
        state.sides[side].error = Some(error);
        state.pipes[side].buffer.clear();
        let wakers = [
            state.connecting.take().filter(|_| side == CONNECTED),
            state.pipes[side].reader.take(),
            state.pipes[1 - side].writer.take(),
        ];
        drop(state);
        wakers.into_iter().for_each(wake);
    }
}

/// Fills the buffer from the front of a queue, which has at least as many bytes.
fn take(queue: &mut VecDeque<u8>, buffer: &mut [u8]) {
    let count = buffer.len();
    let (first, second) = queue.as_slices();
    let split = first.len().min(count);
    buffer[..split].copy_from_slice(&first[..split]);
    buffer[split..].copy_from_slice(&second[..count - split]);
    if count == queue.len() {
        queue.clear();
    } else {
        queue.drain(..count);
    }
}

/// Copies this number of bytes of the slices, which have at least as many.
fn gather(slices: &[IoSlice<'_>], count: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count);
    for slice in slices {
        let part = slice.len().min(count - bytes.len());
        bytes.extend_from_slice(&slice[..part]);
    }
    bytes
}

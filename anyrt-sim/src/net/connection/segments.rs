//! The segments of a connection on their way: numbered, delivered in order, and sent again when they are lost.

use std::io;
use std::mem;
use std::sync::{Arc, MutexGuard};
use std::task::{Wake, Waker};
use std::time::Duration;

use super::{ACCEPTED, CONNECTED, Connection, Flight, Handshake, Pipe, State};
use crate::events::{PacketFate, PacketKind, SentPacket};
use crate::host::HostId;
use crate::net::link::{Fate, Transit};
use crate::net::rules::Content;
use crate::net::wake;
use crate::shared::nanos;

/// The time after which a lost segment is sent again for the first time.
const FIRST_RETRY: Duration = Duration::from_millis(200);

/// The time after which a connection is given up whose segments are lost.
const GIVE_UP: Duration = Duration::from_secs(60);

/// The maximum number of buffers that a connection keeps for further segments, and the maximum size of each.
const SPARE: usize = 4;
const LARGEST_SPARE: usize = 4096;

/// What is sent in one direction.
#[derive(Debug)]
pub(super) enum Segment {
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

impl Segment {
    /// Returns the packet for an event, from the host that sends it.
    fn sent(&self, transit: &Transit<'_>, fate: PacketFate) -> (HostId, SentPacket) {
        let (from, mut packet) = transit.sent(fate);
        if let Segment::Answer(Err(_)) = self {
            packet.kind = PacketKind::Refusal;
        }
        (from, packet)
    }
}

impl State {
    /// Puts a segment to a side on its way. A timer wakes the connection at that time.
    fn depart(&mut self, side: usize, at: u64, number: u64, segment: Segment) {
        self.departures += 1;
        let arrival = (at, self.departures);
        let pipe = &mut self.pipes[side];
        pipe.last_arrival = at;
        pipe.flights.push_back(Flight {
            arrival,
            number,
            segment,
        });
    }

    /// Takes the segment that arrives first, and returns its side and number: the timers wake the connection once for
    /// each, in the order of the arrivals and, for equal ones, of the departures.
    fn next_arrival(&mut self) -> Option<(usize, u64, Segment)> {
        let arrival = |pipe: &Pipe| pipe.flights.front().map(|flight| flight.arrival);
        let side = match [&self.pipes[0], &self.pipes[1]].map(arrival) {
            [Some(first), Some(second)] => usize::from(second < first),
            [first, _] => usize::from(first.is_none()),
        };
        let flight = self.pipes[side].flights.pop_front()?;
        Some((side, flight.number, flight.segment))
    }
}

impl Wake for Connection {
    fn wake(self: Arc<Self>) {
        self.arrive();
    }
}

impl Connection {
    /// Returns whether a side's host is the one that opened the socket, and has not crashed since.
    fn is_alive(&self, state: &State, side: usize) -> bool {
        match side {
            CONNECTED => self.connected.is_alive(),
            // Before the connection is accepted, any incarnation may accept it.
            _ => state.accepted.as_ref().is_none_or(|host| host.is_alive()),
        }
    }

    /// Sends a segment to a side, after everything that was sent there before.
    pub(super) fn send(self: &Arc<Self>, side: usize, segment: Segment) {
        self.send_with(self.lock(), side, segment);
    }

    /// As [`send`](Connection::send), for a caller that has the lock.
    pub(super) fn send_with(
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
            let (least, attempts) = (pipe.last_arrival + 1, pipe.retries);
            let sent = || {
                let transit = self.transit(side, number, &segment, attempts);
                segment.sent(&transit, PacketFate::Arrives).1
            };
            let packet = Waker::from(self.clone());
            let at = shared.deliver_within(latency, least, packet, from, sent);
            state.depart(side, at, number, segment);
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
        let transit = self.transit(side, number, &segment, attempts);
        if let Some(hold) = shared.hold_between(transit.from, transit.to) {
            let connection = self.clone();
            hold.add(move || connection.transmit(side, number, segment, attempts));
            // It is not lost: the minute after which the connection is given up begins anew.
            let pipe = &mut self.lock().pipes[side];
            (pipe.stalled_since, pipe.retries) = (None, 0);
            return;
        }
        let (at, fate) = match shared.fate(&transit) {
            Fate::Arrives(at, fate) => (at, fate),
            Fate::ArrivesTwice(at, _) => (at, PacketFate::Arrives),
            Fate::Lost => {
                self.stall(side, number, segment);
                return;
            }
        };
        let sent = segment.sent(&transit, fate);
        let mut state = self.lock();
        let at = at.max(state.pipes[side].last_arrival + 1);
        shared.deliver_at(at, Waker::from(self.clone()), sent);
        state.depart(side, at, number, segment);
    }

    /// Returns a segment as the network sees it.
    fn transit<'a>(
        &'a self,
        side: usize,
        number: u64,
        segment: &'a Segment,
        attempts: u32,
    ) -> Transit<'a> {
        Transit {
            from: self.hosts[1 - side],
            to: self.hosts[side],
            source: &self.addresses[1 - side],
            destination: &self.addresses[side],
            content: segment.content(),
            number,
            attempts,
        }
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
        let from = self.hosts[1 - side];
        shared.retry_at(at, from, move || connection.retry(side, since));
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

    /// Delivers the segment that arrives now.
    fn arrive(self: Arc<Self>) {
        let mut state = self.lock();
        let Some((side, number, segment)) = state.next_arrival() else {
            return;
        };
        let to = self.hosts[side];
        let is_reachable = self.connected.shared.lock().hosts.is_reachable(to);
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
            Segment::Data(bytes) => self.arrived(state, side, bytes),
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
    fn arrived(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        side: usize,
        mut bytes: Vec<u8>,
    ) {
        let is_gone = state.sides[side].dropped;
        let pipe = &mut state.pipes[side];
        pipe.on_their_way -= bytes.len();
        if is_gone {
            self.send_with(state, 1 - side, Segment::Reset);
            return;
        }
        pipe.buffer.extend(&bytes);
        let reader = pipe.reader.take();
        if state.spare.len() < SPARE && bytes.capacity() <= LARGEST_SPARE {
            bytes.clear();
            state.spare.push(bytes);
        }
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

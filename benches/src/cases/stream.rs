//! Objects between tasks.

use std::fmt;
use std::hint::black_box;

use anyrt_core::stream::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, UNBOUNDED, memory_object_stream,
};
use tokio::sync::mpsc;

use super::{Case, Floor, Side};
use crate::setup::{Setup, TokioCurrent, TokioTwo};
use crate::work::{self, Job, Tasks};

const OBJECTS: usize = 40_000;

const CAPACITIES: [usize; 4] = [0, 1, 64, UNBOUNDED];

/// The numbers of senders and of receivers.
const CROWDS: [(usize, usize); 3] = [(1, 1), (8, 1), (8, 8)];

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<TokioTwo>(cases);
}

fn add_on<L: Setup>(cases: &mut Vec<Case>) {
    for capacity in CAPACITIES {
        for (senders, receivers) in CROWDS {
            // If the capacity is unbounded, a plain call is the recommended way to send.
            let shape = Shape {
                capacity,
                senders,
                receivers,
                awaits: capacity != UNBOUNDED,
            };
            add_shape::<L>(cases, shape);
        }
    }
    let awaits = Shape {
        capacity: UNBOUNDED,
        senders: 1,
        receivers: 1,
        awaits: true,
    };
    add_peer::<L, AsyncChannel>(cases, awaits);
    add_peer::<L, Flume>(cases, awaits);
}

/// Adds the counterparts that have this shape: tokio's channels have one receiver, and only flume
/// supports a direct hand-over.
fn add_shape<L: Setup>(cases: &mut Vec<Case>, shape: Shape) {
    if shape.receivers == 1 && shape.is_unbounded() {
        add_peer::<L, TokioUnbounded>(cases, shape);
    } else if shape.receivers == 1 && shape.capacity > 0 {
        add_peer::<L, TokioBounded>(cases, shape);
    }
    if shape.capacity > 0 {
        add_peer::<L, AsyncChannel>(cases, shape);
    }
    add_peer::<L, Flume>(cases, shape);
}

fn add_peer<L: Setup, P: Peer>(cases: &mut Vec<Case>, shape: Shape) {
    let floor = if P::FAIR || shape.is_fair_anyway() {
        Floor::Ratio(1.00)
    } else {
        Floor::None
    };
    for tasks in Tasks::BOTH {
        cases.push(Case::new(
            format!("{shape}{}", tasks.suffix()),
            L::NAME,
            P::NAME,
            OBJECTS,
            floor,
            move |side, count| {
                let jobs = match side {
                    Side::Ours => jobs::<Ours>,
                    Side::Theirs => jobs::<P>,
                };
                work::time::<L>(tasks, side, count, |count| jobs(shape, count))
            },
        ));
    }
}

#[derive(Clone, Copy)]
struct Shape {
    capacity: usize,
    senders: usize,
    receivers: usize,
    /// Set if sending is awaited; otherwise it is a plain call that must succeed.
    awaits: bool,
}

impl Shape {
    fn is_unbounded(self) -> bool {
        self.capacity == UNBOUNDED
    }

    /// Returns whether no waiter can be overtaken, because at most one waits on either side.
    fn is_fair_anyway(self) -> bool {
        self.receivers == 1 && (self.senders == 1 || self.is_unbounded())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stream, ")?;
        match self.capacity {
            UNBOUNDED if self.awaits => f.write_str("unbounded, awaited")?,
            UNBOUNDED => f.write_str("unbounded")?,
            capacity => write!(f, "capacity {capacity}")?,
        }
        write!(f, ", {}:{}", self.senders, self.receivers)
    }
}

fn jobs<P: Peer>(shape: Shape, count: usize) -> Vec<Job> {
    let (sender, receivers) = P::open(shape.capacity, shape.receivers);
    let mut jobs: Vec<Job> = Vec::new();
    for receiver in receivers {
        jobs.push(Box::pin(receive_all::<P>(receiver)));
    }
    for _ in 0..shape.senders {
        let (sender, count) = (sender.clone(), count / shape.senders);
        jobs.push(if shape.awaits {
            Box::pin(send_awaiting::<P>(sender, count))
        } else {
            Box::pin(send_plainly::<P>(sender, count))
        });
    }
    jobs
}

async fn receive_all<P: Peer>(mut receiver: P::Receiver) {
    while let Some(object) = P::receive(&mut receiver).await {
        black_box(object);
    }
}

async fn send_awaiting<P: Peer>(sender: P::Sender, count: usize) {
    for object in 0..count {
        P::send(&sender, object).await;
    }
}

async fn send_plainly<P: Peer>(sender: P::Sender, count: usize) {
    for object in 0..count {
        P::send_now(&sender, object);
    }
}

/// A kind of channel.
trait Peer: 'static {
    const NAME: &'static str;
    /// Set if waiting senders are served in the order of their arrival, like those of anyrt.
    const FAIR: bool;
    type Sender: Clone + Send + 'static;
    type Receiver: Send + 'static;

    fn open(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>);
    fn send(sender: &Self::Sender, object: usize) -> impl Future<Output = ()> + Send;
    /// Sends an object where there is always space.
    fn send_now(sender: &Self::Sender, object: usize);
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<usize>> + Send;
}

/// The invariant of every way to send: the receivers stay until the end.
const SENT: &str = "a receiver is there, and room";

struct Ours;

impl Peer for Ours {
    const NAME: &'static str = "memory_object_stream";
    const FAIR: bool = true;
    type Sender = MemoryObjectSendStream<usize>;
    type Receiver = MemoryObjectReceiveStream<usize>;

    fn open(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let (sender, receiver) = memory_object_stream(capacity);
        (sender, vec![receiver; receivers])
    }

    #[inline]
    async fn send(sender: &Self::Sender, object: usize) {
        sender.send(object).await.expect(SENT);
    }

    #[inline]
    fn send_now(sender: &Self::Sender, object: usize) {
        sender.try_send(object).expect(SENT);
    }

    #[inline]
    async fn receive(receiver: &mut Self::Receiver) -> Option<usize> {
        receiver.receive().await.ok()
    }
}

struct TokioBounded;

impl Peer for TokioBounded {
    const NAME: &'static str = "tokio::sync::mpsc";
    const FAIR: bool = true;
    type Sender = mpsc::Sender<usize>;
    type Receiver = mpsc::Receiver<usize>;

    fn open(capacity: usize, _one: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (sender, vec![receiver])
    }

    #[inline]
    async fn send(sender: &Self::Sender, object: usize) {
        sender.send(object).await.expect(SENT);
    }

    #[inline]
    fn send_now(sender: &Self::Sender, object: usize) {
        sender.try_send(object).expect(SENT);
    }

    #[inline]
    async fn receive(receiver: &mut Self::Receiver) -> Option<usize> {
        receiver.recv().await
    }
}

struct TokioUnbounded;

impl Peer for TokioUnbounded {
    const NAME: &'static str = "tokio::sync::mpsc";
    const FAIR: bool = true;
    type Sender = mpsc::UnboundedSender<usize>;
    type Receiver = mpsc::UnboundedReceiver<usize>;

    fn open(_unbounded: usize, _one: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, vec![receiver])
    }

    #[inline]
    async fn send(sender: &Self::Sender, object: usize) {
        Self::send_now(sender, object);
    }

    #[inline]
    fn send_now(sender: &Self::Sender, object: usize) {
        sender.send(object).expect(SENT);
    }

    #[inline]
    async fn receive(receiver: &mut Self::Receiver) -> Option<usize> {
        receiver.recv().await
    }
}

struct AsyncChannel;

impl Peer for AsyncChannel {
    const NAME: &'static str = "async-channel";
    const FAIR: bool = false;
    type Sender = async_channel::Sender<usize>;
    type Receiver = async_channel::Receiver<usize>;

    fn open(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let (sender, receiver) = match capacity {
            UNBOUNDED => async_channel::unbounded(),
            capacity => async_channel::bounded(capacity),
        };
        (sender, vec![receiver; receivers])
    }

    #[inline]
    async fn send(sender: &Self::Sender, object: usize) {
        sender.send(object).await.expect(SENT);
    }

    #[inline]
    fn send_now(sender: &Self::Sender, object: usize) {
        sender.try_send(object).expect(SENT);
    }

    #[inline]
    async fn receive(receiver: &mut Self::Receiver) -> Option<usize> {
        receiver.recv().await.ok()
    }
}

struct Flume;

impl Peer for Flume {
    const NAME: &'static str = "flume";
    const FAIR: bool = true;
    type Sender = flume::Sender<usize>;
    type Receiver = flume::Receiver<usize>;

    fn open(capacity: usize, receivers: usize) -> (Self::Sender, Vec<Self::Receiver>) {
        let (sender, receiver) = match capacity {
            UNBOUNDED => flume::unbounded(),
            capacity => flume::bounded(capacity),
        };
        (sender, vec![receiver; receivers])
    }

    #[inline]
    async fn send(sender: &Self::Sender, object: usize) {
        sender.send_async(object).await.expect(SENT);
    }

    #[inline]
    fn send_now(sender: &Self::Sender, object: usize) {
        sender.try_send(object).expect(SENT);
    }

    #[inline]
    async fn receive(receiver: &mut Self::Receiver) -> Option<usize> {
        receiver.recv_async().await.ok()
    }
}

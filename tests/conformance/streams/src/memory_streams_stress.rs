//! Sending and receiving, cancelled at random: MS-01, MS-02, MS-09, MS-11, C4.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use anyrt_core::cancel::CancelScope;
use anyrt_core::stream::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, UNBOUNDED, memory_object_stream,
};
use anyrt_core::task::task_group;
use futures_util::StreamExt;

use crate::erased::{Backend, R};
use crate::support::{poll_once, run, yields};

/// The outcomes of each object that a sender had.
type Attempts = BTreeMap<usize, Vec<(usize, Fate)>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Sent,
    /// The object was refused and returned.
    Refused,
    /// The call was dropped: the object was sent or not.
    Unknown,
}

/// An object that counts how many of its kind exist.
struct Item {
    sender: usize,
    number: usize,
    living: Arc<AtomicUsize>,
}

impl Item {
    fn new(sender: usize, number: usize, living: &Arc<AtomicUsize>) -> Item {
        living.fetch_add(1, Ordering::SeqCst);
        Item {
            sender,
            number,
            living: living.clone(),
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A small generator, so that a run depends on the seed alone.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// MS-01, MS-02, MS-09, MS-11, C4: with thousands of tasks that send, receive, are cancelled and dropped at
/// random, every object that was sent is received once.
pub fn nothing_is_lost_under_stress(backend: &Backend) {
    for seed in 1..=12 {
        run(backend, stress(seed, 60));
    }
}

/// MS-01, MS-02, MS-11, C4: with one receiver, which cancels at random, each sender's objects are received
/// in order. (Of several receivers, one may get an object later that another has passed on.)
pub fn the_order_stays_under_stress(backend: &Backend) {
    for seed in 1..=12 {
        run(backend, stress(seed, 1));
    }
}

async fn stress(seed: u64, receivers: u64) {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let capacity = [0, 0, 1, 2, 64, UNBOUNDED][chance.below(6)];
    let (tx, rx) = memory_object_stream::<Item>(capacity);
    let living = Arc::new(AtomicUsize::new(0));
    let group = task_group::<R, Infallible, _, _>(async |tg| {
        let mut sending = Vec::new();
        for id in 0..120 {
            let (tx, living) = (tx.clone(), living.clone());
            let chance = Chance(seed + 1000 * (id as u64 + 1));
            sending.push(tg.spawn(async move { Ok(send_some(id, tx, living, chance).await) }));
        }
        let mut receiving = Vec::new();
        for id in 0..receivers {
            let rx = rx.clone();
            let chance = Chance(seed + 7_000_000 * (id + 1));
            receiving.push(tg.spawn(async move { Ok(receive_some(rx, chance).await) }));
        }
        drop(tx);
        let mut received = Vec::new();
        for task in receiving {
            received.push(task.value().await);
        }
        let mut rest = Vec::new();
        while let Ok(item) = rx.receive().await {
            rest.push((item.sender, item.number));
        }
        received.push(rest);
        let mut attempts = Attempts::new();
        for (id, task) in sending.into_iter().enumerate() {
            attempts.insert(id, task.value().await);
        }
        if receivers == 1 {
            check_order(&received.concat(), seed);
        }
        check(&attempts, &received.concat(), seed);
        Ok(())
    });
    group.await.unwrap();
    assert_eq!(
        living.load(Ordering::SeqCst),
        0,
        "seed {seed}: an object is left"
    );
}

async fn send_some(
    id: usize,
    tx: MemoryObjectSendStream<Item>,
    living: Arc<AtomicUsize>,
    mut chance: Chance,
) -> Vec<(usize, Fate)> {
    let mut fates = Vec::new();
    for number in 0..40 {
        let item = Item::new(id, number, &living);
        let fate = match chance.below(6) {
            0 => match tx.try_send(item) {
                Ok(()) => Fate::Sent,
                Err(_) => Fate::Refused,
            },
            // Dropped after some polls.
            1 => {
                let mut send = pin!(tx.send(item));
                let mut fate = Fate::Unknown;
                for _ in 0..chance.below(4) {
                    if poll_once(send.as_mut()).await.is_ready() {
                        fate = Fate::Sent;
                        break;
                    }
                    yields(1).await;
                }
                fate
            }
            // Cancelled, before or while it waits.
            2 => {
                let scope = CancelScope::<R>::new();
                let handle = scope.handle();
                let mut scoped = pin!(scope.run(tx.send(item)));
                let polls = chance.below(3);
                let mut fate = None;
                for _ in 0..polls {
                    if poll_once(scoped.as_mut()).await.is_ready() {
                        fate = Some(Fate::Sent);
                        break;
                    }
                    yields(1).await;
                }
                match fate {
                    Some(fate) => fate,
                    None => {
                        handle.cancel();
                        match scoped.await {
                            Ok(_) => Fate::Sent,
                            Err(_) if polls == 0 => Fate::Refused,
                            Err(_) => Fate::Unknown,
                        }
                    }
                }
            }
            3 => {
                let clone = tx.clone();
                clone
                    .send(item)
                    .await
                    .unwrap_or_else(|_| panic!("a receiver is there"));
                Fate::Sent
            }
            _ => {
                tx.send(item)
                    .await
                    .unwrap_or_else(|_| panic!("a receiver is there"));
                Fate::Sent
            }
        };
        fates.push((number, fate));
    }
    fates
}

async fn receive_some(
    mut rx: MemoryObjectReceiveStream<Item>,
    mut chance: Chance,
) -> Vec<(usize, usize)> {
    let mut received = Vec::new();
    let mut take = |item: Item| received.push((item.sender, item.number));
    // Some leave early, with the objects that were handed to them.
    let turns = if chance.below(3) == 0 {
        chance.below(50)
    } else {
        usize::MAX
    };
    for _ in 0..turns {
        match chance.below(6) {
            0 => {
                if let Ok(item) = rx.try_receive() {
                    take(item);
                } else {
                    yields(1).await;
                }
            }
            1 => {
                let mut receive = pin!(rx.receive());
                for _ in 0..chance.below(4) {
                    if let Poll::Ready(got) = poll_once(receive.as_mut()).await {
                        got.into_iter().for_each(&mut take);
                        break;
                    }
                    yields(1).await;
                }
            }
            2 => {
                let scope = CancelScope::<R>::new();
                let handle = scope.handle();
                let mut scoped = pin!(scope.run(rx.receive()));
                if let Poll::Ready(got) = poll_once(scoped.as_mut()).await {
                    got.into_iter().flatten().for_each(&mut take);
                    continue;
                }
                yields(chance.below(2)).await;
                handle.cancel();
                scoped.await.into_iter().flatten().for_each(&mut take);
            }
            3 => {
                let mut next = pin!(rx.next());
                if let Poll::Ready(got) = poll_once(next.as_mut()).await {
                    got.into_iter().for_each(&mut take);
                }
            }
            4 => rx = rx.clone(),
            _ => match rx.receive().await {
                Ok(item) => take(item),
                Err(_) => break,
            },
        }
    }
    received
}

fn check_order(received: &[(usize, usize)], seed: u64) {
    let mut last = BTreeMap::new();
    for (sender, number) in received {
        if let Some(before) = last.insert(*sender, *number) {
            assert!(
                before < *number,
                "seed {seed}: {number} of {sender} after {before}"
            );
        }
    }
}

fn check(attempts: &Attempts, received: &[(usize, usize)], seed: u64) {
    let mut times = BTreeMap::new();
    for item in received {
        *times.entry(*item).or_insert(0) += 1;
    }
    for (sender, fates) in attempts {
        for (number, fate) in fates {
            let times = times.remove(&(*sender, *number)).unwrap_or(0);
            let right = match fate {
                Fate::Sent => times == 1,
                Fate::Refused => times == 0,
                Fate::Unknown => times <= 1,
            };
            assert!(
                right,
                "seed {seed}: {number} of {sender} was {fate:?}, and came {times} times"
            );
        }
    }
    assert!(times.is_empty(), "seed {seed}: nobody sent {times:?}");
}

anyrt_conformance_kit::cases! { memory_streams_stress: erased,
    nothing_is_lost_under_stress,
    the_order_stays_under_stress,
}

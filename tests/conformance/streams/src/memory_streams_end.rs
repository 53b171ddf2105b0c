//! The end of memory object streams, and closed handles: MS-05 to MS-09.

use std::convert::Infallible;
use std::pin::pin;
use std::task::Poll;

use anyrt_core::stream::{
    ReceiveError, SendError, TryReceiveError, TrySendError, UNBOUNDED, memory_object_stream,
};
use anyrt_core::task::task_group;
use futures_util::StreamExt;

use crate::erased::{Backend, R};
use crate::support::{Flag, Wakes, run};

/// MS-05: iterating yields everything, and ends when all senders are gone.
pub fn iterating_ends_with_the_last_sender(backend: &Backend) {
    run(backend, async {
        for capacity in [0, 1, 10, UNBOUNDED] {
            let (tx, rx) = memory_object_stream(capacity);
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let other = tx.clone();
                tg.spawn(async move {
                    for n in 0..50 {
                        tx.send(n).await.unwrap();
                    }
                });
                tg.spawn(async move {
                    for n in 50..100 {
                        other.send(n).await.unwrap();
                    }
                });
                let mut all: Vec<u32> = rx.collect().await;
                let firsts: Vec<_> = all.iter().copied().filter(|n| *n < 50).collect();
                assert!(firsts.is_sorted(), "{firsts:?}");
                all.sort_unstable();
                assert!(all.iter().copied().eq(0..100), "{all:?}");
                Ok(())
            });
            group.await.unwrap();
        }
    });
}

/// MS-05, MS-11: an object that was handed to a `next` which was dropped is not lost: the handle has it,
/// and passes it on when it is closed.
pub fn a_dropped_next_loses_nothing(backend: &Backend) {
    run(backend, async {
        let (tx, mut rx) = memory_object_stream(0);
        let mut other = rx.clone();
        let wakes = Wakes::new();
        assert!(wakes.poll(pin!(rx.next())).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!(rx.receive().await, Ok(1), "received otherwise");
        assert!(wakes.poll(pin!(rx.next())).is_pending());
        tx.try_send(2).unwrap();
        assert_eq!(wakes.poll(pin!(rx.next())), Poll::Ready(Some(2)));
        assert!(wakes.poll(pin!(rx.next())).is_pending());
        assert!(wakes.poll(pin!(other.next())).is_pending());
        tx.try_send(3).unwrap();
        drop(rx);
        assert_eq!(wakes.poll(pin!(other.next())), Poll::Ready(Some(3)));
        other.close();
        assert_eq!(other.next().await, None);
    });
}

/// MS-06: with the last sender closed, the remaining objects are received, and then the end, in each form
/// of receiving; waiting receivers are woken at once.
pub fn the_end_comes_after_what_is_left(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(3);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        tx.close();
        assert_eq!(rx.receive().await, Ok(1));
        assert_eq!(rx.try_receive(), Ok(2));
        for _ in 0..2 {
            assert_eq!(rx.receive().await, Err(ReceiveError::EndOfStream));
            assert_eq!(rx.try_receive(), Err(TryReceiveError::EndOfStream));
        }

        let (tx, rx) = memory_object_stream::<u8>(0);
        let (wakes, other) = (Wakes::new(), rx.clone());
        let mut one = pin!(rx.receive());
        let mut two = pin!(other.receive());
        assert!(wakes.poll(one.as_mut()).is_pending());
        assert!(wakes.poll(two.as_mut()).is_pending());
        drop(tx);
        assert_eq!(wakes.count(), 2);
        let ended = Poll::Ready(Err(ReceiveError::EndOfStream));
        assert_eq!(wakes.poll(one), ended);
        assert_eq!(wakes.poll(two), ended);
    });
}

/// MS-06, C4: the end is not reported as long as an object that was handed over may come back.
pub fn the_end_waits_for_what_was_handed_over(backend: &Backend) {
    run(backend, async {
        for taken in [true, false] {
            let (tx, rx) = memory_object_stream(0);
            let other = rx.clone();
            let wakes = Wakes::new();
            let mut one = Box::pin(rx.receive());
            let mut two = pin!(other.receive());
            assert!(wakes.poll(one.as_mut()).is_pending());
            assert!(wakes.poll(two.as_mut()).is_pending());
            tx.try_send(1).unwrap();
            drop(tx);
            assert!(wakes.poll(two.as_mut()).is_pending());
            assert_eq!(wakes.count(), 1);
            if taken {
                assert_eq!(wakes.poll(one.as_mut()), Poll::Ready(Ok(1)));
                assert_eq!(wakes.count(), 2);
                let ended = Poll::Ready(Err(ReceiveError::EndOfStream));
                assert_eq!(wakes.poll(two.as_mut()), ended);
            } else {
                drop(one);
                assert_eq!(wakes.count(), 2);
                assert_eq!(wakes.poll(two.as_mut()), Poll::Ready(Ok(1)));
            }
            assert_eq!(other.try_receive(), Err(TryReceiveError::EndOfStream));
        }
    });
}

/// MS-07: with the last receiver closed, sending is broken permanently, also for waiting senders; the
/// objects in the stream are dropped.
pub fn without_receivers_sending_is_broken(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(1);
        let dropped = Flag::new();
        tx.send(Some(dropped.on_drop())).await.unwrap();
        let (wakes, other) = (Wakes::new(), tx.clone());
        let mut one = pin!(tx.send(None));
        let mut two = pin!(other.send(None));
        assert!(wakes.poll(one.as_mut()).is_pending());
        assert!(wakes.poll(two.as_mut()).is_pending());
        drop(rx);
        assert!(dropped.is_raised());
        assert_eq!(wakes.count(), 2);
        for waited in [wakes.poll(one), wakes.poll(two)] {
            assert!(matches!(waited, Poll::Ready(Err(SendError::Broken(None)))));
        }
        for _ in 0..2 {
            assert!(matches!(tx.send(None).await, Err(SendError::Broken(None))));
            assert!(matches!(tx.try_send(None), Err(TrySendError::Broken(None))));
        }
    });
}

/// MS-08: every operation on a closed handle returns `Closed`, also on its clones; closing it again has no
/// effect.
pub fn a_closed_handle_says_so(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(2);
        let (open_tx, open_rx) = (tx.clone(), rx.clone());
        tx.close();
        tx.close();
        for closed in [&tx, &tx.clone()] {
            assert!(matches!(closed.send(1).await, Err(SendError::Closed(1))));
            assert!(matches!(closed.try_send(1), Err(TrySendError::Closed(1))));
        }
        rx.close();
        rx.close();
        for closed in [&rx, &rx.clone()] {
            assert_eq!(closed.receive().await, Err(ReceiveError::Closed));
            assert_eq!(closed.try_receive(), Err(TryReceiveError::Closed));
        }
        let now = open_tx.statistics();
        assert_eq!((now.open_senders, now.open_receivers), (1, 1));
        open_tx.send(2).await.unwrap();
        assert_eq!(open_rx.receive().await, Ok(2));
        // Both sides closed: the handle's own side has precedence.
        open_rx.close();
        assert!(matches!(tx.try_send(3), Err(TrySendError::Closed(3))));
        assert!(matches!(open_tx.try_send(3), Err(TrySendError::Broken(3))));
    });
}

/// MS-09: clones close one by one, by `close` or by being dropped.
pub fn a_side_is_closed_when_its_last_clone_is(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(1);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        assert_eq!(tx.statistics().open_senders, 2);
        assert_eq!(tx.statistics().open_receivers, 2);
        tx.close();
        drop(tx);
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
        drop(rx);
        tx2.send(1).await.unwrap();
        assert_eq!(rx2.receive().await, Ok(1));
        drop(tx2);
        assert_eq!(rx2.receive().await, Err(ReceiveError::EndOfStream));
        assert_eq!(rx2.statistics().open_senders, 0);

        let (tx, rx) = memory_object_stream(1);
        let rx2 = rx.clone();
        drop(rx);
        tx.send(1).await.unwrap();
        rx2.close();
        assert!(matches!(tx.send(2).await, Err(SendError::Broken(2))));
    });
}

anyrt_conformance_kit::cases! { memory_streams_end: erased,
    iterating_ends_with_the_last_sender,
    a_dropped_next_loses_nothing,
    the_end_comes_after_what_is_left,
    the_end_waits_for_what_was_handed_over,
    without_receivers_sending_is_broken,
    a_closed_handle_says_so,
    a_side_is_closed_when_its_last_clone_is,
}

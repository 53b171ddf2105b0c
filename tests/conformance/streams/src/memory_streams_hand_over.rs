//! The ownership of objects in a memory object stream: MS-12 to MS-15.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use anyrt_core::stream::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, ReceiveError, TryReceiveError, TrySendError,
    memory_object_stream,
};
use anyrt_core::task::task_group;
use futures_util::{Stream, StreamExt};

use crate::erased::{Backend, R};
use crate::support::{Flag, OnDrop, Wakes, run, until};

/// MS-13: the statistics are correct, on both sides.
pub fn statistics_tell_the_same_from_either_side(backend: &Backend) {
    fn check<T>(
        tx: &MemoryObjectSendStream<T>,
        rx: &MemoryObjectReceiveStream<T>,
        expected: [usize; 6],
    ) {
        let now = tx.statistics();
        assert_eq!(now, rx.statistics());
        let found = [
            now.capacity,
            now.buffered,
            now.open_senders,
            now.open_receivers,
            now.waiting_senders,
            now.waiting_receivers,
        ];
        assert_eq!(found, expected);
    }
    run(backend, async {
        let (tx, rx) = memory_object_stream(1);
        let wakes = Wakes::new();
        check(&tx, &rx, [1, 0, 1, 1, 0, 0]);
        {
            let mut one = pin!(rx.receive());
            let mut two = pin!(rx.receive());
            assert!(wakes.poll(one.as_mut()).is_pending());
            check(&tx, &rx, [1, 0, 1, 1, 0, 1]);
            assert!(wakes.poll(two.as_mut()).is_pending());
            check(&tx, &rx, [1, 0, 1, 1, 0, 2]);
            tx.try_send(0).unwrap();
            check(&tx, &rx, [1, 0, 1, 1, 0, 1]);
            assert!(wakes.poll(one).is_ready());
        }
        check(&tx, &rx, [1, 0, 1, 1, 0, 0]);
        tx.try_send(1).unwrap();
        check(&tx, &rx, [1, 1, 1, 1, 0, 0]);
        {
            let mut one = pin!(tx.send(2));
            let mut two = pin!(tx.send(3));
            assert!(wakes.poll(one.as_mut()).is_pending());
            assert!(wakes.poll(two.as_mut()).is_pending());
            check(&tx, &rx, [1, 1, 1, 1, 2, 0]);
            assert_eq!(rx.try_receive(), Ok(1));
            check(&tx, &rx, [1, 1, 1, 1, 1, 0]);
        }
        check(&tx, &rx, [1, 1, 1, 1, 0, 0]);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        check(&tx, &rx, [1, 1, 2, 2, 0, 0]);
        tx2.close();
        drop(rx2);
        check(&tx2, &rx, [1, 1, 1, 1, 0, 0]);
        drop(tx);
        check(&tx2, &rx, [1, 1, 0, 1, 0, 0]);
        rx.close();
        check(&tx2, &rx, [1, 0, 0, 0, 0, 0]);
    });
}

/// MS-14: a waiting receiver owns the object just sent; a waiting sender owns the room that has just become
/// free.
pub fn who_waits_owns_what_comes(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(1);
        let wakes = Wakes::new();
        {
            let mut receive = pin!(rx.receive());
            assert!(wakes.poll(receive.as_mut()).is_pending());
            tx.try_send(1).unwrap();
            assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
            tx.try_send(2).unwrap();
            assert_eq!(rx.try_receive(), Ok(2), "the first has its owner");
            assert_eq!(wakes.poll(receive), Poll::Ready(Ok(1)));
        }
        tx.try_send(3).unwrap();
        let mut send = pin!(tx.send(4));
        assert!(wakes.poll(send.as_mut()).is_pending());
        assert_eq!(rx.try_receive(), Ok(3));
        assert!(matches!(tx.try_send(5), Err(TrySendError::WouldBlock(5))));
        assert!(wakes.poll(send).is_ready());
        assert_eq!(rx.receive().await, Ok(4));
    });
}

/// C4: an object that was handed to a receiver which is dropped is passed to the next one that waits, or
/// returned to its place in the stream, in whatever order receivers are dropped.
pub fn what_is_not_taken_is_passed_on_in_order(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(2);
        let wakes = Wakes::new();
        let mut first = Box::pin(rx.receive());
        let mut second = Box::pin(rx.receive());
        assert!(wakes.poll(first.as_mut()).is_pending());
        assert!(wakes.poll(second.as_mut()).is_pending());
        tx.try_send(1).unwrap();
        drop(first);
        assert_eq!(wakes.count(), 2);
        assert_eq!(wakes.poll(second.as_mut()), Poll::Ready(Ok(1)));
        drop(second);

        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let mut receives: Vec<_> = (0..3).map(|_| Some(Box::pin(rx.receive()))).collect();
            for receive in receives.iter_mut().flatten() {
                assert!(wakes.poll(receive.as_mut()).is_pending());
            }
            for n in 0..5 {
                tx.try_send(n).unwrap();
            }
            for leaving in order {
                receives[leaving] = None;
            }
            assert_eq!(rx.statistics().buffered, 5);
            assert!(
                tx.try_send(5).unwrap_err().is_would_block(),
                "over its capacity"
            );
            for n in 0..5 {
                assert_eq!(rx.try_receive(), Ok(n), "{order:?}");
            }
        }
    });
}

/// C4: nothing is lost when the receiver is cancelled in the very step in which an object is handed to it:
/// either it has the object, or the stream has it.
pub fn a_receiver_cancelled_with_its_object_keeps_or_returns_it(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let task = tg.spawn(async move { Ok(rx2.receive().await) });
            until(|| tx.statistics().waiting_receivers == 1).await;
            tx2.try_send(1).unwrap();
            task.cancel();
            let got = task.await;
            match got {
                Ok(received) => assert_eq!(received, Ok(1)),
                Err(_) => assert_eq!(rx.try_receive(), Ok(1)),
            }
            assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// MS-15: plain calls work outside of every run, and in destructors; so do the objects' own
/// destructors, which may use the stream.
pub fn plain_calls_work_anywhere(backend: &Backend) {
    let (tx, rx) = memory_object_stream(2);
    tx.try_send(1).unwrap();
    let tx2 = tx.clone();
    assert_eq!(rx.statistics().open_senders, 2);
    tx.close();
    assert_eq!(rx.try_receive(), Ok(1));
    drop(tx);
    let ended = {
        let _guard = OnDrop::new(move || {
            tx2.try_send(2).unwrap();
            tx2.close();
        });
        rx.clone()
    };
    run(backend, async {
        assert_eq!(ended.receive().await, Ok(2));
        assert_eq!(ended.receive().await, Err(ReceiveError::EndOfStream));
    });

    // An object that uses the stream while it is dropped by it.
    let (tx, rx) = memory_object_stream::<Box<dyn Send>>(1);
    let dropped = Flag::new();
    let (told, sender) = (dropped.clone(), tx.clone());
    let guard = OnDrop::new(move || {
        assert_eq!(sender.statistics().open_receivers, 0);
        assert!(sender.try_send(Box::new(())).unwrap_err().is_broken());
        told.raise();
    });
    tx.try_send(Box::new(guard)).ok().unwrap();
    drop(rx);
    assert!(dropped.is_raised());
}

/// MS-01: waiting tasks are served in order of arrival, also after being polled by another task.
pub fn waiters_are_served_in_order(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        let (old, new) = (Wakes::new(), Wakes::new());
        let mut receives: Vec<Pin<Box<_>>> = (0..4).map(|_| Box::pin(rx.receive())).collect();
        for receive in &mut receives {
            assert!(old.poll(receive.as_mut()).is_pending());
        }
        // Polled again, with another waker: it keeps its place.
        assert!(new.poll(receives[0].as_mut()).is_pending());
        tx.try_send(0).unwrap();
        assert_eq!((old.count(), new.count()), (0, 1));
        for n in 1..4 {
            tx.try_send(n).unwrap();
            assert_eq!(old.count(), n, "one is woken for each object");
        }
        for (n, receive) in receives.iter_mut().enumerate() {
            assert_eq!(new.poll(receive.as_mut()), Poll::Ready(Ok(n)));
        }
    });
}

/// MS-12, EN-35: a waker that panics when it is dropped, in a poll of the stream, costs the stream nothing: the
/// next object is handed to it.
pub fn a_waker_that_panics_costs_no_object(backend: &Backend) {
    struct PanicsWhenDropped;
    impl Wake for PanicsWhenDropped {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("a waker is dropped");
        }
    }

    run(backend, async {
        let (tx, mut rx) = memory_object_stream(1);
        let panicking = Waker::from(Arc::new(PanicsWhenDropped));
        let polled = Pin::new(&mut rx).poll_next(&mut Context::from_waker(&panicking));
        assert!(polled.is_pending());
        // The stream has the last one, and replaces it in the next poll.
        drop(panicking);
        let wakes = Wakes::new();
        let polled = catch_unwind(AssertUnwindSafe(|| wakes.poll(pin!(rx.next()))));
        assert!(polled.is_err(), "the old waker was dropped in this poll");
        tx.try_send(1).unwrap();
        assert_eq!(wakes.poll(pin!(rx.next())), Poll::Ready(Some(1)));
    });
}

anyrt_conformance_kit::cases! { memory_streams_hand_over: erased,
    statistics_tell_the_same_from_either_side,
    who_waits_owns_what_comes,
    what_is_not_taken_is_passed_on_in_order,
    a_receiver_cancelled_with_its_object_keeps_or_returns_it,
    plain_calls_work_anywhere,
    waiters_are_served_in_order,
    a_waker_that_panics_costs_no_object,
}

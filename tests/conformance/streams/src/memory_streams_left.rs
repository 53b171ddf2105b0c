//! Handles that are closed, and calls that are cancelled or dropped: MS-10 to MS-12, C4.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use anyrt_core::cancel::CancelScope;
use anyrt_core::stream::{
    ReceiveError, SendError, TryReceiveError, TrySendError, memory_object_stream,
};
use anyrt_core::task::task_group;

use crate::erased::{Backend, R};
use crate::support::{Wakes, in_cancelled_scope, run, until};

/// MS-10: closing a handle ends the operations that wait on it, at once; other handles continue.
pub fn closing_a_handle_ends_what_waits_on_it(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let (wakes, others) = (Wakes::new(), Wakes::new());

        let mut first = pin!(rx.receive());
        let mut second = pin!(rx.receive());
        let mut other = pin!(rx2.receive());
        assert!(wakes.poll(first.as_mut()).is_pending());
        assert!(others.poll(other.as_mut()).is_pending());
        assert!(wakes.poll(second.as_mut()).is_pending());
        rx.close();
        assert_eq!((wakes.count(), others.count()), (2, 0));
        let closed = Poll::Ready(Err(ReceiveError::Closed));
        assert_eq!(wakes.poll(first), closed);
        assert_eq!(wakes.poll(second), closed);
        assert!(others.poll(other.as_mut()).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!(others.poll(other), Poll::Ready(Ok(1)));

        let (wakes, others) = (Wakes::new(), Wakes::new());
        let mut first = pin!(tx.send(2));
        let mut other = pin!(tx2.send(3));
        assert!(wakes.poll(first.as_mut()).is_pending());
        assert!(others.poll(other.as_mut()).is_pending());
        tx.close();
        assert_eq!((wakes.count(), others.count()), (1, 0));
        assert!(matches!(
            wakes.poll(first),
            Poll::Ready(Err(SendError::Closed(2)))
        ));
        assert_eq!(rx2.try_receive(), Ok(3), "and nothing else");
        assert!(others.poll(other).is_ready());
    });
}

/// MS-10: the same between tasks.
pub fn a_handle_can_be_closed_by_another_task(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream::<u8>(0);
        let (tx, rx) = (Arc::new(tx), Arc::new(rx));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let receiver = rx.clone();
            let received = tg.spawn(async move { Ok(receiver.receive().await) });
            until(|| tx.statistics().waiting_receivers == 1).await;
            rx.close();
            assert_eq!(received.value().await, Err(ReceiveError::Closed));
            Ok(())
        });
        group.await.unwrap();

        let (tx, rx) = memory_object_stream::<u8>(0);
        let tx = Arc::new(tx);
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let sender = tx.clone();
            let sent = tg.spawn(async move { Ok(sender.send(1).await.map_err(|e| e.is_closed())) });
            until(|| rx.statistics().waiting_senders == 1).await;
            tx.close();
            assert_eq!(sent.value().await, Err(true));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// MS-10, C4: an outcome that was settled before the handle was closed is returned.
pub fn closing_takes_nothing_back(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        let wakes = Wakes::new();
        let mut receive = pin!(rx.receive());
        assert!(wakes.poll(receive.as_mut()).is_pending());
        tx.try_send(1).unwrap();
        rx.close();
        assert_eq!(wakes.poll(receive), Poll::Ready(Ok(1)));
    });
}

/// MS-11: a cancelled call leaves nothing behind.
pub fn a_cancelled_call_leaves_nothing_behind(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let sender = tx.clone();
            let sending = tg.spawn(async move { sender.send(1).await.unwrap() });
            until(|| tx.statistics().waiting_senders == 1).await;
            sending.cancel();
            let _ = sending.wait().await;
            assert_eq!(tx.statistics().waiting_senders, 0);
            assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));

            let receiver = rx.clone();
            let receiving = tg.spawn(async move {
                let _ = receiver.receive().await;
            });
            until(|| tx.statistics().waiting_receivers == 1).await;
            receiving.cancel();
            let _ = receiving.wait().await;
            assert_eq!(tx.statistics().waiting_receivers, 0);
            assert!(matches!(tx.try_send(2), Err(TrySendError::WouldBlock(2))));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// MS-11: a dropped call leaves nothing behind, wherever it is in the queue, and others keep their places.
pub fn a_dropped_call_leaves_its_place(backend: &Backend) {
    run(backend, async {
        for leaving in 0..3_usize {
            let (tx, rx) = memory_object_stream(0);
            let wakes = Wakes::new();
            let mut sends: Vec<_> = (0..3).map(|n| Some(Box::pin(tx.send(n)))).collect();
            for send in sends.iter_mut().flatten() {
                assert!(wakes.poll(send.as_mut()).is_pending());
            }
            sends[leaving] = None;
            for n in (0..3).filter(|n| *n != leaving) {
                assert_eq!(rx.try_receive(), Ok(n));
            }
            assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));

            let mut receives: Vec<_> = (0..3).map(|_| Some(Box::pin(rx.receive()))).collect();
            for receive in receives.iter_mut().flatten() {
                assert!(wakes.poll(receive.as_mut()).is_pending());
            }
            receives[leaving] = None;
            for n in (0..3).filter(|n| *n != leaving) {
                tx.try_send(n).unwrap();
            }
            assert!(tx.try_send(7).unwrap_err().is_would_block());
            for (n, receive) in receives.iter_mut().enumerate() {
                if let Some(receive) = receive {
                    assert_eq!(wakes.poll(receive.as_mut()), Poll::Ready(Ok(n)));
                }
            }
        }
    });
}

/// MS-12, C4: in a cancelled scope nothing is transferred, and the order stays.
pub fn in_a_cancelled_scope_nothing_is_transferred(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(3);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        let sent = in_cancelled_scope::<R, _>(tx.send(3)).await;
        assert!(sent.is_err());
        let received = in_cancelled_scope::<R, _>(rx.receive()).await;
        assert!(received.is_err());
        assert_eq!(rx.statistics().buffered, 2);
        assert_eq!(rx.try_receive(), Ok(1));
        assert_eq!(rx.try_receive(), Ok(2));
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));

        // The object stays with the sender: a refused call that outlives the scope starts then.
        let mut send = pin!(tx.send(4));
        let scope = CancelScope::<R>::new();
        scope.handle().cancel();
        assert!(scope.run(send.as_mut()).await.is_err());
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
        send.await.unwrap();
        assert_eq!(rx.try_receive(), Ok(4));

        // At capacity 0 with a waiting task, nothing is transferred either.
        let (tx, rx) = memory_object_stream(0);
        let wakes = Wakes::new();
        let mut receive = pin!(rx.receive());
        assert!(wakes.poll(receive.as_mut()).is_pending());
        let sent = in_cancelled_scope::<R, _>(tx.send(5)).await;
        assert!(sent.is_err());
        assert_eq!(wakes.count(), 0);
        assert!(wakes.poll(receive).is_pending());
    });
}

anyrt_conformance_kit::cases! { memory_streams_left: erased,
    closing_a_handle_ends_what_waits_on_it,
    a_handle_can_be_closed_by_another_task,
    closing_takes_nothing_back,
    a_cancelled_call_leaves_nothing_behind,
    a_dropped_call_leaves_its_place,
    in_a_cancelled_scope_nothing_is_transferred,
}

//! Sending and receiving, cancelled at each of their polls: MS-11, MS-12, C4.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::stream::{TryReceiveError, memory_object_stream};
use anyrt_core::task::task_group;

use crate::cancel_everywhere::{Cut, cancel_everywhere};
use crate::erased::{Backend, R};
use crate::support::{Flag, Wakes, poll_once, run, yields};

/// MS-11, MS-12, C4: wherever sending is cancelled, the object arrives once, or it was dropped
/// with the call and nothing is left of it.
pub fn a_send_happens_once_or_not_at_all(backend: &Backend) {
    for capacity in [0, 1] {
        for receive_before in [true, false] {
            cancel_everywhere(
                backend,
                async |cut| cut_send(cut, capacity, receive_before).await,
                |_, ()| {},
            );
        }
    }
}

async fn cut_send(cut: &Cut<R>, capacity: usize, receive_before: bool) {
    let (tx, rx) = memory_object_stream(capacity);
    for n in 0..capacity {
        tx.try_send(Arc::new(n)).unwrap();
    }
    let item = Arc::new(100);
    let group = task_group::<R, Infallible, _, _>(async |tg| {
        let sender = tx.clone();
        let receiver = rx.clone();
        let received = tg.spawn(async move {
            let mut received = Vec::new();
            if !receive_before {
                yields(3).await;
            }
            while let Ok(item) = receiver.receive().await {
                received.push(*item);
            }
            Ok(received)
        });
        let sent = Flag::new();
        let send = async {
            checkpoint().await;
            tx.send(item.clone()).await.unwrap();
            sent.raise();
            checkpoint().await;
        };
        cut.apply(send).await;
        assert_eq!(tx.statistics().waiting_senders, 0);
        let underway = Arc::strong_count(&item) > 1;
        sender.close();
        tx.close();
        let received = received.value().await;
        let times = received.iter().filter(|n| **n == 100).count();
        assert!(times <= 1, "an object came twice");
        if sent.is_raised() || underway {
            assert_eq!(times, 1, "an object was lost");
        }
        assert_eq!(Arc::strong_count(&item), 1, "nothing is left behind");
        Ok(())
    });
    group.await.unwrap();
}

/// MS-11, MS-12, C4: wherever receiving is cancelled, every object is received once, in order.
pub fn a_receive_loses_nothing(backend: &Backend) {
    for capacity in [0, 1] {
        cancel_everywhere(
            backend,
            async |cut| {
                let (tx, rx) = memory_object_stream(capacity);
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    tg.spawn(async move {
                        for n in 0..4 {
                            tx.send(n).await.unwrap();
                            yields(1).await;
                        }
                    });
                    let mut received = Vec::new();
                    let receive = async {
                        for _ in 0..3 {
                            received.push(rx.receive().await.unwrap());
                        }
                    };
                    cut.apply(receive).await;
                    assert_eq!(rx.statistics().waiting_receivers, 0);
                    while let Ok(n) = rx.receive().await {
                        received.push(n);
                    }
                    assert_eq!(received, [0, 1, 2, 3]);
                    Ok(())
                });
                group.await.unwrap();
            },
            |_, ()| {},
        );
    }
}

/// MS-11, C4: a receiver that was handed an object and is dropped before its next poll passes it
/// on; so does one that is cancelled then.
pub fn a_handed_object_survives_every_way_of_leaving(backend: &Backend) {
    run(backend, async {
        for capacity in [0, 1] {
            for by_scope in [true, false] {
                let (tx, rx) = memory_object_stream(capacity);
                let wakes = Wakes::new();
                let scope = CancelScope::<R>::new();
                let handle = scope.handle();
                let mut receive = Box::pin(scope.run(rx.receive()));
                assert!(poll_once(receive.as_mut()).await.is_pending());
                let mut next = pin!(rx.receive());
                assert!(wakes.poll(next.as_mut()).is_pending());
                tx.try_send(1).unwrap();
                if by_scope {
                    handle.cancel();
                    // Settled by the time it is polled: it is delivered.
                    assert!(matches!(
                        poll_once(receive.as_mut()).await,
                        Poll::Ready(Ok(Ok(1)))
                    ));
                    assert!(wakes.poll(next.as_mut()).is_pending());
                } else {
                    drop(receive);
                    assert_eq!(wakes.poll(next.as_mut()), Poll::Ready(Ok(1)));
                }
                assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
            }
        }
    });
}

anyrt_conformance_kit::cases! { memory_streams_everywhere: erased,
    a_send_happens_once_or_not_at_all,
    a_receive_loses_nothing,
    a_handed_object_survives_every_way_of_leaving,
}

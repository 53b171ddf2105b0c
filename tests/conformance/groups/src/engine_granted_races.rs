//! Grants that arrive together with a cancellation are kept or passed on: EN-03, EN-04, rules C4, G12.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use anyrt_core::combine::{as_completed, race, race_ok, try_gather};
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream, memory_object_stream,
};
use anyrt_core::sync::{Event, Mutex, Semaphore};
use anyrt_core::task::task_group;

use crate::engine_granted::ROUNDS;
use crate::erased::{Backend, R};
use crate::support::{poll_once, run, yields};

/// EN-04, G12: the loser of a race was granted an object in the same turn: the object is returned, or is
/// still there.
pub fn the_loser_of_a_race_loses_no_object(backend: &Backend) {
    run(backend, async {
        for _ in 0..ROUNDS {
            let (send, receive) = memory_object_stream::<u8>(1);
            let event = Event::new();
            let receives = async { receive.receive().await.ok() };
            let waits = async {
                event.wait().await;
                None
            };
            let mut racing = pin!(race::<R, _>((receives, waits)));
            assert!(poll_once(racing.as_mut()).await.is_pending());
            event.set();
            send.try_send(7).unwrap();
            let won = racing.await;
            assert_eq!(won.or_else(|| receive.try_receive().ok()), Some(7));
        }
    });
}

/// EN-04, G12: the same with a permit and a lock.
pub fn the_loser_of_a_race_loses_no_permit(backend: &Backend) {
    run(backend, async {
        for _ in 0..ROUNDS {
            let (permits, lock, event) = (Semaphore::new(1), Mutex::new(()), Event::new());
            let (permit, guard) = (permits.acquire().await, lock.lock().await);
            {
                let acquires = async { permits.acquire().await.forget() };
                let locks = async { drop(lock.lock().await) };
                let waits = async { event.wait().await };
                let mut racing = pin!(race::<R, _>((acquires, locks, waits)));
                assert!(poll_once(racing.as_mut()).await.is_pending());
                event.set();
                drop(permit);
                drop(guard);
                racing.await;
            }
            assert!(lock.try_lock().is_ok());
            assert!(permits.available() <= 1);
        }
    });
}

/// EN-04, G12: a loser that is granted a permit does nothing with it.
pub fn the_loser_of_a_race_does_not_go_on(backend: &Backend) {
    run(backend, async {
        for _ in 0..ROUNDS {
            let permits = Arc::new(Semaphore::new(0));
            let (event, both) = (Event::new(), Mutex::new(0));
            let step = async |first: bool| {
                if first {
                    permits.acquire().await.forget();
                } else {
                    event.wait().await;
                }
                *both.try_lock().unwrap() += 1;
            };
            {
                let mut racing = pin!(race::<R, _>([step(true), step(false)]));
                assert!(poll_once(racing.as_mut()).await.is_pending());
                event.set();
                permits.release().unwrap();
                racing.await;
            }
            assert_eq!(both.into_inner(), 1, "one of them goes on");
        }
    });
}

/// EN-04, G12: the same with bytes: the loser leaves them in the stream.
pub fn the_loser_of_a_race_loses_no_bytes(backend: &Backend) {
    run(backend, async {
        for _ in 0..ROUNDS {
            let (mut near, mut far) = memory_byte_stream(64);
            let event = Event::new();
            let won = {
                let receives = async { far.receive(10).await.ok() };
                let waits = async {
                    event.wait().await;
                    None
                };
                let mut racing = pin!(race::<R, _>((receives, waits)));
                assert!(poll_once(racing.as_mut()).await.is_pending());
                event.set();
                near.send(b"seven").await.unwrap();
                racing.await
            };
            let bytes = match won {
                Some(bytes) => bytes,
                None => match poll_once(pin!(far.receive(10))).await {
                    Poll::Ready(bytes) => bytes.unwrap(),
                    Poll::Pending => panic!("the bytes are gone"),
                },
            };
            assert_eq!(bytes, b"seven");
        }
    });
}

/// EN-04, G12: two streams and `race_ok`: of two objects that arrive at once, one is returned, and the
/// other is still there.
pub fn the_loser_of_race_ok_loses_no_object(backend: &Backend) {
    run(backend, async {
        for _ in 0..ROUNDS {
            let streams = [memory_object_stream::<usize>(1), memory_object_stream(1)];
            let receives = streams.iter().map(|(_, receive)| receive.receive());
            let won = {
                let mut racing = pin!(race_ok(receives));
                assert!(poll_once(racing.as_mut()).await.is_pending());
                for (n, (send, _)) in streams.iter().enumerate() {
                    send.try_send(n).unwrap();
                }
                racing.await.unwrap()
            };
            assert_eq!(streams[1 - won].1.try_receive().ok(), Some(1 - won));
        }
    });
}

/// EN-04, G12: `as_completed` that is left after the first result.
pub fn what_as_completed_has_not_given_is_not_lost(backend: &Backend) {
    run(backend, async {
        let streams = [memory_object_stream::<usize>(1), memory_object_stream(1)];
        let mut all = as_completed(streams.iter().map(|(_, receive)| receive.receive()));
        assert!(poll_once(pin!(all.next())).await.is_pending());
        for (n, (send, _)) in streams.iter().enumerate() {
            send.try_send(n).unwrap();
        }
        let first = all.next().await.expect("there are two").unwrap();
        drop(all);
        assert_eq!(streams[1 - first].1.try_receive().ok(), Some(1 - first));
    });
}

/// EN-04, G12: the same for the first failure in `try_gather`: another branch was granted an object.
pub fn the_rest_of_a_failed_gather_loses_no_object(backend: &Backend) {
    run(backend, async {
        for fails_first in [true, false] {
            let (send, receive) = memory_object_stream::<u8>(1);
            let event = Event::new();
            let step = async |fails: bool| {
                if fails {
                    event.wait().await;
                    return Err("failed");
                }
                let received = receive.receive().await;
                Ok(received.unwrap())
            };
            {
                let branches = [step(fails_first), step(!fails_first)];
                let mut gathering = pin!(try_gather(branches));
                assert!(poll_once(gathering.as_mut()).await.is_pending());
                event.set();
                send.try_send(7).unwrap();
                assert!(gathering.await.is_err());
            }
            if fails_first {
                assert_eq!(receive.try_receive().ok(), Some(7));
            }
        }
    });
}

/// EN-03, EN-04, C4: an object that was handed to a receiver before the cancellation is not lost: it is
/// received, or still there.
pub fn a_cancelled_receiver_loses_no_object(backend: &Backend) {
    run(backend, async {
        for _ in 0..ROUNDS {
            let (send, receive) = memory_object_stream::<u8>(0);
            let inside = receive.clone();
            let mut kept = None;
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let child = tg.spawn(async move { Ok(inside.receive().await.ok()) });
                kept = Some(child);
                while send.statistics().waiting_receivers == 0 {
                    yields(1).await;
                }
                send.try_send(7).unwrap();
                tg.cancel();
                Ok(())
            });
            let _ = group.await;
            let got = kept.and_then(|child| child.try_value().ok()).flatten();
            assert_eq!(got.or_else(|| receive.try_receive().ok()), Some(7));
        }
    });
}

anyrt_conformance_kit::cases! { engine_granted_races: erased,
    the_loser_of_a_race_loses_no_object,
    the_loser_of_a_race_loses_no_permit,
    the_loser_of_a_race_does_not_go_on,
    the_loser_of_a_race_loses_no_bytes,
    the_loser_of_race_ok_loses_no_object,
    what_as_completed_has_not_given_is_not_lost,
    the_rest_of_a_failed_gather_loses_no_object,
    a_cancelled_receiver_loses_no_object,
}

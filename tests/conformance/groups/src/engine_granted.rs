//! Grants that arrive with a cancellation are kept or passed on; mere states are not reported. EN-03,
//! EN-04, rules C4, G12.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, move_on_after};
use anyrt_core::combine::{as_completed, race, race_ok, try_gather};
use anyrt_core::error::GroupError;
use anyrt_core::stream::{
    BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, ReceiveError, SendError,
    is_end_of_stream, memory_byte_stream, memory_object_stream,
};
use anyrt_core::sync::{Event, Mutex, Promise, PromiseError, Semaphore};
use anyrt_core::task::task_group;

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind};
use crate::on_each_kind;
use crate::support::{poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(2);
const ROUNDS: usize = 20;

type Child = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// A function that makes two children that communicate with each other.
type Pair = fn() -> [Child; 2];

fn bytes() -> [Child; 2] {
    let (a, b) = memory_byte_stream(64);
    [a, b].map(|mut end| -> Child { Box::pin(async move { end.receive(10).await.map(drop) }) })
}

fn bytes_that_are_sent() -> [Child; 2] {
    let (mut a, mut b) = memory_byte_stream(1);
    [
        Box::pin(async move { a.send(b"more than there is room for").await }),
        Box::pin(async move {
            b.receive(1).await?;
            b.send(b"more than there is room for").await
        }),
    ]
}

fn objects() -> [Child; 2] {
    let (send_a, receive_a) = memory_object_stream::<u8>(0);
    let (send_b, receive_b) = memory_object_stream::<u8>(0);
    [(send_a, receive_b), (send_b, receive_a)].map(|(send, receive)| -> Child {
        Box::pin(async move {
            let received = receive.receive().await.map_err(io::Error::other);
            drop(send);
            received.map(drop)
        })
    })
}

fn objects_that_are_sent() -> [Child; 2] {
    let (send, receive) = memory_object_stream::<u8>(0);
    let (never, nothing) = memory_object_stream::<u8>(0);
    [
        Box::pin(async move {
            let _never = never;
            send.send(1).await.map_err(io::Error::other)?;
            send.send(2).await.map_err(io::Error::other)
        }),
        Box::pin(async move {
            receive.receive().await.map_err(io::Error::other)?;
            let received = nothing.receive().await.map_err(io::Error::other);
            drop(receive);
            received.map(drop)
        }),
    ]
}

/// Cancels two children of a group, by a limit around it and together with it.
async fn cut_short<K: Kind>(what: &str, pair: Pair) {
    for round in 0..ROUNDS {
        let children = |round: usize| {
            let [one, other] = pair();
            if round.is_multiple_of(2) {
                [one, other]
            } else {
                [other, one]
            }
        };
        let limited = move_on_after::<R, _>(
            SHORT,
            K::open(async |tg: K::Group<io::Error>| {
                for child in children(round) {
                    tg.spawn(child);
                }
                Ok(())
            }),
        );
        let outcome = limited.await;
        assert!(outcome.is_none(), "{what}, {}: {outcome:?}", K::NAME);

        let cancelled = K::open(async |tg: K::Group<io::Error>| {
            for child in children(round) {
                tg.spawn(child);
            }
            yields(round % 5 + 3).await;
            tg.cancel();
            std::future::pending::<()>().await;
            Ok(())
        });
        match cancelled.await {
            Err(GroupError::Cancelled(_)) => {}
            other => panic!("{what}, {}, cancelled: {other:?}", K::NAME),
        }
    }
}

/// EN-03, C4, G5: children that wait for each other's bytes are cancelled together: neither reports an end
/// of stream.
pub fn cancelled_streams_of_bytes_report_no_end(backend: &Backend) {
    async fn scenario<K: Kind>() {
        cut_short::<K>("receiving bytes", bytes).await;
    }
    on_each_kind!(backend, scenario);
}

/// EN-03, C4, G5: the same where both send: neither reports a broken stream.
pub fn cancelled_streams_of_bytes_do_not_report_that_they_are_broken(backend: &Backend) {
    async fn scenario<K: Kind>() {
        cut_short::<K>("sending bytes", bytes_that_are_sent).await;
    }
    on_each_kind!(backend, scenario);
}

/// EN-03, C4, G5: the same with streams of objects.
pub fn cancelled_streams_of_objects_report_no_end(backend: &Backend) {
    async fn scenario<K: Kind>() {
        cut_short::<K>("receiving objects", objects).await;
        cut_short::<K>("sending objects", objects_that_are_sent).await;
    }
    on_each_kind!(backend, scenario);
}

/// EN-03, C4, G12: branches of `try_gather` that a time limit cancels report no end of stream.
pub fn cancelled_branches_report_no_end(backend: &Backend) {
    run(backend, async {
        for pair in [bytes, objects] {
            for round in 0..ROUNDS {
                let [one, other] = pair();
                let both = if round.is_multiple_of(2) {
                    [one, other]
                } else {
                    [other, one]
                };
                let outcome = move_on_after::<R, _>(SHORT, try_gather(both)).await;
                assert!(outcome.is_none(), "{outcome:?}");
            }
        }
    });
}

/// EN-03, C4, C7: an operation that finds a state in a cancelled scope and outlives it reports the state
/// afterwards.
pub fn a_state_is_reported_after_the_scope(backend: &Backend) {
    run(backend, async {
        let (near, mut far) = memory_byte_stream(1);
        let (mut writes, reads) = memory_byte_stream(64);
        let mut lines = BufferedByteStream::new(reads);
        let (send, receive) = memory_object_stream::<u8>(0);
        let (sends, nobody) = memory_object_stream::<u8>(0);
        let promise = Promise::<u8>::new();
        writes.send(b"no line").await.unwrap();
        let mut bytes = pin!(far.receive(10));
        let mut line = pin!(lines.receive_until(b"\n", 64));
        let mut object = pin!(receive.receive());
        let mut sent = pin!(sends.send(7));
        let mut value = pin!(promise.value());
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = scope.run(async {
            assert!(poll_once(bytes.as_mut()).await.is_pending());
            assert!(poll_once(line.as_mut()).await.is_pending());
            assert!(poll_once(object.as_mut()).await.is_pending());
            assert!(poll_once(sent.as_mut()).await.is_pending());
            assert!(poll_once(value.as_mut()).await.is_pending());
            handle.cancel();
            drop((near, writes, send, nobody));
            promise.cancel().unwrap();
            assert!(poll_once(bytes.as_mut()).await.is_pending());
            assert!(poll_once(line.as_mut()).await.is_pending());
            assert!(poll_once(object.as_mut()).await.is_pending());
            assert!(poll_once(sent.as_mut()).await.is_pending());
            assert!(poll_once(value.as_mut()).await.is_pending());
        });
        assert!(body.await.is_ok());
        assert!(is_end_of_stream(&bytes.await.unwrap_err()));
        assert!(line.await.is_err());
        assert_eq!(object.await, Err(ReceiveError::EndOfStream));
        assert!(matches!(sent.await, Err(SendError::Broken(7))));
        assert_eq!(value.await, Err(PromiseError::Cancelled));
    });
}

/// EN-03, C4, G5: children that wait for each other's ends are cancelled together: neither reports that the
/// other was cancelled.
pub fn cancelled_handles_report_no_cancellation(backend: &Backend) {
    run(backend, async {
        for round in 0..ROUNDS {
            let group = task_group::<R, io::Error, _, _>(async |tg| {
                let first = tg.spawn(std::future::pending::<io::Result<()>>());
                let other = tg.spawn(async move { first.await.map_err(io::Error::other) });
                yields(round % 5).await;
                tg.cancel();
                other.await.map_err(io::Error::other)
            });
            match group.await {
                Err(GroupError::Cancelled(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    });
}

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

anyrt_conformance_kit::cases! { engine_granted: erased,
    cancelled_streams_of_bytes_report_no_end,
    cancelled_streams_of_bytes_do_not_report_that_they_are_broken,
    cancelled_streams_of_objects_report_no_end,
    cancelled_branches_report_no_end,
    a_state_is_reported_after_the_scope,
    cancelled_handles_report_no_cancellation,
    the_loser_of_a_race_loses_no_object,
    the_loser_of_a_race_loses_no_permit,
    the_loser_of_a_race_does_not_go_on,
    the_loser_of_a_race_loses_no_bytes,
    the_loser_of_race_ok_loses_no_object,
    what_as_completed_has_not_given_is_not_lost,
    the_rest_of_a_failed_gather_loses_no_object,
    a_cancelled_receiver_loses_no_object,
}

//! Children and branches that are cancelled together: mere states are not reported. EN-03, rules C4, G5, G12.

use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, move_on_after};
use anyrt_core::combine::try_gather;
use anyrt_core::error::GroupError;
use anyrt_core::stream::{
    BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, ReceiveError, SendError,
    is_end_of_stream, memory_byte_stream, memory_object_stream,
};
use anyrt_core::sync::{Promise, PromiseError};
use anyrt_core::task::task_group;

use crate::erased::{Backend, R};
use crate::kinds::{GroupHandle, Kind};
use crate::on_each_kind;
use crate::support::{poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(2);

pub(crate) const ROUNDS: usize = 20;

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
            if round % 2 == 0 {
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
                let both = if round % 2 == 0 {
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

anyrt_conformance_kit::cases! { engine_granted: erased,
    cancelled_streams_of_bytes_report_no_end,
    cancelled_streams_of_bytes_do_not_report_that_they_are_broken,
    cancelled_streams_of_objects_report_no_end,
    cancelled_branches_report_no_end,
    a_state_is_reported_after_the_scope,
    cancelled_handles_report_no_cancellation,
}

//! Memory object streams: MS-01 to MS-04, and the other traits that they implement.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::Poll;

use anyrt_core::stream::{
    MemoryObjectReceiveStream, ObjectReceiveStream, ObjectSendStream, ReceiveError, SendError,
    StapledObjectStream, TryReceiveError, TrySendError, UNBOUNDED, memory_object_stream,
};
use anyrt_core::task::task_group;
use futures_sink::Sink;
use futures_util::StreamExt;

use crate::erased::{Backend, R};
use crate::support::{Flag, Wakes, in_cancelled_scope, polls_until_ready, run, until};

/// MS-01: without room, sending waits until the object is received, and receiving until there is one; the
/// order stays.
pub fn without_room_both_sides_wait(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let sent = Flag::new();
            let told = sent.clone();
            let sender = tx.clone();
            tg.spawn(async move {
                sender.send(0).await.unwrap();
                told.raise();
                for n in 1..100 {
                    sender.send(n).await.unwrap();
                }
            });
            until(|| tx.statistics().waiting_senders == 1).await;
            assert!(!sent.is_raised(), "nobody has taken it");
            for n in 0..100 {
                assert_eq!(rx.receive().await, Ok(n));
            }
            until(|| sent.is_raised()).await;
            let receiver = rx.clone();
            let received = tg.spawn(async move { Ok(receiver.receive().await) });
            until(|| tx.statistics().waiting_receivers == 1).await;
            tx.send(100).await.unwrap();
            assert_eq!(received.value().await, Ok(100));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// MS-02: there is room for `capacity` objects; the next one waits. First in, first out.
pub fn sending_waits_when_the_room_is_used_up(backend: &Backend) {
    run(backend, async {
        for capacity in [1, 2, 7] {
            let (tx, rx) = memory_object_stream(capacity);
            for n in 0..capacity {
                tx.send(n).await.unwrap();
            }
            let wakes = Wakes::new();
            let mut next = pin!(tx.send(capacity));
            assert!(wakes.poll(next.as_mut()).is_pending());
            assert_eq!(rx.receive().await, Ok(0));
            assert_eq!(wakes.count(), 1);
            assert!(matches!(wakes.poll(next.as_mut()), Poll::Ready(Ok(()))));
            for n in 1..=capacity {
                assert_eq!(rx.receive().await, Ok(n));
            }
        }
    });
}

/// MS-02: without a limit, sending never waits.
pub fn an_unbounded_stream_never_lets_a_sender_wait(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(UNBOUNDED);
        for n in 0..10_000 {
            tx.try_send(n).unwrap();
        }
        assert_eq!(rx.statistics().buffered, 10_000);
        for n in 0..10_000 {
            assert_eq!(rx.receive().await, Ok(n));
        }
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
    });
}

/// MS-03: the `try_` forms return an error if they would wait, unless a task waits on the other side.
pub fn trying_needs_room_or_somebody_who_waits(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(0);
        assert!(matches!(tx.try_send(1), Err(TrySendError::WouldBlock(1))));
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
        let wakes = Wakes::new();
        {
            let mut receive = pin!(rx.receive());
            assert!(wakes.poll(receive.as_mut()).is_pending());
            tx.try_send(2).unwrap();
            assert_eq!(wakes.count(), 1);
            assert!(matches!(tx.try_send(3), Err(TrySendError::WouldBlock(3))));
            assert_eq!(wakes.poll(receive.as_mut()), Poll::Ready(Ok(2)));
        }
        let mut send = pin!(tx.send(4));
        assert!(wakes.poll(send.as_mut()).is_pending());
        assert_eq!(rx.try_receive(), Ok(4));
        assert_eq!(wakes.count(), 2);
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
        assert!(matches!(wakes.poll(send.as_mut()), Poll::Ready(Ok(()))));

        let (tx, rx) = memory_object_stream(1);
        tx.try_send(1).unwrap();
        let refused = tx.try_send(2).unwrap_err();
        assert!(refused.is_would_block());
        assert_eq!(refused.into_inner(), 2);
        assert_eq!(rx.try_receive(), Ok(1));
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
    });
}

/// MS-04: receiving from a full stream moves the waiting sender up, which completes.
pub fn receiving_moves_a_waiting_sender_up(backend: &Backend) {
    run(backend, async {
        let (tx, rx) = memory_object_stream(1);
        tx.try_send("first").unwrap();
        let wakes = Wakes::new();
        let mut send = pin!(tx.send("second"));
        assert!(wakes.poll(send.as_mut()).is_pending());
        assert_eq!(rx.try_receive(), Ok("first"));
        assert_eq!(rx.statistics().buffered, 1);
        assert_eq!(rx.statistics().waiting_senders, 0);
        assert_eq!(wakes.count(), 1);
        assert!(matches!(wakes.poll(send.as_mut()), Poll::Ready(Ok(()))));
        assert_eq!(rx.try_receive(), Ok("second"));
    });
}

/// C11: a loop of operations that are ready at once lets others run.
pub fn loops_of_ready_operations_yield(backend: &Backend) {
    run(backend, async {
        const TIMES: usize = 10_000;
        let (tx, mut rx) = memory_object_stream(UNBOUNDED);
        let polls = polls_until_ready(async {
            for _ in 0..TIMES {
                tx.send(()).await.unwrap();
            }
        });
        assert!(polls > 1, "sending");
        let polls = polls_until_ready(async {
            for _ in 0..TIMES / 2 {
                rx.receive().await.unwrap();
            }
        });
        assert!(polls > 1, "receiving");
        let polls = polls_until_ready(async {
            for _ in 0..TIMES / 2 {
                rx.next().await.unwrap();
            }
        });
        assert!(polls > 1, "iterating");
        let mut sink = pin!(tx);
        let polls = polls_until_ready(async {
            for _ in 0..TIMES {
                std::future::poll_fn(|cx| sink.as_mut().poll_ready(cx))
                    .await
                    .unwrap();
                sink.as_mut().start_send(()).unwrap();
            }
        });
        assert!(polls > 1, "sending into a sink");
    });
}

/// MS-01, MS-02, MS-07: a sink accepts one object more than fits, and reports when it is on its way.
pub fn a_sender_is_a_sink(backend: &Backend) {
    run(backend, async {
        for capacity in [0, 1, 3] {
            let (tx, rx) = memory_object_stream(capacity);
            let mut sink = pin!(tx);
            let wakes = Wakes::new();
            for n in 0..=capacity {
                let ready = std::future::poll_fn(|cx| sink.as_mut().poll_ready(cx));
                assert!(wakes.poll(pin!(ready)).is_ready());
                sink.as_mut().start_send(n).unwrap();
            }
            let mut flush = pin!(std::future::poll_fn(|cx| sink.as_mut().poll_flush(cx)));
            assert!(wakes.poll(flush.as_mut()).is_pending());
            assert_eq!(rx.receive().await, Ok(0));
            assert_eq!(wakes.count(), 1);
            assert!(wakes.poll(flush.as_mut()).is_ready());
            let close = std::future::poll_fn(|cx| sink.as_mut().poll_close(cx));
            assert!(wakes.poll(pin!(close)).is_ready());
            for n in 1..=capacity {
                assert_eq!(rx.receive().await, Ok(n));
            }
            assert_eq!(rx.receive().await, Err(ReceiveError::EndOfStream));
        }
        let (tx, rx) = memory_object_stream(0);
        let mut sink = pin!(tx);
        sink.as_mut().start_send(()).unwrap();
        drop(rx);
        let flush = std::future::poll_fn(|cx| sink.as_mut().poll_flush(cx));
        assert!(matches!(flush.await, Err(SendError::Broken(()))));
    });
}

/// MS-01, MS-06, MS-07: the end waits for the object that the sink accepted, and fails with it. C4: it is a
/// cancel point.
pub fn the_end_comes_behind_what_a_sink_took(backend: &Backend) {
    run(backend, async {
        let (mut tx, rx) = memory_object_stream(0);
        let refused = ObjectSendStream::send_eof(&mut tx);
        assert!(in_cancelled_scope::<R, _>(refused).await.is_err());
        Pin::new(&mut tx).start_send(1).unwrap();
        let wakes = Wakes::new();
        let mut end = Box::pin(ObjectSendStream::send_eof(&mut tx));
        assert!(wakes.poll(end.as_mut()).is_pending());
        assert_eq!(rx.try_receive(), Ok(1));
        assert!(matches!(wakes.poll(end.as_mut()), Poll::Ready(Ok(()))));
        drop(end);
        assert_eq!(rx.try_receive(), Err(TryReceiveError::EndOfStream));
        ObjectSendStream::send_eof(&mut tx).await.unwrap();

        let (mut tx, rx) = memory_object_stream(0);
        Pin::new(&mut tx).start_send(2).unwrap();
        drop(rx);
        let end = ObjectSendStream::send_eof(&mut tx).await;
        assert!(matches!(end, Err(SendError::Broken(2))));
        assert!(tx.send(3).await.unwrap_err().is_closed());
    });
}

/// MS-06: two halves make one stream; ending the one leaves the other.
pub fn two_halves_make_a_stream(backend: &Backend) {
    async fn ask<S>(stream: &mut S, question: u32) -> u32
    where
        S: ObjectSendStream<u32, SendError = SendError<u32>>
            + ObjectReceiveStream<Item = u32, ReceiveError = ReceiveError>,
    {
        stream.send(question).await.unwrap();
        stream.receive().await.unwrap()
    }

    run(backend, async {
        let (tx, questions) = memory_object_stream(0);
        let (answers, rx) = memory_object_stream(1);
        let mut client = StapledObjectStream::new(tx, rx);
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(answer(questions, answers));
            assert_eq!(ask(&mut client, 20).await, 40);
            assert_eq!(ask(&mut client, 21).await, 42);
            client.send_eof().await.unwrap();
            client.send_eof().await.unwrap();
            assert!(client.send(1).await.unwrap_err().is_closed());
            assert_eq!(client.receive().await, Ok(0), "the other half goes on");
            assert_eq!(client.receive().await, Err(ReceiveError::EndOfStream));
            Ok(())
        });
        group.await.unwrap();
    });
}

async fn answer(
    questions: MemoryObjectReceiveStream<u32>,
    answers: anyrt_core::stream::MemoryObjectSendStream<u32>,
) {
    while let Ok(question) = questions.receive().await {
        answers.send(2 * question).await.unwrap();
    }
    answers.send(0).await.unwrap();
}

anyrt_conformance_kit::cases! { memory_streams: erased,
    without_room_both_sides_wait,
    sending_waits_when_the_room_is_used_up,
    an_unbounded_stream_never_lets_a_sender_wait,
    trying_needs_room_or_somebody_who_waits,
    receiving_moves_a_waiting_sender_up,
    loops_of_ready_operations_yield,
    a_sender_is_a_sink,
    the_end_comes_behind_what_a_sink_took,
    two_halves_make_a_stream,
}

//! Models of hand-over and closing, for every interleaving. Each model asserts that both outcomes of its race
//! occurred.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use loom::thread;

use super::shared::{Half, Shared};
use super::{ReceiveError, SendError, TryReceiveError, memory_object_stream};
use crate::loom::Arc;
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::models::{Seen, Wakes};

/// Drops a receiver while an object is handed to it: afterwards the stream has the object, or the sender.
#[test]
fn loom_a_hand_over_races_with_the_drop_of_the_receiver() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (tx, rx) = memory_object_stream(0);
        let mut receive = rx.receive();
        assert!(Wakes::new().poll(pin!(&mut receive)).is_pending());
        let sender = thread::spawn(move || {
            let sent = tx.try_send(1).is_ok();
            (tx, sent)
        });
        drop(receive);
        let (tx, sent) = sender.join().unwrap();
        let expected = if sent {
            Ok(1)
        } else {
            Err(TryReceiveError::WouldBlock)
        };
        assert_eq!(rx.try_receive(), expected);
        assert_eq!(rx.try_receive(), Err(TryReceiveError::WouldBlock));
        assert_eq!(tx.statistics().waiting_receivers, 0);
        outcomes.note(sent);
    });
    seen.both();
}

/// Drops a receiver as above, with another one behind it: that gets the object, is woken, and sees the end of
/// the stream afterwards.
#[test]
fn loom_the_next_receiver_gets_what_a_dropped_one_was_handed() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (tx, rx) = memory_object_stream(0);
        let (first, second) = (Wakes::new(), Wakes::new());
        let mut receive = rx.receive();
        let mut next = rx.receive();
        assert!(first.poll(pin!(&mut receive)).is_pending());
        assert!(second.poll(pin!(&mut next)).is_pending());
        let sender = thread::spawn(move || {
            tx.try_send(1).unwrap();
            // The stream ends while the object is handed over.
            drop(tx);
        });
        drop(receive);
        sender.join().unwrap();
        assert_eq!(second.count(), 1);
        assert_eq!(second.poll(pin!(&mut next)), Poll::Ready(Ok(1)));
        assert_eq!(rx.try_receive(), Err(TryReceiveError::EndOfStream));
        outcomes.note(first.count() == 1);
    });
    seen.both();
}

/// Sends an object into the buffer while the last receiver is closed: the object is returned, or dropped with
/// the stream.
#[test]
fn loom_a_send_races_with_the_close_of_the_last_receiver() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (tx, rx) = memory_object_stream(1);
        let item = Arc::new(());
        let closer = thread::spawn(move || rx.close());
        let sent = tx.try_send(item.clone());
        outcomes.note(sent.is_ok());
        if let Err(error) = sent {
            assert!(error.is_broken());
        }
        closer.join().unwrap();
        assert_eq!(Arc::strong_count(&item), 1);
    });
    seen.both();
}

/// Starts to wait for room while the last receiver is closed: the call is refused at once, or woken.
#[test]
fn loom_a_waiting_send_races_with_the_close_of_the_last_receiver() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (tx, rx) = memory_object_stream(0);
        let wakes = Wakes::new();
        let closer = thread::spawn(move || drop(rx));
        let mut send = tx.send(1);
        let mut polled = wakes.poll(pin!(&mut send));
        closer.join().unwrap();
        outcomes.note(polled.is_pending());
        if polled.is_pending() {
            assert_eq!(wakes.count(), 1);
            polled = wakes.poll(pin!(&mut send));
        }
        assert!(matches!(polled, Poll::Ready(Err(SendError::Broken(1)))));
    });
    seen.both();
}

/// Starts to wait for an object while the sender sends and closes: the call gets the object, and then the
/// end.
#[test]
fn loom_a_receive_races_with_the_last_send() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let (tx, rx) = memory_object_stream(1);
        let wakes = Wakes::new();
        let sender = thread::spawn(move || tx.try_send(1).unwrap());
        let mut receive = rx.receive();
        let mut polled = wakes.poll(pin!(&mut receive));
        sender.join().unwrap();
        outcomes.note(polled.is_pending());
        if polled.is_pending() {
            assert_eq!(wakes.count(), 1);
            polled = wakes.poll(pin!(&mut receive));
        }
        assert_eq!(polled, Poll::Ready(Ok(1)));
        let mut receive = rx.receive();
        let ended = Poll::Ready(Err(ReceiveError::EndOfStream));
        assert_eq!(wakes.poll(pin!(&mut receive)), ended);
    });
    seen.both();
}

/// Polls both halves at once, one of which receives what the other makes available: a half that is pending
/// afterwards was woken.
#[test]
fn loom_a_half_that_finds_the_stream_taken_is_woken() {
    /// A flag for something to receive, atomic so that the model switches threads under the lock, and the
    /// waker that waits for it.
    type Stream = (AtomicBool, Option<Waker>);

    fn receive(stream: &mut Stream, cx: &Context<'_>) -> Poll<()> {
        if stream.0.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        stream.1 = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send(stream: &mut Stream) -> Poll<()> {
        stream.0.store(true, Ordering::Relaxed);
        if let Some(waker) = stream.1.take() {
            waker.wake();
        }
        Poll::Ready(())
    }

    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let shared = Arc::new(Shared::<Stream>::new((AtomicBool::new(false), None)));
        let (receiver, sender) = (Wakes::new(), Wakes::new());
        let (other, wakes) = (shared.clone(), sender.clone());
        let thread = thread::spawn(move || {
            let waker = wakes.waker();
            let cx = Context::from_waker(&waker);
            other.poll(Half::Send, &cx, |stream, _| send(stream))
        });
        let waker = receiver.waker();
        let cx = Context::from_waker(&waker);
        let poll_receive = || shared.poll(Half::Receive, &cx, |stream, cx| receive(stream, cx));
        let received = poll_receive();
        let sent = thread.join().unwrap();
        if sent.is_pending() {
            assert!(sender.is_woken());
            let cx = Context::from_waker(Waker::noop());
            let sent = shared.poll(Half::Send, &cx, |stream, _| send(stream));
            assert!(sent.is_ready());
        }
        if received.is_pending() {
            assert!(receiver.is_woken());
            assert!(poll_receive().is_ready());
        }
        outcomes.note(sent.is_ready());
    });
    seen.both();
}

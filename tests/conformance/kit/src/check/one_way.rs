//! Rules for one direction. The rules of the receiving stream's contract are R1 to R4, those of the sending
//! stream's S1 to S5.

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::Poll;

use anyrt_core::stream::{
    ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt, is_broken,
    is_closed, is_end_of_stream,
};
use futures_util::future::join;

use super::tools::{
    MUCH, NOTHING_WRITTEN, assert_same, drop_after, pattern, poll_in_vain, read, receive,
    receive_all, send, send_eof, write,
};
use crate::support::{pause, yields};

/// The most polls at which receiving is dropped; streams in memory have fewer.
const MOST_CUTS: usize = 40;

pub(super) async fn bytes_come_in_order<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let sending = async {
        let mut place = 0;
        for size in 0..50 {
            send(&mut sender, &pattern(place, size)).await;
            place += size;
        }
        place
    };
    let receiving = receive(&mut receiver, 49 * 50 / 2);
    let (sent, received) = join(sending, receiving).await;
    assert_same(&received, &pattern(0, sent), "R1, small pieces");
}

pub(super) async fn slices_come_in_order<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let bytes = pattern(0, 100);
    let sending = async {
        let mut sent = 0;
        while sent < bytes.len() {
            let (first, second) = bytes[sent..].split_at((bytes.len() - sent) / 3);
            let slices = [first, &[], second].map(IoSlice::new);
            let written =
                poll_fn(|cx| Pin::new(&mut sender).poll_write_vectored(cx, &slices)).await;
            let written = written.expect("slices can be written");
            assert!(written > 0, "{NOTHING_WRITTEN}");
            sent += written;
        }
        poll_fn(|cx| Pin::new(&mut sender).poll_flush(cx))
            .await
            .expect("what was written can be flushed");
    };
    let receiving = async {
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            let (mut first, mut second) = ([0; 7], [0; 30]);
            let mut buffers = [
                IoSliceMut::new(&mut first),
                IoSliceMut::new(&mut []),
                IoSliceMut::new(&mut second),
            ];
            let count =
                poll_fn(|cx| Pin::new(&mut receiver).poll_read_vectored(cx, &mut buffers)).await;
            let count = count.expect("buffers can be read into");
            assert!(count > 0, "R2: the end came before it was said");
            received.extend([&first[..], &second[..]].concat().into_iter().take(count));
        }
        received
    };
    let ((), received) = join(sending, receiving).await;
    assert_same(&received, &bytes, "R1, several slices at once");
}

pub(super) async fn much_comes_in_order<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let bytes = pattern(0, MUCH);
    let sending = async {
        send(&mut sender, &bytes).await;
        sender.close().await.expect("the stream can be closed");
    };
    let ((), received) = join(sending, receive_all(&mut receiver, bytes.len())).await;
    assert_same(&received, &bytes, "R1, S2, a large piece");
}

pub(super) async fn a_receive_has_bounds<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let sizes = [1, 2, 3, 5, 8, 13, 21, 1000];
    let bytes = pattern(0, 200);
    let sending = send(&mut sender, &bytes);
    let receiving = async {
        let mut received = Vec::new();
        for max in sizes.into_iter().cycle() {
            if received.len() == bytes.len() {
                break;
            }
            let some = receiver.receive(max).await.expect("there is more");
            assert!(
                (1..=max).contains(&some.len()),
                "receiving at most {max} bytes gave {}",
                some.len()
            );
            received.extend(some);
        }
        let nothing = receiver.receive(0).await;
        assert_eq!(
            nothing.map_err(|error| error.kind()),
            Err(io::ErrorKind::InvalidInput),
            "receiving at most 0 bytes is refused"
        );
        received
    };
    let ((), received) = join(sending, receiving).await;
    assert_same(&received, &bytes, "R1, limited receives");
}

pub(super) async fn nothing_is_not_the_end<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    for _ in 0..3 {
        send(&mut sender, b"").await;
        let written = write(&mut sender, b"").await;
        assert_eq!(written.ok(), Some(0), "S1: nothing can be written");
    }
    // The answer may be that there is nothing yet, or that nothing was read.
    let question = poll_fn(|cx| Poll::Ready(Pin::new(&mut receiver).poll_read(cx, &mut [])));
    match question.await {
        Poll::Ready(Err(error)) => panic!("R2: reading into an empty buffer fails: {error}"),
        Poll::Ready(Ok(count)) => assert_eq!(count, 0, "there was no room for more"),
        Poll::Pending => {}
    }
    let sending = async {
        send(&mut sender, b"x").await;
        send(&mut sender, b"").await;
        send_eof(&mut sender).await;
    };
    let ((), received) = join(sending, receive_all(&mut receiver, 1)).await;
    assert_same(&received, b"x", "S1, R2: nothing was taken for something");
}

pub(super) async fn the_end_comes_last_and_stays<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    for bytes in [pattern(0, 0), pattern(0, 5000)] {
        let (mut sender, mut receiver) = make().await;
        let sending = async {
            send(&mut sender, &bytes).await;
            sender.close().await.expect("the stream can be closed");
        };
        let ((), received) = join(sending, receive_all(&mut receiver, bytes.len())).await;
        assert_same(&received, &bytes, "S2, all arrives before the end");
        for _ in 0..3 {
            let read = read(&mut receiver, &mut [0; 10]).await;
            assert_eq!(read.ok(), Some(0), "R2: the end is read again and again");
            let error = receiver.receive(10).await.expect_err("the end stays");
            assert!(is_end_of_stream(&error), "R2: the end stays, not: {error}");
        }
    }
}

pub(super) async fn a_closed_stream_refuses_to_send<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let sending = async {
        send(&mut sender, b"before").await;
        for _ in 0..3 {
            send_eof(&mut sender).await;
            for bytes in [&b"after"[..], b""] {
                let error = sender.send(bytes).await;
                let error = error.expect_err("S3: a closed stream refuses to send");
                assert!(is_closed(&error), "S3: it is closed, not: {error}");
            }
            let error = write(&mut sender, b"after").await;
            let error = error.expect_err("S3: a closed stream refuses to write");
            assert!(is_closed(&error), "S3: it is closed, not: {error}");
        }
    };
    let ((), received) = join(sending, receive_all(&mut receiver, 6)).await;
    assert_same(&received, b"before", "S2, S3");
    sender.close().await.expect("S2: closing again is fine");
}

pub(super) async fn a_dropped_sender_is_noticed<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (sender, mut receiver) = make().await;
    let dropping = async {
        yields(3).await;
        drop(sender);
    };
    // The stream decides whether it looks like a proper end: R4 is about that.
    let ((), outcome) = join(dropping, receiver.receive(1)).await;
    assert!(outcome.is_err(), "S5: nothing was sent");
}

pub(super) async fn a_gone_receiver_is_noticed<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, receiver) = make().await;
    drop(receiver);
    let bytes = pattern(0, 1000);
    let mut broken = 0;
    for _ in 0..10_000 {
        match sender.send(&bytes).await {
            Ok(()) => {
                assert_eq!(broken, 0, "S4: a broken stream goes on being broken");
                pause().await;
            }
            Err(error) => {
                assert!(is_broken(&error), "S4: it is broken, not: {error}");
                broken += 1;
            }
        }
        if broken == 4 {
            return;
        }
    }
    panic!("S4: nobody is left to receive, and sending never fails");
}

pub(super) async fn a_later_waker_counts<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let mut receiving = Box::pin(receiver.receive(10));
    assert!(
        poll_in_vain(receiving.as_mut()).is_pending(),
        "nothing was sent, and a receive is over"
    );
    let sending = async {
        yields(3).await;
        send(&mut sender, b"x").await;
    };
    let (received, ()) = join(receiving, sending).await;
    assert_eq!(received.ok().as_deref(), Some(&b"x"[..]));
}

pub(super) async fn a_dropped_receive_loses_nothing<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let pieces = [4, 1, 6, 2, 9, 3];
    let bytes = pattern(0, pieces.iter().sum());
    for polls in 0..MOST_CUTS {
        let (mut sender, mut receiver) = make().await;
        let sending = async {
            let mut sent = 0;
            for piece in pieces {
                send(&mut sender, &bytes[sent..sent + piece]).await;
                sent += piece;
                yields(1).await;
            }
            send_eof(&mut sender).await;
        };
        let receiving = async {
            let mut received = Vec::new();
            let some = async {
                for _ in 0..5 {
                    received.extend(receiver.receive(3).await.expect("there is more"));
                }
            };
            let complete = drop_after(polls, some).await.is_some();
            received.extend(receive_all(&mut receiver, bytes.len()).await);
            assert_same(&received, &bytes, "R3: a dropped receive loses nothing");
            complete
        };
        let ((), complete) = join(sending, receiving).await;
        if complete {
            break;
        }
    }
}

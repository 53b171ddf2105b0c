//! Rules for a sender that has to wait because the peer does not receive.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use anyrt_core::stream::{ByteReceiveStream, ByteSendStream, ByteSendStreamExt, is_broken};
use futures_util::future::join;

use super::tools::{
    MORE, NOTHING_WRITTEN, assert_same, drop_after, pattern, poll_in_vain, receive_all, send,
    send_eof,
};
use crate::support::yields;

/// The most bytes that a stream may accept while the peer does not receive.
const MOST: usize = 64 * 1024 * 1024;

/// How often a sender that has to wait is tried again, before it counts as clogged.
const TURNS: usize = 20;

/// Writes the pattern until the stream accepts no more, and returns the number of bytes written.
pub(super) async fn clog(sender: &mut impl ByteSendStream) -> usize {
    let mut sent = 0;
    let mut turns = 0;
    while turns < TURNS {
        assert!(
            sent < MOST,
            "sending never waits: `make_clogged` is to make streams with less room"
        );
        let bytes = pattern(sent, 10_007);
        let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut *sender).poll_write(cx, &bytes)));
        match once.await {
            Poll::Ready(Ok(count)) => {
                assert!(count <= bytes.len(), "more was written than there was");
                assert!(count > 0, "{NOTHING_WRITTEN}");
                sent += count;
                turns = 0;
            }
            Poll::Ready(Err(error)) => panic!("after {sent} bytes: {error}"),
            Poll::Pending => {
                turns += 1;
                yields(1).await;
            }
        }
    }
    sent
}

pub(super) async fn a_send_waits_and_goes_on<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let sent = clog(&mut sender).await;
    let rest = pattern(sent, MORE);
    let sending = async {
        let mut sending = Box::pin(sender.send(&rest));
        // A later waker counts here, too.
        let polled = poll_in_vain(sending.as_mut());
        if polled.is_pending() {
            sending.await.expect("it goes on when there is room");
        }
        send_eof(&mut sender).await;
    };
    let receiving = async {
        yields(3).await;
        receive_all(&mut receiver, sent + MORE).await
    };
    let ((), received) = join(sending, receiving).await;
    assert_same(
        &received,
        &pattern(0, sent + MORE),
        "R1: a write that is pending has written nothing",
    );
}

pub(super) async fn a_dropped_send_leaves_a_beginning<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    for polls in 0..4 {
        let (mut sender, mut receiver) = make().await;
        let sent = clog(&mut sender).await;
        let rest = pattern(sent, MORE);
        let sending = async {
            let _ = drop_after(polls, sender.send(&rest)).await;
            send_eof(&mut sender).await;
        };
        let receiving = async {
            yields(3).await;
            receive_all(&mut receiver, sent + MORE).await
        };
        let ((), received) = join(sending, receiving).await;
        assert!(
            (sent..=sent + MORE).contains(&received.len()),
            "R1: {sent} bytes were written, and {} came",
            received.len()
        );
        assert_same(
            &received,
            &pattern(0, received.len()),
            "R1: what comes of a dropped send is its beginning",
        );
    }
}

pub(super) async fn more_than_fits_comes_in_order<S: ByteSendStream, R: ByteReceiveStream>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, mut receiver) = make().await;
    let bytes = pattern(0, MORE);
    let sending = async {
        for piece in bytes.chunks(7001) {
            send(&mut sender, piece).await;
        }
        send_eof(&mut sender).await;
    };
    let ((), received) = join(sending, receive_all(&mut receiver, MORE)).await;
    assert_same(&received, &bytes, "R1, a clogged stream");
}

pub(super) async fn a_waiting_send_learns_that_the_receiver_is_gone<
    S: ByteSendStream,
    R: ByteReceiveStream,
>(
    make: &impl AsyncFn() -> (S, R),
) {
    let (mut sender, receiver) = make().await;
    let sent = clog(&mut sender).await;
    let rest = pattern(sent, MORE);
    let sending = async {
        loop {
            if let Err(error) = sender.send(&rest).await {
                break error;
            }
        }
    };
    let dropping = async {
        yields(3).await;
        drop(receiver);
    };
    let (error, ()) = join(sending, dropping).await;
    assert!(is_broken(&error), "S4: it is broken, not: {error}");
}

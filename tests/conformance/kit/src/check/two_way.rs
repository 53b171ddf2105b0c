//! Rules for streams in both directions.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use anyrt_core::stream::{ByteSendStreamExt, ByteStream, is_closed};
use futures_util::future::join;

use super::clogged::clog;
use super::tools::{NOTHING_WRITTEN, assert_same, pattern, receive, receive_all, send, send_eof};

pub(super) async fn one_direction_ends_alone<A: ByteStream, B: ByteStream>(
    make: &impl AsyncFn() -> (A, B),
) {
    let (mut near, mut far) = make().await;
    let asking = async {
        send(&mut near, b"question").await;
        send_eof(&mut near).await;
        assert_same(&receive(&mut near, 6).await, b"answer", "S2, half closed");
        send_eof(&mut near).await;
        let error = near.send(b"more").await;
        let error = error.expect_err("S3: this direction is closed");
        assert!(is_closed(&error), "S3: it is closed, not: {error}");
        let rest = receive_all(&mut near, 5000).await;
        assert_same(&rest, &pattern(0, 5000), "S2, half closed");
    };
    let answering = async {
        let question = receive_all(&mut far, 8).await;
        assert_same(&question, b"question", "S2, before the end");
        send(&mut far, b"answer").await;
        send(&mut far, &pattern(0, 5000)).await;
        far.close().await.expect("the other half can be closed");
    };
    join(asking, answering).await;
}

pub(super) async fn both_directions_at_once<A: ByteStream, B: ByteStream>(
    make: &impl AsyncFn() -> (A, B),
    count: usize,
) {
    let (mut near, mut far) = make().await;
    let (there, back) = (pattern(0, count), pattern(77, count));
    let exchanges = join(exchange(&mut near, &there), exchange(&mut far, &back));
    let (received_near, received_far) = exchanges.await;
    assert_same(&received_far, &there, "R1, both directions at once");
    assert_same(&received_near, &back, "R1, both directions at once");
}

/// Sends the bytes and receives as many, in whichever order is possible.
async fn exchange<S: ByteStream>(stream: &mut S, bytes: &[u8]) -> Vec<u8> {
    let (mut sent, mut flushed, mut received) = (0, false, Vec::new());
    let mut buffer = vec![0; 10_000];
    poll_fn(|cx| {
        loop {
            let mut moved = false;
            if sent < bytes.len() {
                if let Poll::Ready(count) = Pin::new(&mut *stream).poll_write(cx, &bytes[sent..]) {
                    let count = count.expect("the peer receives");
                    assert!(count > 0, "{NOTHING_WRITTEN}");
                    sent += count;
                    moved = true;
                }
            }
            if sent == bytes.len() && !flushed {
                if let Poll::Ready(outcome) = Pin::new(&mut *stream).poll_flush(cx) {
                    outcome.expect("the peer receives");
                    flushed = true;
                }
            }
            if received.len() < bytes.len() {
                if let Poll::Ready(count) = Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                    let count = count.expect("the peer sends");
                    assert!(count > 0, "R2: the end came before it was said");
                    received.extend(&buffer[..count]);
                    moved = true;
                }
            }
            if flushed && received.len() >= bytes.len() {
                return Poll::Ready(());
            }
            if !moved {
                return Poll::Pending;
            }
        }
    })
    .await;
    received
}

pub(super) async fn a_clogged_direction_clogs_no_other<A: ByteStream, B: ByteStream>(
    make: &impl AsyncFn() -> (A, B),
) {
    let (mut near, mut far) = make().await;
    let sent = clog(&mut near).await;
    let bytes = pattern(5, 100);
    let (received, ()) = join(receive(&mut near, 100), send(&mut far, &bytes)).await;
    assert_same(&received, &bytes, "the directions are independent");
    let (received, ()) = join(receive_all(&mut far, sent), send_eof(&mut near)).await;
    assert_same(
        &received,
        &pattern(0, sent),
        "the directions are independent",
    );
}

//! Helpers for the checks of byte streams: patterns of bytes, and sending and receiving that must succeed.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use anyrt_core::stream::{
    ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt, is_end_of_stream,
};

/// A large number of bytes: more than one receive returns.
pub(super) const MUCH: usize = 200_000;

/// The number of bytes to send when some more than fit are needed; there may be room for one byte at a
/// time.
pub(super) const MORE: usize = 20_000;

/// The message about a stream that writes 0 bytes where there are some to be written.
pub(super) const NOTHING_WRITTEN: &str =
    "nothing was written: a stream that cannot write is pending, or fails";

/// Returns bytes that depend on their position, so that holes, repetitions and swaps are noticed.
pub(super) fn pattern(from: usize, len: usize) -> Vec<u8> {
    // A prime, which does not divide any usual size of a buffer; the second term makes the rounds differ.
    let at = |place: usize| (place % 251 + place / 251 % 7) % 256;
    (from..from + len)
        .map(|place| u8::try_from(at(place)).unwrap_or_default())
        .collect()
}

/// Compares without printing all of it, and panics at a difference.
#[track_caller]
pub(super) fn assert_same(found: &[u8], expected: &[u8], rule: &str) {
    let same = found.iter().zip(expected).take_while(|(f, e)| f == e);
    let same = same.count();
    assert!(
        same == found.len() && same == expected.len(),
        "{rule}: of {} bytes {} came, and the first {same} are right",
        expected.len(),
        found.len(),
    );
}

/// Sends the bytes, and panics if that fails.
pub(super) async fn send(stream: &mut impl ByteSendStream, bytes: &[u8]) {
    if let Err(error) = stream.send(bytes).await {
        panic!("{} bytes cannot be sent: {error}", bytes.len());
    }
}

pub(super) async fn send_eof(stream: &mut impl ByteSendStream) {
    if let Err(error) = stream.send_eof().await {
        panic!("the end cannot be said: {error}");
    }
}

/// Receives exactly `count` bytes, and panics if the stream ends before.
pub(super) async fn receive(stream: &mut impl ByteReceiveStream, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        match stream.receive(count - bytes.len()).await {
            Ok(more) => bytes.extend(more),
            Err(error) => panic!("after {} bytes of {count}: {error}", bytes.len()),
        }
    }
    bytes
}

/// Receives all bytes up to the end, and panics if there are more than `most`.
pub(super) async fn receive_all(stream: &mut impl ByteReceiveStream, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        assert!(
            bytes.len() <= most,
            "R1: at most {most} bytes were sent, and {} came",
            bytes.len()
        );
        match stream.receive(10_000).await {
            Ok(more) => bytes.extend(more),
            Err(error) if is_end_of_stream(&error) => return bytes,
            Err(error) => panic!("after {} bytes, in place of the end: {error}", bytes.len()),
        }
    }
}

/// Writes some bytes without flushing them.
pub(super) async fn write(stream: &mut impl ByteSendStream, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await
}

/// Reads once.
pub(super) async fn read(
    stream: &mut impl ByteReceiveStream,
    buffer: &mut [u8],
) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buffer)).await
}

/// Polls a future with a waker that does nothing.
pub(super) fn poll_in_vain<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Drives the future, and drops it when it is still pending after `polls` polls.
pub(super) async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut polled = 0;
    poll_fn(|cx| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(cx) {
            Poll::Pending if polled == polls => Poll::Ready(None),
            outcome => outcome.map(Some),
        }
    })
    .await
}

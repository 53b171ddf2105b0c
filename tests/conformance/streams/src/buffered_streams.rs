//! Byte streams with a buffer: ST-08 to ST-11.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::stream::{
    Attributes, BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, DelimiterNotFound,
    IncompleteRead, is_broken, is_closed, is_delimiter_not_found, is_end_of_stream,
    is_incomplete_read, memory_byte_stream,
};
use futures_io::{AsyncBufRead, AsyncRead};

use super::byte_streams_support::Pieces;
use crate::erased::{Backend, R};
use crate::support::{Wakes, in_cancelled_scope, run};

/// ST-08: chunks are joined until enough bytes are there, and surplus bytes stay for later.
pub fn exactly_so_many_bytes_are_received(backend: &Backend) {
    run(backend, async {
        for size in 1..12 {
            let mut stream = BufferedByteStream::new(Pieces::of(b"abcdefghijkl", size).slow());
            assert_eq!(stream.receive_exactly(5).await.unwrap(), b"abcde");
            assert_eq!(stream.receive_exactly(0).await.unwrap(), b"");
            assert_eq!(stream.receive_exactly(1).await.unwrap(), b"f");
            assert_eq!(stream.receive_exactly(6).await.unwrap(), b"ghijkl");
            assert_eq!(stream.receive_exactly(0).await.unwrap(), b"");
            assert!(is_incomplete_read(
                &stream.receive_exactly(1).await.unwrap_err()
            ));
            assert!(is_end_of_stream(&stream.receive(1).await.unwrap_err()));
        }
    });
}

/// ST-08: large amounts, and a number of bytes that exceeds any memory.
pub fn memory_is_taken_as_bytes_come(backend: &Backend) {
    run(backend, async {
        let bytes: Vec<u8> = (0..=250).cycle().take(1_000_000).collect();
        let mut stream = BufferedByteStream::new(Pieces::of(&bytes, 60_000));
        assert_eq!(stream.receive_exactly(10).await.unwrap(), bytes[..10]);
        let large = stream.receive_exactly(900_000).await.unwrap();
        assert!(large == bytes[10..900_010]);
        let error = stream.receive_exactly(usize::MAX).await.unwrap_err();
        let error = IncompleteRead::of(&error);
        assert_eq!(error.unwrap().buffered(), 99_990);
        assert!(stream.into_parts().1 == bytes[900_010..]);
    });
}

/// ST-09: bytes are received up to a delimiter, which is removed, wherever chunks end.
pub fn a_delimiter_is_found_across_chunks(backend: &Backend) {
    run(backend, async {
        let text = b"one\r\n\r\ntwo\rthree\n\r\nrest";
        for size in 1..=text.len() {
            let mut stream = BufferedByteStream::new(Pieces::of(text, size).slow());
            assert_eq!(stream.receive_until(b"\r\n", 10).await.unwrap(), b"one");
            assert_eq!(stream.receive_until(b"\r\n", 10).await.unwrap(), b"");
            assert_eq!(stream.receive_until(b"\r", 3).await.unwrap(), b"two");
            assert_eq!(stream.receive_until(b"\n\r\n", 10).await.unwrap(), b"three");
            assert_eq!(stream.receive_exactly(4).await.unwrap(), b"rest");
        }
    });
}

/// ST-10: a stream that ends too early is an incomplete read, and no byte is lost.
pub fn an_early_end_is_an_incomplete_read(backend: &Backend) {
    run(backend, async {
        let mut stream = BufferedByteStream::new(Pieces::new(["ab", "c"]));
        for _ in 0..2 {
            let error = stream.receive_exactly(4).await.unwrap_err();
            assert!(is_incomplete_read(&error));
            assert!(!is_end_of_stream(&error) && !is_broken(&error) && !is_closed(&error));
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            let error = stream.receive_until(b"d", 10).await.unwrap_err();
            assert!(is_incomplete_read(&error));
            let inner = IncompleteRead::of(&error);
            assert_eq!(inner.unwrap().buffered(), 3);
            assert_eq!(stream.buffered(), b"abc");
        }
        stream.feed_data(b"d!");
        assert_eq!(stream.receive_until(b"d", 10).await.unwrap(), b"abc");
        assert_eq!(stream.receive(10).await.unwrap(), b"!");
    });
}

/// ST-10: a delimiter is searched for within the limit, and no byte further. The searched bytes stay.
pub fn a_delimiter_has_to_come_soon_enough(backend: &Backend) {
    run(backend, async {
        for size in 1..8 {
            let mut stream = BufferedByteStream::new(Pieces::of(b"abcd\r\nef", size));
            let error = stream.receive_until(b"\r\n", 3).await.unwrap_err();
            assert!(is_delimiter_not_found(&error));
            assert!(!is_incomplete_read(&error) && !is_end_of_stream(&error));
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            let inner = DelimiterNotFound::of(&error);
            assert_eq!(inner.unwrap().max(), 3);
            assert!(stream.buffered().starts_with(b"abcd"));
            assert_eq!(stream.receive_until(b"\r\n", 4).await.unwrap(), b"abcd");
            assert_eq!(stream.receive_exactly(2).await.unwrap(), b"ef");
        }
        let mut stream = BufferedByteStream::new(Pieces::new(["ab"]));
        let error = stream.receive_until(b"", 10).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        // Bytes that cannot match any more are not waited for: this stream never sends anything else.
        let (mut near, far) = memory_byte_stream(10);
        near.send(b"abc").await.unwrap();
        let mut far = BufferedByteStream::new(far);
        let error = far.receive_until(b"\n", 2).await.unwrap_err();
        assert!(is_delimiter_not_found(&error));
    });
}

/// ST-10: a peer that never sends the delimiter costs no more memory than the limit.
pub fn a_search_holds_no_more_than_was_allowed(backend: &Backend) {
    struct Endless;
    impl Attributes for Endless {}
    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            buffer.fill(b'a');
            Poll::Ready(Ok(buffer.len()))
        }
    }
    run(backend, async {
        for max in [0, 1000, 1_000_000] {
            let mut stream = BufferedByteStream::new(Endless);
            let error = stream.receive_until(b"aab", max).await.unwrap_err();
            assert!(is_delimiter_not_found(&error));
            assert!(stream.buffered().len() <= max + 3 + 64 * 1024);
        }
    });
}

/// ST-09: however small the pieces, each byte is examined once. (Searching all of them for each piece would
/// take until the watchdog fires.)
pub fn a_search_is_linear(backend: &Backend) {
    const LENGTH: usize = 1 << 20;
    run(backend, async {
        let mut text = vec![b'a'; LENGTH];
        text.extend(b"ab");
        // The worst case for a search that starts again after each mismatch.
        let mut delimiter = vec![b'a'; 500];
        delimiter.push(b'b');
        let mut stream = BufferedByteStream::new(Pieces::of(&text, 1));
        let found = stream.receive_until(&delimiter, 2 * LENGTH).await.unwrap();
        assert_eq!(found.len(), LENGTH + 1 - 500);
    });
}

/// ST-09: the same when each wait for a piece is cancelled: the next search continues.
pub fn a_search_that_is_broken_off_goes_on(backend: &Backend) {
    run(backend, async {
        let mut text = vec![b'a'; 1 << 18];
        text.push(b'\n');
        let mut stream = BufferedByteStream::new(Pieces::of(&text, 1).slow());
        let wakes = Wakes::new();
        let found = loop {
            let mut receive = std::pin::pin!(stream.receive_until(b"\n", usize::MAX));
            if let Poll::Ready(found) = wakes.poll(receive.as_mut()) {
                break found.unwrap();
            }
        };
        assert_eq!(found.len(), 1 << 18);
    });
}

/// ST-08: plain reading returns the buffered bytes first, and no others with them; bytes that are fed count
/// as received.
pub fn reading_begins_with_what_is_buffered(backend: &Backend) {
    run(backend, async {
        for size in [3, 10_000] {
            let mut stream = BufferedByteStream::new(Pieces::new(["later"]));
            stream.feed_data(b"now");
            stream.feed_data(b", and ");
            assert_eq!(stream.buffered(), b"now, and ");
            assert_eq!(stream.receive_until(b",", 10).await.unwrap(), b"now");
            let mut received = Vec::new();
            while let Ok(some) = stream.receive(size).await {
                received.extend(some);
            }
            assert_eq!(received, b" and later");
            assert_eq!(stream.buffered(), b"");
        }
        let mut stream = BufferedByteStream::new(Pieces::new(["abc", "d"]));
        let filled = async |stream: &mut BufferedByteStream<Pieces>| {
            std::future::poll_fn(|cx| {
                let filled = Pin::new(&mut *stream).poll_fill_buf(cx);
                filled.map(|bytes| bytes.unwrap().to_vec())
            })
            .await
        };
        assert_eq!(filled(&mut stream).await, b"abc");
        Pin::new(&mut stream).consume(2);
        assert_eq!(filled(&mut stream).await, b"c");
        Pin::new(&mut stream).consume(1);
        assert_eq!(filled(&mut stream).await, b"d");
        Pin::new(&mut stream).consume(1);
        assert_eq!(filled(&mut stream).await, b"");
    });
}

/// ST-11: a buffered stream in both directions sends, and closes one direction or both.
pub fn a_buffered_stream_closes_its_halves(backend: &Backend) {
    run(backend, async {
        let (near, mut far) = memory_byte_stream(100);
        let mut near = BufferedByteStream::new(near);
        near.send(b"request").await.unwrap();
        near.send_eof().await.unwrap();
        assert!(is_closed(&near.send(b"").await.unwrap_err()));
        assert_eq!(far.receive(100).await.unwrap(), b"request");
        assert!(is_end_of_stream(&far.receive(100).await.unwrap_err()));
        far.send(b"line\nbody").await.unwrap();
        assert_eq!(near.receive_until(b"\n", 100).await.unwrap(), b"line");
        assert_eq!(near.buffered(), b"body");
        near.close().await.unwrap();
        assert!(is_broken(&far.send(b"").await.unwrap_err()));

        let (near, mut far) = memory_byte_stream(100);
        let mut near = BufferedByteStream::new(near);
        far.send(b"line\nbody").await.unwrap();
        assert_eq!(near.receive_until(b"\n", 100).await.unwrap(), b"line");
        let (mut near, unused) = near.into_parts();
        assert_eq!(unused, b"body");
        near.send(b"still there").await.unwrap();
        assert_eq!(far.receive(100).await.unwrap(), b"still there");
    });
}

/// C4: in a cancelled scope nothing is removed from the buffer, even if it is available.
pub fn buffered_operations_are_cancel_points(backend: &Backend) {
    run(backend, async {
        let mut stream = BufferedByteStream::new(Pieces::new([""; 0]));
        stream.feed_data(b"a line\n");
        let refused = in_cancelled_scope::<R, _>(stream.receive_exactly(1)).await;
        assert!(refused.is_err());
        let refused = in_cancelled_scope::<R, _>(stream.receive_until(b"\n", 10)).await;
        assert!(refused.is_err());
        assert_eq!(stream.buffered(), b"a line\n");
    });
}

anyrt_conformance_kit::cases! { buffered_streams: erased,
    exactly_so_many_bytes_are_received,
    memory_is_taken_as_bytes_come,
    a_delimiter_is_found_across_chunks,
    an_early_end_is_an_incomplete_read,
    a_delimiter_has_to_come_soon_enough,
    a_search_holds_no_more_than_was_allowed,
    a_search_is_linear,
    a_search_that_is_broken_off_goes_on,
    reading_begins_with_what_is_buffered,
    a_buffered_stream_closes_its_halves,
    buffered_operations_are_cancel_points,
}

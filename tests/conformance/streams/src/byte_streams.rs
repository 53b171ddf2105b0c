//! Byte streams in memory, and stapled: ST-01 to ST-05, ST-07, ST-14, TI-10, C4. (ST-06 is ruled out by
//! types.)

use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use anyrt_core::error::AttributeError;
use anyrt_core::stream::{
    AttributesExt, BufferedByteStream, ByteReceiveStream, ByteReceiveStreamExt, ByteSendStreamExt,
    ByteStream, StapledByteStream, TextStream, UNBOUNDED, is_broken, is_closed, is_end_of_stream,
    memory_byte_pipe, memory_byte_stream,
};
use futures_io::{AsyncRead, AsyncWrite};

use super::byte_streams_support::{Left, Pieces, Unreadable};
use crate::erased::{Backend, R};
use crate::support::{Wakes, catch_sync, in_cancelled_scope, run};
use crate::{check_byte_pipe, check_byte_stream};

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, TI-10: a connection in memory keeps to the contract, whatever
/// its capacity.
pub fn memory_streams_keep_the_contract(backend: &Backend) {
    for (capacity, clogged) in [(100, 1), (64 * 1024, 100), (UNBOUNDED, 5000)] {
        run(
            backend,
            check_byte_stream(
                async || memory_byte_stream(capacity),
                async || memory_byte_stream(clogged),
            ),
        );
    }
}

/// ST-01, ST-02, ST-03, ST-04, ST-05: one direction of a connection in memory keeps to the contract.
pub fn memory_pipes_keep_the_contract(backend: &Backend) {
    run(
        backend,
        check_byte_pipe(
            async || memory_byte_pipe(1000),
            async || memory_byte_pipe(1),
        ),
    );
}

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, ST-11: a stream with a buffer keeps to the contract.
pub fn buffered_streams_keep_the_contract(backend: &Backend) {
    let make = async |capacity| {
        let (near, far) = memory_byte_stream(capacity);
        (BufferedByteStream::new(near), BufferedByteStream::new(far))
    };
    run(
        backend,
        check_byte_stream(async || make(5000).await, async || make(7).await),
    );
}

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, ST-14: two pipes that are stapled together keep to the
/// contract.
pub fn stapled_streams_keep_the_contract(backend: &Backend) {
    let make = async |capacity| {
        let (send_there, receive_there) = memory_byte_pipe(capacity);
        let (send_back, receive_back) = memory_byte_pipe(capacity);
        (
            StapledByteStream::new(send_there, receive_back),
            StapledByteStream::new(send_back, receive_there),
        )
    };
    run(
        backend,
        check_byte_stream(async || make(5000).await, async || make(7).await),
    );
}

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07: a stream that is used only as a trait object keeps to the
/// contract.
pub fn boxed_streams_keep_the_contract(backend: &Backend) {
    let make = async |capacity| {
        let (near, far) = memory_byte_stream(capacity);
        let (near, far): (Box<dyn ByteStream>, Box<dyn ByteStream>) =
            (Box::new(near), Box::new(far));
        (near, far)
    };
    run(
        backend,
        check_byte_stream(async || make(5000).await, async || make(7).await),
    );
}

/// TI-10: there is room for exactly `capacity` bytes; then sending waits for the peer to receive one.
pub fn sending_bytes_waits_when_the_room_is_used_up(backend: &Backend) {
    run(backend, async {
        for capacity in [1, 7, 4096] {
            let (mut near, mut far) = memory_byte_stream(capacity);
            near.send(&vec![1; capacity]).await.unwrap();
            let wakes = Wakes::new();
            let mut send = pin!(near.send(&[2]));
            assert!(wakes.poll(send.as_mut()).is_pending());
            assert_eq!(far.receive(1).await.unwrap(), [1]);
            assert_eq!(wakes.count(), 1);
            assert!(matches!(wakes.poll(send.as_mut()), Poll::Ready(Ok(()))));
        }
    });
}

/// TI-10: a stream of bytes without room could never pass one on.
pub fn a_byte_stream_needs_room(_: &Backend) {
    for refused in [
        catch_sync(|| drop(memory_byte_stream(0))),
        catch_sync(|| drop(memory_byte_pipe(0))),
    ] {
        assert!(refused.unwrap_err().contains("room"));
    }
}

/// ST-05, TI-10: dropping an end gives the other the end of the stream and a broken stream, for operations
/// that wait already as well as for later ones.
pub fn a_dropped_end_is_noticed_at_once(backend: &Backend) {
    run(backend, async {
        let (mut near, mut far) = memory_byte_stream(3);
        far.send(b"bye").await.unwrap();
        drop(far);
        assert_eq!(near.receive(10).await.unwrap(), b"bye");
        for _ in 0..3 {
            assert!(is_end_of_stream(&near.receive(10).await.unwrap_err()));
            assert!(is_broken(&near.send(b"too late").await.unwrap_err()));
        }
        near.send_eof().await.unwrap();
        assert!(is_closed(&near.send(b"").await.unwrap_err()));

        let (near, far) = memory_byte_stream(3);
        let (mut sender, mut receiver) = near.into_parts();
        let (sending, receiving) = (Wakes::new(), Wakes::new());
        let mut send = pin!(sender.send(b"more than fits"));
        let mut receive = pin!(receiver.receive(1));
        assert!(sending.poll(send.as_mut()).is_pending());
        assert!(receiving.poll(receive.as_mut()).is_pending());
        drop(far);
        assert_eq!((sending.count(), receiving.count()), (1, 1));
        let sent = sending.poll(send.as_mut());
        assert!(matches!(sent, Poll::Ready(Err(error)) if is_broken(&error)));
        let received = receiving.poll(receive.as_mut());
        assert!(matches!(received, Poll::Ready(Err(error)) if is_end_of_stream(&error)));
    });
}

/// TI-10: a connection that is reset does not look as if it had been closed, and the bytes in transit are
/// lost.
pub fn a_reset_connection_is_broken_for_the_peer(backend: &Backend) {
    run(backend, async {
        let (mut near, mut far) = memory_byte_stream(100);
        far.send(b"lost").await.unwrap();
        far.reset();
        for _ in 0..3 {
            let error = near.receive(10).await.unwrap_err();
            assert!(is_broken(&error) && !is_end_of_stream(&error));
            assert!(is_broken(&near.send(b"too late").await.unwrap_err()));
        }

        let (mut near, far) = memory_byte_stream(100);
        let wakes = Wakes::new();
        let mut receive = pin!(near.receive(1));
        assert!(wakes.poll(receive.as_mut()).is_pending());
        far.reset();
        assert_eq!(wakes.count(), 1);
        let received = wakes.poll(receive.as_mut());
        assert!(matches!(received, Poll::Ready(Err(error)) if is_broken(&error)));
    });
}

/// C4: in a cancelled scope the operations do nothing, and the poll methods beneath them work.
pub fn byte_operations_are_cancel_points(backend: &Backend) {
    run(backend, async {
        let (mut near, mut far) = memory_byte_stream(100);
        far.send(b"here").await.unwrap();
        let refused = in_cancelled_scope::<R, _>(near.receive(1)).await;
        assert!(refused.is_err());
        let mut buffer = [0];
        let refused = in_cancelled_scope::<R, _>(near.receive_into(&mut buffer)).await;
        assert!(refused.is_err());
        let refused = in_cancelled_scope::<R, _>(near.send(b"never")).await;
        assert!(refused.is_err());
        let refused = in_cancelled_scope::<R, _>(near.send_eof()).await;
        assert!(refused.is_err());
        assert_eq!(near.receive(10).await.unwrap(), b"here");
        let transparent = in_cancelled_scope::<R, _>(async {
            std::future::poll_fn(|cx| Pin::new(&mut near).poll_write(cx, b"seen")).await
        });
        assert_eq!(transparent.await.unwrap().unwrap(), 4);
        let transparent = in_cancelled_scope::<R, _>(async {
            std::future::poll_fn(|cx| Pin::new(&mut far).poll_read(cx, &mut [0; 10])).await
        });
        assert_eq!(transparent.await.unwrap().unwrap(), 4);
        // Cancelled before it began: the stream is dropped.
        let refused = in_cancelled_scope::<R, _>(near.close()).await;
        assert!(refused.is_err());
        assert!(is_end_of_stream(&far.receive(1).await.unwrap_err()));
    });
}

/// ST-14: bytes are sent into one half and received from the other; each ends alone, and both are dropped
/// with the whole.
pub fn a_stapled_stream_consists_of_its_halves(backend: &Backend) {
    run(backend, async {
        let (sender, mut sent) = memory_byte_pipe(10);
        let (mut to_receive, receiver) = memory_byte_pipe(10);
        let mut stapled = StapledByteStream::new(sender, receiver);
        stapled.send(b"out").await.unwrap();
        to_receive.send(b"in").await.unwrap();
        assert_eq!(sent.receive(10).await.unwrap(), b"out");
        assert_eq!(stapled.receive(10).await.unwrap(), b"in");
        stapled.send_eof().await.unwrap();
        stapled.send_eof().await.unwrap();
        assert!(is_end_of_stream(&sent.receive(10).await.unwrap_err()));
        assert!(is_closed(&stapled.send(b"").await.unwrap_err()));
        to_receive.send(b"more").await.unwrap();
        assert_eq!(stapled.receive(10).await.unwrap(), b"more");
        stapled.close().await.unwrap();
        assert!(is_broken(&to_receive.send(b"").await.unwrap_err()));
    });
}

/// ST-14: the attributes of a stream are available on everything that wraps it; of a stapled stream, the
/// receiving half has precedence.
pub fn attributes_are_found_through_wrappers(backend: &Backend) {
    run(backend, async {
        let pieces = |count| Pieces::new(vec![b"x"; count]);
        let (sender, _receiver) = memory_byte_pipe(1);
        let stapled = StapledByteStream::new(sender, pieces(2));
        assert_eq!(stapled.attribute::<Left>(), Ok(2));
        let buffered = BufferedByteStream::new(stapled);
        assert_eq!(buffered.attribute::<Left>(), Ok(2));
        let text = TextStream::new(buffered);
        assert_eq!(text.attribute::<Left>(), Ok(2));
        assert_eq!(
            StapledByteStream::new(pieces(1), pieces(2)).attribute::<Left>(),
            Ok(2)
        );
        assert_eq!(
            StapledByteStream::new(pieces(1), ())
                .send_stream()
                .attribute::<Left>(),
            Ok(1)
        );
        let missing = memory_byte_pipe(1).1.attribute::<Left>();
        assert!(missing.unwrap_err().to_string().contains("pieces left"));
    });
}

/// EN-30: an attribute that could not be read is a result: an attribute further inside does not replace it,
/// and every wrapper passes it on. Its error differs from that of a missing attribute.
pub fn attributes_that_fail_are_found_through_wrappers(backend: &Backend) {
    run(backend, async {
        let unreadable = || Unreadable(Pieces::new([b"x"]));
        let expected = unreadable().attribute::<Left>().unwrap_err();
        assert!(!expected.is_missing());
        let failure = expected.io_error().unwrap();
        assert_eq!(failure.kind(), io::ErrorKind::PermissionDenied);
        assert!(expected.to_string().contains("pieces left"));
        let missing = memory_byte_pipe(1).1.attribute::<Left>().unwrap_err();
        assert!(missing.is_missing() && missing.io_error().is_none());
        assert_ne!(missing, expected);
        let kind = |error: AttributeError| io::Error::from(error).kind();
        assert_eq!(kind(missing), io::ErrorKind::NotFound);
        assert_eq!(kind(expected.clone()), io::ErrorKind::PermissionDenied);

        let buffered = BufferedByteStream::new(unreadable());
        assert_eq!(buffered.attribute::<Left>(), Err(expected.clone()));
        let text = TextStream::new(buffered);
        assert_eq!(text.attribute::<Left>(), Err(expected.clone()));
        let stapled = StapledByteStream::new(Pieces::new([b"x"]), unreadable());
        assert_eq!(stapled.attribute::<Left>(), Err(expected.clone()));
        let boxed: Box<dyn ByteReceiveStream> = Box::new(unreadable());
        assert_eq!(boxed.attribute::<Left>(), Err(expected));
        assert_eq!(boxed.attribute_or::<Left>(7), 7);
    });
}

/// ST-01: an error of the stream beneath is returned unchanged.
pub fn errors_pass_through_wrappers(backend: &Backend) {
    run(backend, async {
        let failing = || Pieces::new(["ab"]).failing(io::ErrorKind::TimedOut);
        let mut buffered = BufferedByteStream::new(failing());
        let error = buffered.receive_exactly(3).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(buffered.buffered(), b"ab");
        let mut text = TextStream::new(failing());
        assert_eq!(text.receive().await.unwrap(), "ab");
        let error = text.receive().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    });
}

anyrt_conformance_kit::cases! { byte_streams: erased,
    memory_streams_keep_the_contract,
    memory_pipes_keep_the_contract,
    buffered_streams_keep_the_contract,
    stapled_streams_keep_the_contract,
    boxed_streams_keep_the_contract,
    sending_bytes_waits_when_the_room_is_used_up,
    a_byte_stream_needs_room,
    a_dropped_end_is_noticed_at_once,
    a_reset_connection_is_broken_for_the_peer,
    byte_operations_are_cancel_points,
    a_stapled_stream_consists_of_its_halves,
    attributes_are_found_through_wrappers,
    attributes_that_fail_are_found_through_wrappers,
    errors_pass_through_wrappers,
}

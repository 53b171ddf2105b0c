//! `anyrt::interop::tokio_io` with tokio's functions for its traits.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use anyrt::interop::tokio_io::{ForTokio, FromTokio};
use anyrt::net::RemotePort;
use anyrt::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed, is_end_of_stream,
};
use anyrt_conformance::check_byte_stream;
use anyrt_interop::{connect, listen, memory_pair, pairs, tcp_pair};
use futures_util::io::{AsyncRead, AsyncWrite};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

/// Checks that tokio's own operations work over any byte stream: exact reads, and an end in one direction
/// alone.
#[anyrt::test]
async fn tokio_reads_and_writes() {
    for [near, far] in pairs().await.unwrap() {
        let (mut near, mut far) = (ForTokio::new(near), ForTokio::new(far));
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
        let group = anyrt::task_group::<io::Error, _, _>(async |tg| {
            let sent = bytes.clone();
            tg.spawn(async move {
                near.write_all(&sent).await?;
                near.shutdown().await?;
                // The other direction is still open.
                assert_eq!(near.read_u32().await?, 1_000_000);
                assert_eq!(near.read(&mut [0]).await?, 0);
                Ok(())
            });
            let mut received = Vec::new();
            far.read_to_end(&mut received).await?;
            assert!(received == bytes);
            far.write_u32(received.len() as u32).await?;
            far.shutdown().await
        });
        group.await.unwrap();
    }
}

/// Builds a proxy of three connections with tokio's function for it.
#[anyrt::test]
async fn tokio_copies_in_both_directions() {
    let listener = listen().unwrap();
    let address = listener.local_addr().unwrap();
    let group = anyrt::task_group::<io::Error, _, _>(async |tg| {
        let [mut client, front] = memory_pair(100);
        tg.spawn(async move {
            let mut back = ForTokio::new(connect(address).await?);
            let (up, down) =
                tokio::io::copy_bidirectional(&mut ForTokio::new(front), &mut back).await?;
            assert_eq!((up, down), (300_000, 300_000));
            Ok(())
        });
        let mut server = ForTokio::new(listener.accept().await?.0);
        tg.spawn(async move {
            let mut all = Vec::new();
            server.read_to_end(&mut all).await?;
            server.write_all(&all).await?;
            server.shutdown().await
        });
        client.send(&[7; 300_000]).await?;
        client.send_eof().await?;
        let mut received = 0;
        loop {
            match client.receive(65536).await {
                Ok(bytes) => received += bytes.len(),
                Err(error) if is_end_of_stream(&error) => break,
                Err(error) => return Err(error),
            }
        }
        assert_eq!(received, 300_000);
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a stream of tokio keeps to the contract of a byte stream.
#[anyrt::test]
async fn a_stream_of_tokio_is_a_byte_stream() {
    let [mut near, mut far] = memory_pair(64);
    near.send(b"last words").await.unwrap();
    near.send(b"").await.unwrap();
    for _ in 0..2 {
        near.send_eof().await.unwrap();
    }
    for bytes in [&b"more"[..], b""] {
        let error = near.send(bytes).await.unwrap_err();
        assert!(is_closed(&error), "{error}");
    }
    assert_eq!(far.receive(64).await.unwrap(), b"last words");
    for _ in 0..2 {
        let error = far.receive(64).await.unwrap_err();
        assert!(is_end_of_stream(&error), "{error}");
    }
    far.send(b"still open").await.unwrap();
    assert_eq!(near.receive(64).await.unwrap(), b"still open");
    drop(near);
    let error = far.send(b"nobody is there").await.unwrap_err();
    assert!(is_broken(&error), "{error}");
}

/// Checks all of the contract, also through both wrappers together.
#[anyrt::test]
async fn streams_of_tokio_keep_the_contract() {
    let foreign = async |capacity| {
        let (near, far) = tokio::io::duplex(capacity);
        (FromTokio::new(near), FromTokio::new(far))
    };
    let check = check_byte_stream(async || foreign(4096).await, async || foreign(64).await);
    Box::pin(check).await;
    let there_and_back = async |capacity| {
        memory_pair(capacity)
            .map(|end| FromTokio::new(ForTokio::new(end)))
            .into()
    };
    let check = check_byte_stream(
        async || there_and_back(4096).await,
        async || there_and_back(64).await,
    );
    Box::pin(check).await;
}

/// Checks that cancelling a receive through both wrappers loses nothing.
#[anyrt::test]
async fn a_receive_that_is_cancelled_loses_nothing() {
    for [near, mut far] in pairs().await.unwrap() {
        let mut near = FromTokio::new(ForTokio::new(near));
        let soon = std::time::Duration::from_millis(5);
        assert!(anyrt::move_on_after(soon, near.receive(10)).await.is_none());
        far.send(b"late").await.unwrap();
        assert_eq!(near.receive(10).await.unwrap(), b"late");
    }
}

#[anyrt::test]
async fn attributes_are_passed_through() {
    let [near, far] = tcp_pair().await.unwrap();
    let port = far.local_addr().unwrap().port();
    assert_eq!(ForTokio::new(near).attribute::<RemotePort>(), Ok(port));
}

/// A reader that records how it is used.
#[derive(Default)]
struct Witness {
    vectored: Vec<usize>,
    rooms: Vec<usize>,
}

impl AsyncRead for Witness {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        assert!(buffer.iter().all(|byte| *byte == 0 || *byte == 9), "wiped");
        self.rooms.push(buffer.len());
        buffer[0] = 9;
        Poll::Ready(Ok(1))
    }
}

impl AsyncWrite for Witness {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("the slices were to be written together")
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.vectored.push(slices.len());
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[anyrt::test]
async fn several_slices_are_written_together() {
    let mut stream = ForTokio::new(Witness::default());
    let slices = [IoSlice::new(b"two"), IoSlice::new(b"slices")];
    assert!(tokio::io::AsyncWrite::is_write_vectored(&stream));
    assert_eq!(stream.write_vectored(&slices).await.unwrap(), 9);
    let mut back = FromTokio::new(stream);
    let written = futures_util::AsyncWriteExt::write_vectored(&mut back, &slices);
    assert_eq!(written.await.unwrap(), 9);
    assert_eq!(back.into_inner().into_inner().vectored, [2, 2]);
}

/// Checks that large uninitialised memory is not initialised again for each small read.
#[test]
fn reads_initialise_little_at_a_time() {
    let mut stream = ForTokio::new(Witness::default());
    let mut cx = Context::from_waker(Waker::noop());
    let mut read = |buffer: &mut ReadBuf<'_>| {
        let polled = tokio::io::AsyncRead::poll_read(Pin::new(&mut stream), &mut cx, buffer);
        assert!(polled.is_ready());
        stream.as_inner().rooms.last().copied()
    };
    let mut memory = vec![MaybeUninit::uninit(); 1 << 20];
    let mut buffer = ReadBuf::uninit(&mut memory);
    assert_eq!(read(&mut buffer), Some(16 * 1024));
    assert_eq!(buffer.initialized().len(), 16 * 1024);
    assert_eq!(read(&mut buffer), Some(16 * 1024));
    assert_eq!(buffer.filled(), [9, 9]);
    // Memory that is initialised already is used as far as it goes.
    let mut memory = vec![0; 1 << 20];
    let mut buffer = ReadBuf::new(&mut memory);
    assert_eq!(read(&mut buffer), Some(1 << 20));
    // The buffer has no room: nothing is read, and nothing breaks.
    let mut memory = [0; 1];
    let mut buffer = ReadBuf::new(&mut memory);
    assert_eq!(read(&mut buffer), Some(1));
}

//! A server that reads requests from a connection.
//!
//! **Bug**: it takes what one call receives for one message. A stream has no messages: a call may return a
//! part of one.
//!
//! **Found by** seeds with `Faults::rough`, which has short transfers. Not by FIFO in a calm world, where a small
//! message arrives in one piece.

use std::io;

use anyrt::net::TcpStream;
use anyrt::stream::{BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt};

use crate::Version;
use crate::support::{connect, listen, simulation};

async fn serve(stream: TcpStream, version: Version) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    loop {
        let line = if version.is_buggy() {
            let bytes = stream.receive(100).await?;
            bytes.trim_ascii_end().to_vec()
        } else {
            stream.receive_until(b"\n", 100).await?
        };
        let answer: &[u8] = match &*line {
            b"ping" => b"pong\n",
            b"the time" => b"noon\n",
            _ => b"what?\n",
        };
        stream.send(answer).await?;
    }
}

/// Runs the program.
///
/// # Panics
///
/// If the server does not understand a request.
pub async fn run(version: Version) {
    simulation().host("server").start(move || async move {
        let (stream, _) = listen().accept().await.expect("one connection comes");
        // Ends with the connection.
        drop(serve(stream, version).await);
    });
    let mut stream = BufferedByteStream::new(connect("server").await);
    for (request, expected) in [
        ("ping\n", "pong"),
        ("the time\n", "noon"),
        ("ping\n", "pong"),
    ] {
        stream
            .send(request.as_bytes())
            .await
            .expect("the server is there");
        let answer = stream.receive_until(b"\n", 100).await;
        let answer = answer.expect("the server answers");
        assert_eq!(answer, expected.as_bytes(), "the server did not understand");
    }
}

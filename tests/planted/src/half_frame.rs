//! A client that sends large frames on one connection, with a time limit for each.
//!
//! **Bug**: after a frame that was not sent in time, it goes on with the next one on the same connection. The
//! server has a part of the first frame, and takes the second one for the rest. The correct version connects
//! again.
//!
//! **Found by** seeds with `Faults::rough`. Not by FIFO in a calm world, where a frame is sent in time.

use std::io;

use anyrt::fail_after;
use anyrt::net::TcpStream;
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};

use crate::Version;
use crate::support::{connect, listen, ms, receive_number, simulation};

/// More than the network takes at once, so that sending a frame waits for the server.
const FRAME: usize = 270_000;

async fn receive_frames(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    loop {
        let length = receive_number(&mut stream).await?;
        assert_eq!(
            length, FRAME as u64,
            "what arrived is not the start of a frame"
        );
        let frame = stream.receive_exactly(FRAME).await?;
        let number = frame[0];
        assert!(
            frame.iter().all(|&byte| byte == number),
            "a frame is damaged"
        );
    }
}

/// Runs the program.
///
/// # Panics
///
/// If a frame arrives that was not sent.
pub async fn run(version: Version) {
    let server = simulation().host("server").start(|| async {
        let listener = listen();
        while let Ok((stream, _)) = listener.accept().await {
            // Ends with the connection.
            drop(receive_frames(stream).await);
        }
    });
    let mut stream = connect("server").await;
    for number in 0..2 {
        let mut frame = (FRAME as u64).to_be_bytes().to_vec();
        frame.resize(8 + FRAME, number);
        let sent = fail_after(ms(60), stream.send(&frame)).await;
        if !matches!(sent, Ok(Ok(()))) && !version.is_buggy() {
            stream = connect("server").await;
        }
    }
    drop(stream);
    // The server receives the rest.
    anyrt::sleep(ms(10_000)).await;
    assert!(server.is_up());
}

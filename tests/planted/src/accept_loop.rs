//! A server that serves one connection after another, and an impatient client.
//!
//! **Bug**: an error of one connection ends the loop that accepts them, because it is passed on with `?`.
//!
//! **Found by** seeds with `Faults::rough`, where a connection can take so long that the client gives up. Not by
//! FIFO in a calm world.

use std::io;

use anyrt::net::{TcpStream, connect_tcp};
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};
use anyrt::{fail_after, move_on_after};

use crate::Version;
use crate::support::{PORT, call, listen, ms, receive_number, simulation};

async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    let number = receive_number(&mut stream).await?;
    stream.send(&number.to_be_bytes()).await
}

async fn serve(version: Version) -> io::Result<()> {
    let listener = listen();
    loop {
        let (stream, _) = listener.accept().await?;
        let answered = answer(stream).await;
        if version.is_buggy() {
            answered?;
        }
    }
}

/// Runs the program.
///
/// # Panics
///
/// If a client is not served.
pub async fn run(version: Version) {
    simulation().host("server").start(move || async move {
        drop(serve(version).await);
    });
    // The server starts.
    anyrt::sleep(ms(1)).await;
    for number in 0..3 {
        move_on_after(ms(100), async {
            let mut stream = BufferedByteStream::new(connect_tcp("server", PORT).await?);
            stream.send(&u64::to_be_bytes(number)).await?;
            receive_number(&mut stream).await
        })
        .await;
    }
    let served = fail_after(ms(20_000), call("server", 7)).await;
    assert!(
        matches!(served, Ok(Ok(7))),
        "the server has ended: {served:?}"
    );
}

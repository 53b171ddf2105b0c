//! A client that keeps one connection to a server, and connects again when it breaks.
//!
//! **Bug**: the request that was under way when the connection broke is dropped, and its caller waits for the
//! answer without end. The correct version sends it again.
//!
//! **Found by** a restart of the server at a time that the seed draws. FIFO finds it too, since the restart is
//! not a matter of the order.

use std::sync::Arc;

use anyrt::net::TcpStream;
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, MemoryObjectReceiveStream};
use anyrt::sync::Promise;
use anyrt::{fail_after, memory_object_stream};

use crate::Version;
use crate::support::{connect, ms, receive_number, simulation, start_echo};

struct Request {
    number: u64,
    answer: Arc<Promise<u64>>,
}

async fn exchange(stream: &mut BufferedByteStream<TcpStream>, number: u64) -> Option<u64> {
    let exchange = async {
        stream.send(&number.to_be_bytes()).await.ok()?;
        receive_number(stream).await.ok()
    };
    // A server that has crashed sends nothing.
    fail_after(ms(1000), exchange).await.ok()?
}

async fn keep_connection(requests: MemoryObjectReceiveStream<Request>, version: Version) {
    let mut stream = BufferedByteStream::new(connect("server").await);
    while let Ok(request) = requests.receive().await {
        loop {
            if let Some(answer) = exchange(&mut stream, request.number).await {
                request.answer.set(answer).expect("it is answered once");
                break;
            }
            stream = BufferedByteStream::new(connect("server").await);
            if version.is_buggy() {
                break;
            }
        }
    }
}

/// Runs the program.
///
/// # Panics
///
/// If a request is not answered.
pub async fn run(version: Version) {
    let server = start_echo("server");
    let (sender, requests) = memory_object_stream(4);
    let group = anyrt::task_group(async |tg| {
        tg.spawn(keep_connection(requests, version));
        tg.spawn(async move {
            // 0 is a day without a restart.
            let moment = simulation().choose(300);
            if moment > 0 {
                anyrt::sleep(ms(10 + moment)).await;
                server.restart().await;
            }
        });
        for number in 0..8 {
            let answer = Arc::new(Promise::new());
            let request = Request {
                number,
                answer: answer.clone(),
            };
            assert!(sender.send(request).await.is_ok(), "the client is there");
            let answered = fail_after(ms(60_000), answer.value()).await;
            assert_eq!(answered.ok(), Some(Ok(number)), "a request is not answered");
            anyrt::sleep(ms(20)).await;
        }
        drop(sender);
    });
    group.await.expect("no task fails");
}

//! WebSockets with `async-tungstenite`, which accepts byte streams directly.

use anyrt_interop::{connect, listen};
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{accept_async, client_async};
use futures_util::{SinkExt, StreamExt};

/// Sends each message back, until the peer closes.
#[anyrt::test]
async fn messages_are_echoed() {
    let listener = listen().unwrap();
    let address = listener.local_addr().unwrap();
    let group = anyrt::task_group::<Error, _, _>(async |tg| {
        let server = tg.spawn(async move {
            let mut peer = accept_async(listener.accept().await?.0).await?;
            let mut echoed = 0;
            while let Some(message) = peer.next().await {
                let message = message?;
                if message.is_text() || message.is_binary() {
                    peer.send(message).await?;
                    echoed += 1;
                }
            }
            Ok(echoed)
        });
        let url = format!("ws://{address}/echo");
        let (mut socket, response) = client_async(url, connect(address).await?).await?;
        assert_eq!(response.status(), 101);
        let messages = [
            Message::text("hello"),
            Message::text(""),
            Message::binary(vec![7; 3_000_000]),
        ];
        for message in &messages {
            socket.send(message.clone()).await?;
            assert!(socket.next().await.unwrap()? == *message);
        }
        // Sent all at once, before the first is read.
        for number in 0..100 {
            socket.feed(Message::text(number.to_string())).await?;
        }
        socket.flush().await?;
        for number in 0..100 {
            let message = socket.next().await.unwrap()?;
            assert_eq!(message, Message::text(number.to_string()));
        }
        socket.close(None).await?;
        assert!(socket.next().await.unwrap()?.is_close());
        assert!(socket.next().await.is_none());
        assert_eq!(server.value().await, 103);
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a peer that waits for a message is cancelled with its group, and that the other side sees
/// it.
#[anyrt::test]
async fn a_cancelled_peer_closes_the_connection() {
    let listener = listen().unwrap();
    let address = listener.local_addr().unwrap();
    let group = anyrt::task_group::<Error, _, _>(async |tg| {
        let peer = tg.spawn(async move {
            let mut peer = accept_async(listener.accept().await?.0).await?;
            peer.next().await.transpose().map(drop)
        });
        let url = format!("ws://{address}/");
        let (mut socket, _) = client_async(url, connect(address).await?).await?;
        peer.cancel();
        let error = socket.next().await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Protocol(_) | Error::Io(_)),
            "{error}"
        );
        Ok(())
    });
    group.await.unwrap();
}

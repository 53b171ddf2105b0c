//! Connections: data, ends, halves and attributes.

use std::net::Ipv4Addr;

use anyrt_core::net::{Address, TcpStream};
use anyrt_core::runtime::{Enter, Net, Purpose, Socket};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream};
use futures_util::future::{poll_fn, try_join};

use crate::support::run;

/// NET-01: bytes go both ways until the peer closes.
pub fn a_connection_carries_bytes_both_ways<B: Enter<Runtime: Net>>(backend: &B) {
    run(backend, async {
        let any = Address::from((Ipv4Addr::LOCALHOST.into(), 0));
        let listen = Purpose::Listen {
            at: &any,
            backlog: 16,
        };
        let listener = B::Runtime::socket(listen, &[]).unwrap();
        let to = listener.local_address().unwrap();
        let connect = Purpose::Connect {
            to: &to,
            from: None,
        };
        let client = B::Runtime::socket(connect, &[]).unwrap();
        let ((), (server, _)) = try_join(
            poll_fn(|cx| client.poll_connected(cx)),
            poll_fn(|cx| listener.poll_accept(cx)),
        )
        .await
        .unwrap();
        let mut client = TcpStream::<B::Runtime>::from_socket(client).unwrap();
        let mut server = TcpStream::<B::Runtime>::from_socket(server).unwrap();
        client.send(b"ping").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"ping");
        server.send(b"pong").await.unwrap();
        assert_eq!(client.receive(10).await.unwrap(), b"pong");
        client.close().await.unwrap();
        for _ in 0..2 {
            let error = server.receive(10).await.unwrap_err();
            assert!(is_end_of_stream(&error), "{error}");
        }
    });
}

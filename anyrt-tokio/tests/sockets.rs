//! Sockets of tokio become anyrt's, and vice versa.
#![cfg(unix)]

use std::net::Ipv4Addr;

use anyrt_conformance::support::run;
use anyrt_core::net::{TcpListener, TcpStream};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_tokio::{Builder, Tokio};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream as Native;

#[test]
fn native_sockets_come_in_and_go_out() {
    run(&Builder::multi_thread(), async {
        let listener = TcpListener::<Tokio>::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let native = Native::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let socket = native.into_std().unwrap();
        let mut client = TcpStream::<Tokio>::adopt(socket).unwrap();
        client.send(b"in").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"in");

        let socket = std::net::TcpStream::from(client.into_descriptor().unwrap());
        let mut native = Native::from_std(socket).unwrap();
        native.write_all(b"out").await.unwrap();
        native.flush().await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"out");
    });
}

//! Sockets of smol become anyrt's, and vice versa.
#![cfg(unix)]

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyrt_conformance::support::run;
use anyrt_core::net::{TcpListener, TcpStream};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_smol::{Builder, Smol};
use smol::Async;
use smol::io::AsyncWriteExt;
use smol::net::TcpStream as Native;

#[test]
fn native_sockets_come_in_and_go_out() {
    run(&Builder::new(), async {
        let listener = TcpListener::<Smol>::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let native = Native::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let shared: Arc<Async<std::net::TcpStream>> = native.into();
        let socket = Arc::into_inner(shared).expect("it was not cloned");
        let socket = socket.into_inner().unwrap();
        let mut client = TcpStream::<Smol>::adopt(socket).unwrap();
        client.send(b"in").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"in");

        let socket = std::net::TcpStream::from(client.into_descriptor().unwrap());
        let mut native = Native::try_from(socket).unwrap();
        native.write_all(b"out").await.unwrap();
        native.flush().await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"out");
    });
}

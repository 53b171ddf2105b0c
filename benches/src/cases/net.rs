//! Connections over loopback.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyrt_core::net::{TcpConnector, TcpListener, TcpStream};
use anyrt_core::runtime::Net;
use futures_util::future::{join_all, try_join};
use futures_util::{AsyncReadExt, AsyncWriteExt};

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, AsyncStdShared, Setup, SmolOne, TokioCurrent, TokioTwo};

/// The largest ratio: each operation is one or two system calls, which are the same on both sides.
const FLOOR: Floor = Floor::Ratio(1.02);

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent, tokio::net::TcpStream>(cases, "tokio::net");
    add_on::<TokioTwo, tokio::net::TcpStream>(cases, "tokio::net");
    add_on::<SmolOne, smol::net::TcpStream>(cases, "smol::net");
    add_on::<AsyncStdShared, async_std::net::TcpStream>(cases, "async_std::net");
}

fn add_on<L: Setup<Runtime: Net>, S: Connection>(cases: &mut Vec<Case>, theirs: &'static str) {
    for (name, connections, size, count) in [
        ("TCP echo, 64 bytes", 1, 64, 20_000),
        ("TCP echo, 64 KiB", 1, 64 * 1024, 4_000),
        ("TCP echo, 64 bytes, 100 connections", 100, 64, 20_000),
    ] {
        cases.push(Case::new(
            name,
            L::NAME,
            theirs,
            count,
            FLOOR,
            move |side, count| match side {
                Side::Ours => {
                    setup::ours::<L, _>(echo::<TcpStream<L::Runtime>>(connections, size, count))
                }
                Side::Theirs => setup::native::<L, _, _>(|_| echo::<S>(connections, size, count)),
            },
        ));
    }
    cases.push(Case::new(
        "TCP connect, accept and close",
        L::NAME,
        theirs,
        4_000,
        Floor::None,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(connect::<TcpStream<L::Runtime>>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| connect::<S>(count)),
        },
    ));
}

/// Sends messages back and forth over `connections` connections, all in one task.
async fn echo<S: Connection>(connections: usize, size: usize, count: usize) -> Duration {
    let listener = S::listen().await.expect("loopback is there");
    let mut pairs = Vec::new();
    for _ in 0..connections {
        let pair = S::pair(&listener).await;
        pairs.push(pair.expect("the listener takes connections"));
    }
    echo_over(&mut pairs, size, count).await
}

/// Sends messages back and forth over existing connections.
pub(super) async fn echo_over<S: Transport>(
    pairs: &mut [(S, S)],
    size: usize,
    count: usize,
) -> Duration {
    let each = count / pairs.len();
    let start = Start::now();
    join_all(pairs.iter_mut().map(async |(client, server)| {
        let (mut ping, mut pong) = (vec![1; size], vec![0; size]);
        let asking = async {
            for _ in 0..each {
                client.send(&ping).await?;
                client.fill(&mut ping).await?;
            }
            Ok(())
        };
        let answering = async {
            for _ in 0..each {
                server.fill(&mut pong).await?;
                server.send(&pong).await?;
            }
            Ok(())
        };
        let done: io::Result<_> = try_join(asking, answering).await;
        done.expect("nobody closes a connection");
    }))
    .await;
    start.elapsed()
}

async fn connect<S: Connection>(count: usize) -> Duration {
    let listener = S::listen().await.expect("loopback is there");
    let start = Start::now();
    for _ in 0..count {
        let pair = S::pair(&listener).await;
        drop(pair.expect("the listener takes connections"));
    }
    start.elapsed()
}

/// A byte stream, as its users use it.
pub(super) trait Transport: Send + 'static {
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    fn fill(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;
}

/// Connections of a runtime, as its users open them.
pub(super) trait Connection: Transport + Sized {
    type Listener: Send + Sync;

    fn listen() -> impl Future<Output = io::Result<Self::Listener>> + Send;

    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self>> + Send;

    fn connect(listener: &Self::Listener) -> impl Future<Output = io::Result<Self>> + Send;

    fn pair(listener: &Self::Listener) -> impl Future<Output = io::Result<(Self, Self)>> + Send {
        try_join(Self::connect(listener), Self::accept(listener))
    }
}

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl<R: Net> Connection for TcpStream<R> {
    type Listener = TcpListener<R>;

    async fn listen() -> io::Result<TcpListener<R>> {
        TcpListener::bind(LOOPBACK)
    }

    async fn accept(listener: &TcpListener<R>) -> io::Result<Self> {
        Ok(listener.accept().await?.0)
    }

    async fn connect(listener: &TcpListener<R>) -> io::Result<Self> {
        TcpConnector::new()
            .connect_addresses(&[listener.local_addr()?])
            .await
    }
}

impl<R: Net> Transport for TcpStream<R> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact(buffer).await
    }
}

impl Connection for tokio::net::TcpStream {
    type Listener = tokio::net::TcpListener;

    async fn listen() -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::bind(LOOPBACK).await
    }

    async fn accept(listener: &tokio::net::TcpListener) -> io::Result<Self> {
        with_no_delay(listener.accept().await?.0)
    }

    async fn connect(listener: &tokio::net::TcpListener) -> io::Result<Self> {
        with_no_delay(tokio::net::TcpStream::connect(listener.local_addr()?).await?)
    }
}

impl Transport for tokio::net::TcpStream {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        tokio::io::AsyncWriteExt::write_all(self, bytes).await
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        tokio::io::AsyncReadExt::read_exact(self, buffer).await?;
        Ok(())
    }
}

/// Disables Nagle's algorithm, as anyrt does by default.
fn with_no_delay(stream: tokio::net::TcpStream) -> io::Result<tokio::net::TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Connection for smol::net::TcpStream {
    type Listener = smol::net::TcpListener;

    async fn listen() -> io::Result<smol::net::TcpListener> {
        smol::net::TcpListener::bind(LOOPBACK).await
    }

    async fn accept(listener: &smol::net::TcpListener) -> io::Result<Self> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect(listener: &smol::net::TcpListener) -> io::Result<Self> {
        let stream = smol::net::TcpStream::connect(listener.local_addr()?).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Transport for smol::net::TcpStream {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        smol::io::AsyncWriteExt::write_all(self, bytes).await
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        smol::io::AsyncReadExt::read_exact(self, buffer).await
    }
}

impl Connection for async_std::net::TcpStream {
    type Listener = async_std::net::TcpListener;

    async fn listen() -> io::Result<async_std::net::TcpListener> {
        async_std::net::TcpListener::bind(LOOPBACK).await
    }

    async fn accept(listener: &async_std::net::TcpListener) -> io::Result<Self> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect(listener: &async_std::net::TcpListener) -> io::Result<Self> {
        let stream = async_std::net::TcpStream::connect(listener.local_addr()?).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Transport for async_std::net::TcpStream {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact(buffer).await
    }
}

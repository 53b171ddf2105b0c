//! HTTP/1 with hyper: its servers and clients, over TCP and in memory, on every backend.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::interop::hyper::{HyperIo, HyperTimer};
use anyrt::net::RemotePort;
use anyrt::stream::{AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt::sync::Event;
use anyrt_interop::{memory_pair, pairs, tcp_pair};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

const LARGE: usize = 5_000_000;

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path)
        .header("host", "localhost")
        .body(Full::default())
        .unwrap()
}

/// Sends the body back as it arrives.
async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// Checks that one connection carries many requests, with bodies in both directions at the same time, and
/// that everything ends by itself when the client is dropped.
#[anyrt::test]
async fn one_connection_carries_many_requests() {
    for [near, far] in pairs().await.unwrap() {
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg| {
            let serving =
                server::Builder::new().serve_connection(HyperIo::new(near), service_fn(echo));
            tg.spawn(serving);
            let (mut client, connection) = client::handshake(HyperIo::new(far)).await?;
            tg.spawn(connection);
            for length in [0, 1, 100_000, LARGE, 1] {
                let body = Bytes::from(vec![7; length]);
                let request = Request::post("/")
                    .header("host", "localhost")
                    .body(Full::new(body.clone()))
                    .unwrap();
                client.ready().await?;
                let response = client.send_request(request).await?;
                assert_eq!(response.status(), StatusCode::OK);
                assert!(response.into_body().collect().await?.to_bytes() == body);
            }
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that a client that does not finish its request is rejected in time, by anyrt's clock.
#[anyrt::test]
async fn half_a_header_is_not_waited_for() {
    for [near, mut far] in pairs().await.unwrap() {
        let limit = Duration::from_millis(50);
        far.send(b"GET / HTTP/1.1\r\nhost: loc").await.unwrap();
        let start = anyrt::now();
        let served = server::Builder::new()
            .timer(HyperTimer::new())
            .header_read_timeout(limit)
            .serve_connection(HyperIo::new(near), service_fn(echo))
            .await;
        assert!(served.unwrap_err().is_timeout());
        assert!(anyrt::now() - start >= limit);
    }
}

/// Checks the same for the next request on a connection that was in use: the timer is set again. The clock
/// is paused, and jumps ahead when nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_not_waited_for() {
    let limit = Duration::from_secs(3600);
    let [near, mut far] = memory_pair(4096);
    let group = anyrt::task_group::<hyper::Error, _, _>(async |tg| {
        let serving = tg.spawn(async move {
            let served = server::Builder::new()
                .timer(HyperTimer::new())
                .header_read_timeout(limit)
                .serve_connection(HyperIo::new(near), service_fn(echo))
                .await;
            Ok(served.is_err_and(|error| error.is_timeout()))
        });
        for _ in 0..3 {
            anyrt::sleep(limit * 2 / 3).await;
            let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
            far.send(request).await.unwrap();
            let response = far.receive(4096).await.unwrap();
            assert!(response.starts_with(b"HTTP/1.1 200 OK"));
        }
        let start = anyrt::now();
        assert!(serving.value().await);
        assert!(anyrt::now() - start >= limit);
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a request that is being answered when the server stops is answered.
#[anyrt::test]
async fn a_graceful_shutdown_lets_requests_finish() {
    for [near, far] in pairs().await.unwrap() {
        let (begun, stop) = (Arc::new(Event::new()), Arc::new(Event::new()));
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg| {
            let (seen, stopped) = (begun.clone(), stop.clone());
            tg.spawn(async move {
                let service = service_fn(move |_| {
                    let (seen, stopped) = (seen.clone(), stopped.clone());
                    async move {
                        seen.set();
                        stopped.wait().await;
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("finished"))))
                    }
                });
                let serving = server::Builder::new().serve_connection(HyperIo::new(near), service);
                let mut serving = pin!(serving);
                // Serves until a request arrives, and from then on only that request.
                let asked = pin!(begun.wait());
                let first = select(serving.as_mut(), asked).await;
                assert!(matches!(first, Either::Right(_)));
                serving.as_mut().graceful_shutdown();
                stop.set();
                serving.await
            });
            let (mut client, connection) = client::handshake(HyperIo::new(far)).await?;
            tg.spawn(connection);
            let response = client.send_request(get("/")).await?;
            assert_eq!(response.headers()["connection"], "close");
            assert_eq!(response.into_body().collect().await?.to_bytes(), "finished");
            assert!(client.ready().await.is_err());
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that cancelling the group of a connection cuts it off: the other side sees its end.
#[anyrt::test]
async fn cancelling_the_group_closes_the_connection() {
    for [near, far] in pairs().await.unwrap() {
        let begun = Arc::new(Event::new());
        let group = anyrt::task_group::<Infallible, _, _>(async |tg| {
            let (mut client, connection) = client::handshake(HyperIo::new(far)).await.unwrap();
            let connection = tg.spawn(async move { drop(connection.await) });
            let answer = tg.spawn(async move { Ok(client.send_request(get("/")).await.is_ok()) });
            let seen = begun.clone();
            let inner = anyrt::task_group::<hyper::Error, _, _>(async |inner| {
                let service = service_fn(move |_| {
                    seen.set();
                    std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
                });
                inner.spawn(server::Builder::new().serve_connection(HyperIo::new(near), service));
                begun.wait().await;
                inner.cancel();
                Ok(())
            });
            inner.await.unwrap();
            assert!(!answer.value().await);
            connection.value().await;
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Serves each connection with a service that gets the peer from the stream's attributes.
#[anyrt::test]
async fn a_service_knows_its_peer() {
    let [near, far] = tcp_pair().await.unwrap();
    let port = far.local_addr().unwrap().port();
    let calls = Arc::new(AtomicUsize::new(0));
    let group = anyrt::task_group::<hyper::Error, _, _>(async |tg| {
        let near = HyperIo::new(near);
        let peer = near.attribute::<RemotePort>().unwrap();
        let counted = calls.clone();
        let service = service_fn(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<_, Infallible>(Response::new(peer.to_string())))
        });
        tg.spawn(server::Builder::new().serve_connection(near, service));
        let (mut client, connection) = client::handshake(HyperIo::new(far)).await?;
        tg.spawn(connection);
        let response = client.send_request(get("/")).await?;
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body, port.to_string());
        Ok(())
    });
    group.await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

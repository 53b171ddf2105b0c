//! tower's services and layers, and the client of `hyper-util`, on every backend.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anyrt::interop::hyper::{HyperExecutor, HyperIo, HyperTimer};
use anyrt::interop::tower::{Connector, TimeoutLayer};
use anyrt::net::TcpStream;
use anyrt::net::as_connectable;
use anyrt::{Elapsed, TaskGroup};
use anyrt_interop::{connect, listen};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn as hyper_service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower::buffer::Buffer;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

const HOUR: Duration = Duration::from_secs(3600);

/// Checks that a call that takes too long is cancelled, and that its clean-up has ended when the error is
/// returned.
#[anyrt::test]
async fn a_timeout_cancels_and_waits_for_clean_up() {
    let cleaned = Arc::new(AtomicUsize::new(0));
    let count = cleaned.clone();
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_millis(20)))
        .service(service_fn(move |delay: Duration| {
            let count = count.clone();
            async move {
                let work = anyrt::sleep(delay);
                anyrt::finally(work, async move || {
                    anyrt::checkpoint().await;
                    count.fetch_add(1, Ordering::SeqCst);
                })
                .await;
                Ok::<_, Infallible>("done")
            }
        }));
    let fast = service.ready().await.unwrap().call(Duration::ZERO).await;
    assert_eq!(fast.unwrap(), "done");
    let slow = service.ready().await.unwrap().call(HOUR).await;
    assert!(slow.unwrap_err().is::<Elapsed>());
    assert_eq!(cleaned.load(Ordering::SeqCst), 2);
}

/// Checks that the time counts from the call, also while the future is not polled. The clock is paused, and
/// jumps ahead.
#[tokio::test(start_paused = true)]
async fn a_timeout_counts_from_the_call() {
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(HOUR))
        .service(service_fn(async |length: Duration| {
            anyrt::sleep(length).await;
            Ok::<_, Infallible>(())
        }));
    let call = service.ready().await.unwrap().call(HOUR * 10);
    anyrt::sleep(HOUR * 2).await;
    let polled = anyrt::now();
    assert!(call.await.unwrap_err().is::<Elapsed>());
    assert!(anyrt::now() - polled < HOUR / 2);
    let call = service.ready().await.unwrap().call(HOUR / 2);
    assert!(call.await.is_ok());
}

#[anyrt::test]
async fn a_timeout_passes_errors_on() {
    let service = service_fn(async |()| Err::<(), _>(io::Error::other("of its own")));
    let limited = TimeoutLayer::new(HOUR).layer(service);
    let error = limited.oneshot(()).await.unwrap_err();
    let error = error.downcast::<io::Error>().unwrap();
    assert_eq!(error.to_string(), "of its own");
}

/// Checks that the worker of tower's buffer is a task of a group, and ends when the service is dropped.
#[anyrt::test]
async fn the_worker_of_a_buffer_lives_in_a_group() {
    let group = anyrt::task_group::<Infallible, _, _>(async |tg| {
        let service = ServiceBuilder::new()
            .concurrency_limit(2)
            .service(service_fn(async |number: u32| {
                anyrt::sleep(Duration::from_millis(1)).await;
                Ok::<_, Infallible>(number * number)
            }));
        let (service, worker) = Buffer::pair(service, 4);
        tg.spawn(worker);
        let calls = (0..10).map(|number| service.clone().oneshot(number));
        let squares = anyrt::try_gather(calls.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
        Ok(())
    });
    group.await.unwrap();
}

#[anyrt::test]
async fn a_connector_connects_whatever_is_asked_for() {
    let listener = listen().unwrap();
    let address = listener.local_addr().unwrap();
    let connector = Connector::new(as_connectable(("127.0.0.1", address.port())));
    let stream = connector.clone().oneshot(()).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    let limited = ServiceBuilder::new()
        .layer(TimeoutLayer::new(HOUR))
        .service(connector);
    let stream = limited.oneshot(Uri::from_static("http://elsewhere/")).await;
    assert_eq!(stream.unwrap().peer_addr().unwrap(), address);
}

/// The information that `hyper-util` requires of a connection: nothing here.
struct Known(HyperIo<TcpStream>);

impl Connection for Known {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Known {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, cursor)
    }
}

impl Write for Known {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }
}

/// Runs a server that counts its connections, and answers `hello`; it serves until it is cancelled.
async fn serve(tg: TaskGroup<Infallible>, connections: Arc<AtomicUsize>) -> SocketAddr {
    let listener = listen().unwrap();
    let address = listener.local_addr().unwrap();
    let group = tg.clone();
    tg.spawn(async move {
        loop {
            let near = HyperIo::new(listener.accept().await.unwrap().0);
            connections.fetch_add(1, Ordering::SeqCst);
            let hello = hyper_service_fn(async |_: Request<Incoming>| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(HyperTimer::new())
                .serve_connection(near, hello);
            group.spawn(async move { drop(connection.await) });
        }
    });
    address
}

/// Checks that the pooling client keeps a connection and uses it again, and that all of its tasks are in
/// the group.
#[anyrt::test]
async fn the_client_of_hyper_util_keeps_connections() {
    let connections = Arc::new(AtomicUsize::new(0));
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: TaskGroup<Infallible>| {
        let address = serve(tg.clone(), connections.clone()).await;
        let clients = anyrt::task_group::<Infallible, _, _>(async |tg: TaskGroup<Infallible>| {
            let client = client(&tg, HOUR);
            for _ in 0..5 {
                assert_eq!(hello(&client, address).await, "hello");
                // The connection is back in the pool then.
                anyrt::testing::wait_all_tasks_blocked().await;
            }
            assert_eq!(connections.load(Ordering::SeqCst), 1);
            assert!(tg.living() > 0);
            Ok(())
        });
        // The client is dropped, and so is its pool; its tasks end, and the group with them.
        clients.await.unwrap();
        tg.cancel();
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a connection that is idle for too long, by anyrt's clock, is not used again.
#[anyrt::test]
async fn the_client_of_hyper_util_gives_connections_up() {
    let connections = Arc::new(AtomicUsize::new(0));
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: TaskGroup<Infallible>| {
        let address = serve(tg.clone(), connections.clone()).await;
        let client = client(&tg, Duration::from_millis(10));
        for number in 1..=3 {
            assert_eq!(hello(&client, address).await, "hello");
            assert_eq!(connections.load(Ordering::SeqCst), number);
            anyrt::testing::wait_all_tasks_blocked().await;
            anyrt::sleep(Duration::from_millis(30)).await;
        }
        tg.cancel();
        Ok(())
    });
    group.await.unwrap();
}

type Connect = BoxCloneSyncService<Uri, Known, io::Error>;

/// Returns a client that connects to the address in the URI, and closes connections that are idle for too
/// long.
fn client(group: &TaskGroup<Infallible>, idle: Duration) -> Client<Connect, Full<Bytes>> {
    let connector = service_fn(|uri: Uri| async move {
        let authority = uri.authority().unwrap().as_str();
        let stream = connect(authority.parse().unwrap()).await?;
        Ok::<_, io::Error>(Known(HyperIo::new(stream)))
    });
    Client::builder(HyperExecutor::new(group.clone()))
        .timer(HyperTimer::new())
        .pool_timer(HyperTimer::new())
        .pool_idle_timeout(idle)
        .build(BoxCloneSyncService::new(connector))
}

async fn hello(client: &Client<Connect, Full<Bytes>>, address: SocketAddr) -> Bytes {
    let uri: Uri = format!("http://{address}/").parse().unwrap();
    let response = client.get(uri).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

/// Checks that a client can connect to one destination, whatever the URI, as for sockets of containers and
/// databases.
#[anyrt::test]
async fn the_client_of_hyper_util_takes_a_connector() {
    let connections = Arc::new(AtomicUsize::new(0));
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: TaskGroup<Infallible>| {
        let address = serve(tg.clone(), connections).await;
        let connector = ServiceBuilder::new()
            .map_response(|stream| Known(HyperIo::new(stream)))
            .layer(TimeoutLayer::new(HOUR))
            .service(Connector::new(as_connectable((
                "127.0.0.1",
                address.port(),
            ))));
        // The futures of connectors have to be `Unpin` here; only those of a `Connector` are.
        let connector = BoxCloneSyncService::new(connector);
        let client = Client::builder(HyperExecutor::new(tg.clone()))
            .pool_timer(HyperTimer::new())
            .build(connector);
        let request = Request::get("http://elsewhere.invalid/").body(Full::<Bytes>::default());
        let response = client.request(request.unwrap()).await.unwrap();
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "hello"
        );
        tg.cancel();
        Ok(())
    });
    group.await.unwrap();
}

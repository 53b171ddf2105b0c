//! axum, served by hyper's connections: routes, extractors and layers, on every backend and simulated.
//!
//! axum has no adapter here. Without its feature `tokio` it is a service of tower, and needs no runtime.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::TaskGroup;
use anyrt::interop::hyper::{HyperExecutor, HyperIo, HyperTimer};
use anyrt::interop::tower::TimeoutLayer;
use anyrt::net::{ListenerExt, TcpListener, TcpStream};
use anyrt::sync::Event;
use anyrt_interop::{connect, listen};
use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::service::TowerToHyperService;
use tower::ServiceBuilder;

type Group = TaskGroup<Infallible>;

/// The state that handlers share.
#[derive(Clone, Default)]
struct Shared {
    greetings: Arc<AtomicUsize>,
    begun: Arc<Event>,
    finish: Arc<Event>,
}

async fn greet(State(shared): State<Shared>, Path(name): Path<String>) -> String {
    let count = shared.greetings.fetch_add(1, Ordering::Relaxed) + 1;
    format!("hello, {name}; greeting {count}")
}

async fn echo(method: Method, body: Bytes) -> (StatusCode, Bytes) {
    assert_eq!(method, Method::POST);
    (StatusCode::CREATED, body)
}

async fn slow(State(shared): State<Shared>) -> &'static str {
    shared.begun.set();
    shared.finish.wait().await;
    "finished"
}

/// Handlers use anyrt: this one has tasks, which end with the request.
async fn in_tasks() -> String {
    let group = anyrt::task_group::<Infallible, _, _>(async |tg| {
        let tasks = [1, 2, 3].map(|number| tg.spawn(async move { Ok(number * number) }));
        let mut sum = 0;
        for task in tasks {
            sum += task.value().await;
        }
        Ok(sum)
    });
    group.await.unwrap().to_string()
}

async fn never() -> &'static str {
    anyrt::sleep_forever().await
}

/// Adds a header to each response.
async fn mark(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert("server", "anyrt".parse().unwrap());
    response
}

fn routes(shared: &Shared) -> Router {
    // A handler that does not answer in time is dropped, by the clock of the run.
    let limited = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |_| StatusCode::GATEWAY_TIMEOUT))
        .layer(TimeoutLayer::new(Duration::from_millis(50)));
    Router::new()
        .route("/never", get(never))
        .route_layer(limited)
        .route("/greet/{name}", get(greet))
        .route("/echo", post(echo))
        .route("/slow", get(slow))
        .route("/tasks", get(in_tasks))
        .layer(from_fn(mark))
        .with_state(shared.clone())
}

/// Serves connections of HTTP/1.1, each in a task of the group, until `stop` is set. Then it lets them finish.
async fn serve(listener: TcpListener, routes: Router, stop: Arc<Event>) {
    let handler = |stream: TcpStream| {
        let (routes, stop) = (routes.clone(), stop.clone());
        async move {
            let mut connection = pin!(
                hyper::server::conn::http1::Builder::new()
                    .timer(HyperTimer::new())
                    .serve_connection(HyperIo::new(stream), TowerToHyperService::new(routes))
            );
            if let Either::Right(_) = select(connection.as_mut(), pin!(stop.wait())).await {
                connection.as_mut().graceful_shutdown();
                drop(connection.await);
            }
        }
    };
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        let accepting = listener.serve_in(&tg, handler);
        anyrt::race((async { drop(accepting.await) }, stop.wait())).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Sends a request over a connection of its own.
async fn request(to: SocketAddr, request: Request<Full<Bytes>>) -> (StatusCode, String, Bytes) {
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        let stream = HyperIo::new(connect(to).await.unwrap());
        let (mut client, connection) = http1::handshake(stream).await.unwrap();
        tg.spawn(async move { drop(connection.await) });
        let response = client.send_request(request).await.unwrap();
        let status = response.status();
        let server = response.headers().get("server").cloned();
        let server = server.map_or_else(String::new, |name| name.to_str().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok((status, server, body))
    });
    group.await.unwrap()
}

fn get_request(path: &str) -> Request<Full<Bytes>> {
    let request = Request::get(path).header("host", "localhost");
    request.body(Full::default()).unwrap()
}

/// Runs a test with a server.
async fn with_server(test: impl AsyncFnOnce(SocketAddr, Shared, Arc<Event>)) {
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        let listener = listen().unwrap();
        let address = listener.local_addr().unwrap();
        let (shared, stop) = (Shared::default(), Arc::new(Event::new()));
        tg.spawn(serve(listener, routes(&shared), stop.clone()));
        test(address, shared, stop.clone()).await;
        // The server ends, as nothing of a connection is left.
        stop.set();
        Ok(())
    });
    let limit = Duration::from_secs(60);
    anyrt::fail_after(limit, group).await.unwrap().unwrap();
}

#[anyrt::test]
async fn routes_and_extractors_work() {
    with_server(async |address, _, _| {
        let (status, server, body) = request(address, get_request("/greet/axum")).await;
        assert_eq!((status, &*server), (StatusCode::OK, "anyrt"));
        assert_eq!(body, "hello, axum; greeting 1");
        let (_, _, body) = request(address, get_request("/greet/you")).await;
        assert_eq!(body, "hello, you; greeting 2");
        let (status, _, _) = request(address, get_request("/absent")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let large = Bytes::from(vec![7; 1_000_000]);
        let post = Request::post("/echo").header("host", "localhost");
        let post = post.body(Full::new(large.clone())).unwrap();
        let (status, _, body) = request(address, post).await;
        assert_eq!(status, StatusCode::CREATED);
        assert!(body == large);
        let (_, _, body) = request(address, get_request("/tasks")).await;
        assert_eq!(body, "14");
    })
    .await;
}

#[anyrt::test]
async fn a_layer_limits_the_time_of_handlers() {
    with_server(async |address, _, _| {
        let (status, _, _) = request(address, get_request("/never")).await;
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    })
    .await;
}

/// Checks that a request that is being answered when the server stops is answered.
#[anyrt::test]
async fn a_graceful_shutdown_lets_answers_finish() {
    with_server(async |address, shared, stop| {
        let stopping = async {
            shared.begun.wait().await;
            stop.set();
            // No other connection is accepted.
            shared.finish.set();
        };
        let (answer, ()) = anyrt::gather((request(address, get_request("/slow")), stopping)).await;
        assert_eq!(answer.2, "finished");
    })
    .await;
}

/// Checks the same routes over HTTP/2, whose requests are tasks of the group.
#[anyrt::test]
async fn requests_share_a_connection_of_http2() {
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        let [near, far] = anyrt_interop::memory_pair(4096);
        let service = TowerToHyperService::new(routes(&Shared::default()));
        let server = hyper::server::conn::http2::Builder::new(HyperExecutor::new(tg.clone()))
            .timer(HyperTimer::new())
            .serve_connection(HyperIo::new(near), service);
        tg.spawn(async move { server.await.unwrap() });
        let executor = HyperExecutor::new(tg.clone());
        let (client, connection) = http2::handshake(executor, HyperIo::new(far)).await.unwrap();
        tg.spawn(async move { connection.await.unwrap() });
        let requests = (0..20).map(|number| {
            let mut client = client.clone();
            async move {
                let uri = format!("http://localhost/greet/{number}");
                let request = Request::get(uri).body(Full::<Bytes>::default()).unwrap();
                let response = client.send_request(request).await.unwrap();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                assert!(body.starts_with(format!("hello, {number};").as_bytes()));
            }
        });
        anyrt::gather(requests.collect::<Vec<_>>()).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that the routes can be tested without a connection.
#[anyrt::test]
async fn routes_are_services() {
    use tower::ServiceExt;

    let request = Request::get("/tasks").body(Body::empty()).unwrap();
    let response = routes(&Shared::default()).oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "14");
}

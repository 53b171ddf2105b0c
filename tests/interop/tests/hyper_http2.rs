//! HTTP/2 with hyper, which starts tasks and measures time: over TCP and in memory, on every backend.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyrt::TaskGroup;
use anyrt::interop::hyper::{HyperExecutor, HyperIo, HyperTimer};
use anyrt::sync::{Barrier, Event};
use anyrt_interop::{memory_pair, pairs};
use bytes::Bytes;
use futures_util::future::{Either, ready, select};
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2 as client;
use hyper::rt::Timer;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};

const LARGE: usize = 2_000_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

type Group = TaskGroup<hyper::Error>;

fn post(body: Bytes) -> Request<Full<Bytes>> {
    Request::post("http://localhost/")
        .body(Full::new(body))
        .unwrap()
}

fn client(group: &Group) -> client::Builder<HyperExecutor<hyper::Error>> {
    let mut builder = client::Builder::new(HyperExecutor::new(group.clone()));
    builder.timer(HyperTimer::new());
    builder
}

fn server(group: &Group) -> server::Builder<HyperExecutor<hyper::Error>> {
    let mut builder = server::Builder::new(HyperExecutor::new(group.clone()));
    builder.timer(HyperTimer::new());
    builder
}

/// Sends the body back as it arrives.
async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// Checks that requests run at the same time on one connection, bodies in both directions. When the client
/// is dropped, all the tasks that hyper has started end, and with them the group.
#[anyrt::test]
async fn requests_share_a_connection() {
    for [near, far] in pairs().await.unwrap() {
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
            tg.spawn(server(&tg).serve_connection(HyperIo::new(near), service_fn(echo)));
            let (client, connection) = client(&tg).handshake(HyperIo::new(far)).await?;
            tg.spawn(connection);
            let requests = (0..20).map(|number| {
                let mut client = client.clone();
                async move {
                    let body = Bytes::from(vec![number; LARGE / 20 * usize::from(number)]);
                    let response = client.send_request(post(body.clone())).await?;
                    let echoed = response.into_body().collect().await?.to_bytes();
                    assert!(echoed == body);
                    Ok::<_, hyper::Error>(())
                }
            });
            anyrt::try_gather(requests.collect::<Vec<_>>())
                .await
                .unwrap();
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that hyper's requests are tasks: all of them are served at the same time.
#[anyrt::test]
async fn requests_are_served_at_the_same_time() {
    for [near, far] in pairs().await.unwrap() {
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
            let all = Arc::new(Barrier::new(8));
            let service = service_fn(move |_| {
                let all = all.clone();
                async move {
                    all.wait().await;
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("all"))))
                }
            });
            tg.spawn(server(&tg).serve_connection(HyperIo::new(near), service));
            let (client, connection) = client(&tg).handshake(HyperIo::new(far)).await?;
            tg.spawn(connection);
            let requests = (0..8).map(|_| {
                let mut client = client.clone();
                async move { client.send_request(post(Bytes::new())).await }
            });
            for response in anyrt::try_gather(requests.collect::<Vec<_>>())
                .await
                .unwrap()
            {
                assert_eq!(response.into_body().collect().await?.to_bytes(), "all");
            }
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that a request that is being answered when the server stops is answered, and that both sides end
/// then.
///
/// This holds when the answer has begun: an answer that has not begun may be lost in hyper 1.12, about once
/// in thousands of times, also with tokio alone. And each side may find that the other one has closed
/// first, during the shutdown.
#[anyrt::test]
async fn a_graceful_shutdown_lets_answers_finish() {
    for [near, far] in pairs().await.unwrap() {
        let begun = Arc::new(Event::new());
        let stop = Arc::new(Event::new());
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
            let (seen, stopping, builder) = (begun.clone(), stop.clone(), server(&tg));
            tg.spawn(async move {
                let service = service_fn(move |_| {
                    let stop = stop.clone();
                    let body = stream::once(async move {
                        stop.wait().await;
                        Ok::<_, Infallible>(Frame::data(Bytes::from("finished")))
                    });
                    ready(Ok::<_, Infallible>(Response::new(StreamBody::new(body))))
                });
                let mut serving = pin!(builder.serve_connection(HyperIo::new(near), service));
                let asked = pin!(seen.wait());
                let first = select(serving.as_mut(), asked).await;
                assert!(matches!(first, Either::Right(_)));
                serving.as_mut().graceful_shutdown();
                stopping.set();
                drop(serving.await);
            });
            let (mut client, connection) = client(&tg).handshake(HyperIo::new(far)).await?;
            tg.spawn(async move { drop(connection.await) });
            let response = client.send_request(post(Bytes::new())).await?;
            begun.set();
            assert_eq!(response.into_body().collect().await?.to_bytes(), "finished");
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that a group that is cancelled cancels all of hyper's tasks.
#[anyrt::test]
async fn a_cancelled_group_leaves_no_task() {
    for [near, far] in pairs().await.unwrap() {
        let group = anyrt::task_group::<hyper::Error, _, _>(async |outer: Group| {
            let inner = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
                let begun = Arc::new(Event::new());
                let seen = begun.clone();
                let service = service_fn(move |_| {
                    seen.set();
                    std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
                });
                let serving = server(&tg).serve_connection(HyperIo::new(near), service);
                // Whether they notice that the other one is gone is a race.
                tg.spawn(async move { drop(serving.await) });
                let (mut client, connection) = client(&tg).handshake(HyperIo::new(far)).await?;
                tg.spawn(async move { drop(connection.await) });
                tg.spawn(async move { drop(client.send_request(post(Bytes::new())).await) });
                begun.wait().await;
                assert!(tg.living() >= 4, "{}", tg.living());
                tg.cancel();
                Ok(tg)
            });
            let tg = inner.await.unwrap();
            assert_eq!(tg.living(), 0);
            assert_eq!(outer.living(), 0);
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that connections end with errors where no task can be started any more; nothing panics or hangs.
#[anyrt::test]
async fn a_group_that_has_ended_serves_nobody() {
    for [near, far] in pairs().await.unwrap() {
        let ended = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| Ok(tg));
        let ended = ended.await.unwrap();
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
            let serving = server(&ended).serve_connection(HyperIo::new(near), service_fn(echo));
            tg.spawn(async move { drop(serving.await) });
            let (mut client, connection) = client(&tg).handshake(HyperIo::new(far)).await?;
            tg.spawn(async move { drop(connection.await) });
            assert!(client.send_request(post(Bytes::new())).await.is_err());
            Ok(())
        });
        group.await.unwrap();
    }
    for [_near, far] in pairs().await.unwrap() {
        let ended = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| Ok(tg));
        let ended = ended.await.unwrap();
        let group = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
            let client = client(&ended).handshake(HyperIo::new(far)).await;
            let (mut client, connection) = client?;
            tg.spawn(async move { drop(connection.await) });
            assert!(client.send_request(post(Bytes::new())).await.is_err());
            Ok(())
        });
        group.await.unwrap();
    }
}

/// Checks that a connection with a peer that does not answer is closed, by anyrt's clock.
#[anyrt::test]
async fn pings_that_are_not_answered_end_the_connection() {
    let [near, _silent] = memory_pair(65536);
    let group = anyrt::task_group::<hyper::Error, _, _>(async |tg: Group| {
        let start = anyrt::now();
        let (mut client, connection) = client(&tg)
            .keep_alive_interval(Duration::from_millis(20))
            .keep_alive_timeout(Duration::from_millis(30))
            .keep_alive_while_idle(true)
            .handshake(HyperIo::new(near))
            .await?;
        tg.spawn(async move { drop(connection.await) });
        assert!(client.send_request(post(Bytes::new())).await.is_err());
        assert!(anyrt::now() - start >= Duration::from_millis(50));
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that the timer uses the clock of the run, here a clock that is paused and jumps ahead.
#[tokio::test(start_paused = true)]
async fn the_timer_follows_a_paused_clock() {
    let real = Instant::now();
    let timer = HyperTimer::new();
    let start = timer.now();
    assert_eq!(timer.now(), start);
    timer.sleep(DAY).await;
    let passed = timer.now() - start;
    assert!(
        passed >= DAY && passed < DAY + Duration::from_secs(1),
        "{passed:?}"
    );
    timer.sleep_until(timer.now() + DAY).await;
    assert!(timer.now() - start >= DAY * 2);
    // A deadline that has passed, also before the timer was created, completes at once.
    timer.sleep_until(start).await;
    timer.sleep_until(start - Duration::from_secs(1)).await;
    assert!(timer.now() - start < DAY * 2 + Duration::from_secs(1));
    // Reset to a later time before it has fired, and again afterwards.
    let mut sleep = timer.sleep(Duration::from_secs(1));
    let soon = timer.now() + Duration::from_secs(1);
    assert!(
        tokio::time::timeout(Duration::from_millis(1), sleep.as_mut())
            .await
            .is_err()
    );
    timer.reset(&mut sleep, soon + DAY);
    sleep.as_mut().await;
    assert!(timer.now() >= soon + DAY);
    timer.reset(&mut sleep, soon + DAY * 2);
    sleep.as_mut().await;
    assert!(timer.now() >= soon + DAY * 2);
    assert!(real.elapsed() < Duration::from_secs(60));
}

/// Checks that the timer is a cancel point like any other sleep, and that resetting it is not more
/// expensive.
#[anyrt::test]
async fn the_timer_is_set_anew_in_place() {
    let timer = HyperTimer::new();
    let mut sleep = timer.sleep(DAY);
    let before: *const dyn hyper::rt::Sleep = &*sleep;
    timer.reset(&mut sleep, timer.now() + Duration::from_millis(5));
    sleep.as_mut().await;
    assert!(std::ptr::addr_eq(before, &*sleep));
    assert!(
        anyrt::move_on_after(Duration::from_millis(5), timer.sleep(DAY))
            .await
            .is_none()
    );
}

//! Serving, and errors while accepting.

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use anyrt_core::cancel::CancelScope;
use anyrt_core::net::{Listener, ServeOptions};
use anyrt_core::runtime::Runtime;
use anyrt_core::stream::{Attributes, WithoutAttributes};
use anyrt_core::task::task_group;
use anyrt_core::time::now;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::pending;

use crate::erased::{Backend, R};
use crate::support::{Gate, Log, poll_once, run, yields};

/// A scripted listener: it returns connections or errors, and then waits.
#[derive(Debug)]
struct Told(Mutex<VecDeque<Step>>);

#[derive(Debug)]
enum Step {
    Connection,
    Error(io::Error),
    /// Continue when this gate is open.
    After(Gate),
}

impl Told {
    fn new(steps: impl IntoIterator<Item = Step>) -> Told {
        Told(Mutex::new(steps.into_iter().collect()))
    }
}

impl Attributes for Told {}

impl Listener for Told {
    type Stream = WithoutAttributes<Nothing>;

    async fn accept(&self) -> io::Result<WithoutAttributes<Nothing>> {
        loop {
            let step = self.0.lock().unwrap().pop_front();
            match step {
                None => return pending().await,
                Some(Step::Connection) => return Ok(WithoutAttributes(Nothing)),
                Some(Step::Error(error)) => return Err(error),
                Some(Step::After(gate)) => gate.opened().await,
            }
        }
    }
}

/// A connection that never carries any bytes.
#[derive(Debug)]
struct Nothing;

impl AsyncRead for Nothing {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

impl AsyncWrite for Nothing {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// Serves the script until `handled` connections were handled. Returns the errors that the hook received,
/// and the time it took.
async fn served<R: Runtime>(steps: Vec<Step>, handled: usize) -> (Vec<String>, Duration) {
    let listener = Told::new(steps);
    let (log, errors) = (Log::new(), Log::new());
    let (seen, there) = (errors.clone(), log.clone());
    let scope = CancelScope::<R>::new();
    let handle = scope.handle();
    let handler = move |_| {
        there.add("handled");
        if there.count("handled") == handled {
            handle.cancel();
        }
        async {}
    };
    let options = ServeOptions::new().on_accept_error(move |error| seen.add(error.to_string()));
    let begun = now::<R>();
    scope
        .run(options.serve::<R, _, _, _>(&listener, handler))
        .await
        .unwrap_err();
    (errors.entries(), now::<R>() - begun)
}

/// NET-21: a connection that was aborted before it was accepted is skipped.
pub fn aborted_connections_are_passed_over(backend: &Backend) {
    run(backend, async {
        let aborted = || Step::Error(io::Error::new(io::ErrorKind::ConnectionAborted, "aborted"));
        let steps = vec![
            aborted(),
            Step::Connection,
            aborted(),
            aborted(),
            Step::Connection,
        ];
        let (errors, _) = served::<R>(steps, 2).await;
        assert_eq!(errors, ["aborted"; 3]);
    });
}

/// NET-21: when no memory is left, accepting is retried after pauses, and each error is reported to the
/// hook.
pub fn a_lack_of_resources_pauses_the_server(backend: &Backend) {
    run(backend, async {
        let lack = || Step::Error(io::Error::new(io::ErrorKind::OutOfMemory, "no memory"));
        let steps = vec![Step::Connection, lack(), lack(), Step::Connection];
        let (errors, took) = served::<R>(steps, 2).await;
        assert_eq!(errors, ["no memory"; 2]);
        assert!(took >= Duration::from_millis(200), "{took:?}");
    });
}

/// NET-21, C2: a pause ends at once when the server is cancelled.
pub fn a_pause_can_be_cancelled(backend: &Backend) {
    run(backend, async {
        let listener = Told::new([Step::Error(io::ErrorKind::OutOfMemory.into())]);
        let told = Gate::new();
        let tell = told.clone();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let options = ServeOptions::new().on_accept_error(move |_| tell.open());
        let mut serve =
            pin!(scope.run(options.serve::<R, _, _, _>(&listener, |_| pending::<()>())));
        assert!(poll_once(serve.as_mut()).await.is_pending());
        told.opened().await;
        handle.cancel();
        assert!(poll_once(serve.as_mut()).await.is_ready());
    });
}

/// NET-21, G3: any other error ends the server, when the handlers were cancelled and have ended.
pub fn a_broken_listener_ends_the_server(backend: &Backend) {
    run(backend, async {
        let begun = Gate::new();
        let listener = Told::new([
            Step::Connection,
            Step::After(begun.clone()),
            Step::Error(io::Error::other("broken")),
        ]);
        let log = Log::new();
        let handler = |_| {
            let (begun, guard) = (begun.clone(), log.on_drop("gone"));
            async move {
                let _guard = guard;
                begun.open();
                anyrt_core::time::sleep_forever().await;
            }
        };
        let options = ServeOptions::new();
        let error = options
            .serve::<R, _, _, _>(&listener, handler)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "broken");
        assert!(log.has("gone"));
    });
}

/// NET-20, NET-21: in a group of the caller the handlers continue when the listener has failed, and their
/// errors are the group's.
pub fn a_broken_listener_leaves_the_callers_handlers(backend: &Backend) {
    run(backend, async {
        let (go, log) = (Gate::new(), Log::new());
        let group = task_group::<R, io::Error, _, _>(async |tg| {
            let listener = Told::new([Step::Connection, Step::Error(io::Error::other("broken"))]);
            let handler = |_| {
                let (go, log) = (go.clone(), log.clone());
                async move {
                    go.opened().await;
                    log.add("handled");
                    Err::<(), _>(io::Error::other("of the handler"))
                }
            };
            let serve = ServeOptions::new().serve_in(&tg, &listener, handler);
            assert_eq!(serve.await.unwrap_err().to_string(), "broken");
            yields(5).await;
            assert_eq!(tg.living(), 1);
            go.open();
            Ok(())
        });
        let error = group.await.unwrap_err();
        assert_eq!(error.errors()[0].to_string(), "of the handler");
        assert!(log.has("handled"));
    });
}

anyrt_conformance_kit::cases! { net_serve_failures: erased [Sockets],
    aborted_connections_are_passed_over,
    a_lack_of_resources_pauses_the_server,
    a_pause_can_be_cancelled,
    a_broken_listener_ends_the_server,
    a_broken_listener_leaves_the_callers_handlers,
}

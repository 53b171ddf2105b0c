//! Choosing a backend, with all of them compiled in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyrt::{Backend, Builder};

/// EV-01, EV-04: inside a run the current backend is the one that was requested.
#[test]
fn each_backend_can_be_named() {
    assert_eq!(Backend::ALL.len(), 4);
    assert_eq!(Backend::available(), Backend::ALL);
    for &backend in Backend::ALL {
        let found = anyrt::run_on(backend, async {
            let in_thread = anyrt::to_thread::run(Backend::current).await;
            let in_task = anyrt::task_group(async |tg| {
                let child = tg.spawn(async { Ok::<_, ()>(Backend::current()) });
                Ok(child.value().await)
            });
            [Backend::current(), in_thread, in_task.await.unwrap()]
        });
        assert_eq!(found, [Some(backend); 3]);
    }
}

/// EV-04: outside of a run there is no current run, task, or name of a backend. (Some runtimes still work
/// there: smol and async-std have global executors.)
#[test]
fn outside_there_is_no_current_run() {
    assert!(anyrt::task::current_run().is_none());
    assert!(anyrt::task::current().is_none());
    assert!(anyrt::task::tree().is_none());
    assert!(anyrt::RunHandle::current().is_err());
}

/// EV-03.
#[test]
fn an_unknown_backend_is_an_error_that_lists_the_known() {
    let error = "tokyo".parse::<Backend>().unwrap_err();
    let text = "unknown backend \"tokyo\": anyrt knows `tokio`, `smol`, `async-std`, `sim`";
    assert_eq!(error.to_string(), text);
}

/// EV-02.
#[test]
fn a_run_in_a_run_is_refused() {
    for &outer in Backend::ALL {
        for &inner in Backend::ALL {
            let builder = Builder::new().backend(inner);
            let error = anyrt::run_on(outer, async { builder.run(async {}) }).unwrap_err();
            assert!(error.is_nested());
        }
    }
}

/// Checks that runs on different backends, at the same time, in one process, do not mix.
#[test]
fn runs_side_by_side_keep_their_backend() {
    thread::scope(|scope| {
        for &backend in Backend::ALL.iter().cycle().take(12) {
            scope.spawn(move || {
                anyrt::run_on(backend, async {
                    for _ in 0..50 {
                        anyrt::checkpoint().await;
                        assert_eq!(Backend::current(), Some(backend));
                    }
                });
            });
        }
    });
}

/// EV-07: the name and the number of threads are passed on: some task runs on a thread of that name.
#[test]
fn options_are_passed_on() {
    for backend in [Backend::Tokio, Backend::Smol] {
        let builder = Builder::new()
            .backend(backend)
            .worker_threads(2)
            .thread_name("worker");
        let seen = Arc::new(AtomicBool::new(false));
        let looking = anyrt::task_group(async |tg| {
            for _ in 0..4 {
                let seen = seen.clone();
                tg.spawn(async move {
                    while !seen.load(Ordering::SeqCst) {
                        let thread = thread::current();
                        if thread.name().is_some_and(|name| name.starts_with("worker")) {
                            seen.store(true, Ordering::SeqCst);
                        }
                        anyrt::checkpoint().await;
                    }
                });
            }
        });
        let limit = Duration::from_secs(30);
        let found = builder.run(anyrt::fail_after(limit, looking)).unwrap();
        found
            .unwrap_or_else(|_| panic!("{backend}: no thread has the name"))
            .unwrap();
    }
}

/// EV-07: an option that a backend does not support is an error, and is not ignored.
#[test]
fn options_that_a_backend_lacks_are_errors() {
    let error = Builder::new()
        .backend(Backend::AsyncStd)
        .worker_threads(2)
        .run(async {});
    let text = error.unwrap_err().to_string();
    assert!(text.contains("ASYNC_STD_THREAD_COUNT"), "{text}");
}

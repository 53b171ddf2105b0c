//! The texts of errors. Each text states the remedy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

use anyrt::{Backend, Builder, RunHandle};

const NO_BACKEND: &str = "no runtime: enable one of the features `tokio`, `smol`, `async-std` of `anyrt`, or `sim` \
                          for simulated runs";

/// Returns the message of a panic, or `None` if `f` returns.
fn panic_of<T>(f: impl FnOnce() -> T) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(f)).err()?;
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

/// Returns whether a backend works without a runtime: smol and async-std work everywhere.
fn works_outside() -> bool {
    let global = [Backend::Smol, Backend::AsyncStd];
    Backend::available()
        .iter()
        .any(|backend| global.contains(backend))
}

/// Polls a future once, on a thread without a runtime.
fn poll_outside(future: impl Future) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn spawning_outside_a_runtime() {
    let group = anyrt::task_group(async |tg| {
        tg.spawn(async {});
    });
    let expected = match Backend::available() {
        [] => Some(NO_BACKEND),
        _ if works_outside() => None,
        [Backend::Sim] => {
            Some("no simulation on this thread: call this inside a run of `anyrt_sim::Config`")
        }
        _ => Some(
            "no tokio runtime on this thread: call `anyrt::run`, use `#[anyrt::main]`, or enter a \
             tokio runtime first",
        ),
    };
    assert_eq!(panic_of(|| poll_outside(group)).as_deref(), expected);
}

#[test]
fn waiting_outside_a_runtime() {
    let text = panic_of(|| poll_outside(anyrt::sleep(std::time::Duration::from_millis(1))));
    match text {
        None => assert!(works_outside()),
        Some(text) if Backend::available().is_empty() => assert!(text.contains("features `tokio`")),
        Some(text) if Backend::available() == [Backend::Sim] => {
            assert!(text.contains("use timers inside a run"), "{text}");
        }
        Some(text) => assert!(text.contains("`anyrt::run`"), "{text}"),
    }
}

#[test]
fn an_unknown_backend() {
    let error = "tokyo".parse::<Backend>().unwrap_err();
    let text = "unknown backend \"tokyo\": anyrt knows `tokio`, `smol`, `async-std`, `sim`";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_backend_that_is_not_compiled_in() {
    for &backend in Backend::ALL {
        let expected = format!(
            "the backend {backend} is not compiled in: enable the feature `{backend}` of `anyrt`"
        );
        match Builder::new().backend(backend).run(async {}) {
            Ok(()) => assert!(Backend::available().contains(&backend)),
            Err(error) => {
                assert_eq!(error.to_string(), expected);
                let panic = panic_of(|| anyrt::run_on(backend, async {}));
                assert_eq!(panic, Some(expected));
            }
        }
    }
}

#[test]
fn no_backend_at_all() {
    if Backend::available().is_empty() {
        let error = Builder::new().run(async {}).unwrap_err();
        assert_eq!(error.to_string(), NO_BACKEND);
        assert_eq!(
            panic_of(|| anyrt::run(async {})).as_deref(),
            Some(NO_BACKEND)
        );
    }
}

#[test]
fn a_run_inside_a_run() {
    let text = "a run was started inside a run, on the same thread: await the future, spawn it, \
                or start the inner run on a thread of its own";
    for &backend in Backend::available() {
        anyrt::run_on(backend, async {
            let error = Builder::new().run(async {}).unwrap_err();
            assert!(error.is_nested());
            assert_eq!(error.to_string(), text);
            assert_eq!(panic_of(|| anyrt::run(async {})).as_deref(), Some(text));
        });
    }
}

#[test]
fn a_handle_used_after_its_run() {
    let text = "the run of this handle has ended: keep the run going for as long as its handles \
                are used";
    for &backend in Backend::available() {
        let handle = anyrt::run_on(backend, async { RunHandle::current().unwrap() });
        let error = handle.spawn(async {}).unwrap_err();
        assert!(error.is_ended());
        assert_eq!(error.to_string(), text);
        assert_eq!(handle.block_on(async {}).unwrap_err().to_string(), text);
    }
}

#[test]
fn a_handle_of_no_run() {
    let text = "this is not part of a run: get the handle inside `anyrt::run`, and take it along";
    assert_eq!(RunHandle::current().unwrap_err().to_string(), text);
}

#[test]
fn a_group_used_after_its_end() {
    for &backend in Backend::available() {
        let text = anyrt::run_on(backend, async {
            let group = anyrt::task_group(async |tg| Ok::<_, ()>(tg.clone()))
                .await
                .unwrap();
            panic_of(|| group.spawn(async {}))
        });
        let text = text.unwrap();
        assert!(text.contains("has ended; use `try_spawn`"), "{text}");
    }
}

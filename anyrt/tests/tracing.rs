//! The spans and events of the feature `tracing`, as a subscriber sees them, on each backend.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod recorder;

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;
use std::time::Duration;

use anyrt::{Backend, Builder, CancelScope, GroupOptions, RunOptions};
use tracing::Level;

use self::recorder::{Recorder, recorder};

/// Runs a future on each backend, with a main task of the given name. The name is different on each, so that
/// the records of tests do not mix.
fn on_each_backend<Fut: Future<Output = ()>>(test: &str, main: impl Fn(String) -> Fut) {
    for &backend in Backend::available() {
        let name = format!("{test} on {backend}");
        let options = RunOptions::new().name(&name).unhandled(|_| ());
        let builder = Builder::new().backend(backend);
        builder.run_with(options, main(name)).unwrap();
    }
}

/// The names in a test, on each backend.
fn names(test: &str) -> impl Iterator<Item = String> {
    Backend::available()
        .iter()
        .map(move |backend| format!("{test} on {backend}"))
}

#[test]
fn each_task_has_a_span_inside_that_of_the_spawning_task() {
    let test = "nested";
    recorder();
    on_each_backend(test, |name| async move {
        let group = GroupOptions::new().name("outer").run(async |tg| {
            let inner = name.clone();
            tg.task().name(format!("{name}, child")).spawn(async move {
                let group = anyrt::task_group(async |tg| {
                    let grandchild = tg.task().name(format!("{inner}, grandchild"));
                    grandchild.spawn(async { anyrt::checkpoint().await });
                    Ok::<_, Infallible>(())
                });
                group.await.unwrap();
            });
            Ok::<_, Infallible>(())
        });
        group.await.unwrap();
    });
    for name in names(test) {
        let spans = recorder().spans();
        let find = |name: &str| spans.named(name);
        let main = find(&name);
        let child = find(&format!("{name}, child"));
        let grandchild = find(&format!("{name}, grandchild"));
        for span in [main, child, grandchild] {
            assert_eq!((span.target, span.name), ("anyrt::task", "task"));
            assert_eq!(span.level, Level::DEBUG);
            assert!(span.is_closed(), "{span:?}");
            assert!(span.entries > 0);
            assert_eq!(span.entries, span.exits, "{span:?}");
        }
        assert_eq!(child.parent, Some(main.id));
        assert_eq!(grandchild.parent, Some(child.id));
        assert_eq!(child.field("parent"), main.field("id"));
        assert_eq!(grandchild.field("parent"), child.field("id"));
        assert_eq!(child.field("group"), Some("outer"));
        assert_eq!(main.field("parent"), None);
        assert_eq!(main.field("group"), None);
    }
}

#[test]
fn children_that_are_polled_in_place_have_spans_too() {
    let test = "in place";
    recorder();
    on_each_backend(test, |name| async move {
        let group = anyrt::local_task_group(async |tg| {
            tg.task().name(format!("{name}, child")).spawn(async {
                anyrt::sleep(Duration::from_millis(1)).await;
                tracing::info!(mark = "in place", "a word");
            });
            Ok::<_, Infallible>(())
        });
        group.await.unwrap();
    });
    for name in names(test) {
        let spans = recorder().spans();
        let child = spans.named(&format!("{name}, child"));
        assert_eq!(child.parent, Some(spans.named(&name).id));
        assert!(child.is_closed());
        let words = recorder().events("a word");
        assert!(words.iter().any(|word| word.span == Some(child.id)));
    }
}

#[test]
fn the_span_is_entered_in_each_poll_and_left_in_between() {
    let test = "entered";
    recorder();
    on_each_backend(test, |name| async move {
        let group = anyrt::task_group(async |tg| {
            for number in 0..4 {
                let name = format!("{name}, {number}");
                tg.task().name(&name).spawn(async move {
                    for _ in 0..3 {
                        tracing::info!(name, "inside");
                        anyrt::sleep(Duration::from_millis(1)).await;
                    }
                });
            }
            Ok::<_, Infallible>(())
        });
        group.await.unwrap();
    });
    for name in names(test) {
        let spans = recorder().spans();
        for number in 0..4 {
            let name = format!("{name}, {number}");
            let inside = recorder().events("inside");
            let inside = inside.iter();
            let own = inside.filter(|event| event.field("name") == Some(&name));
            let found: Vec<_> = own.map(|event| event.span).collect();
            assert_eq!(found, [Some(spans.named(&name).id); 3]);
            assert!(spans.named(&name).entries >= 4);
        }
    }
}

#[test]
fn cancelled_tasks_close_their_spans() {
    let test = "cancelled";
    recorder();
    on_each_backend(test, |name| async move {
        let group = anyrt::task_group(async |tg| {
            let task = tg.task().name(format!("{name}, alone"));
            let alone = task.spawn(anyrt::sleep_forever());
            for number in 0..3 {
                let task = tg.task().name(format!("{name}, {number}"));
                task.spawn(anyrt::sleep_forever());
            }
            anyrt::sleep(Duration::from_millis(2)).await;
            alone.cancel_with(format!("{name}: not needed"));
            assert!(alone.await.is_err());
            tg.scope().cancel_with(format!("{name}: enough"));
            // Before it is polled.
            tg.task()
                .name(format!("{name}, late"))
                .spawn(anyrt::sleep_forever());
            Ok::<_, Infallible>(())
        });
        drop(group.await);
        // The spans are closed when the group has ended, not only when the run has.
        let spans = recorder().spans();
        for which in ["alone", "0", "1", "2", "late"] {
            assert!(spans.named(&format!("{name}, {which}")).is_closed());
        }
    });
    for name in names(test) {
        let spans = recorder().spans();
        let reason = format!("{name}: not needed");
        let cancelled = recorder().event_with("task cancelled", "reason", &reason);
        assert_eq!(cancelled.level, Level::DEBUG);
        assert_eq!(cancelled.field("by"), Some(&*name));
        assert_eq!(
            cancelled.field("name"),
            Some(&*format!("{name}, alone")),
            "the task that is cancelled"
        );
        let reason = format!("{name}: enough");
        let cancelled = recorder().event_with("scope cancelled", "reason", &reason);
        assert_eq!(cancelled.level, Level::DEBUG);
        assert_eq!(cancelled.field("cause"), Some("explicit"));
        let alone = spans.named(&format!("{name}, alone"));
        let ended = recorder().event_in("task ended", alone.id);
        assert_eq!(ended.field("end"), Some("cancelled"));
        assert_eq!(ended.field("task"), alone.field("id"));
        assert_eq!(ended.level, Level::TRACE);
        let spawned = recorder().event_in("task spawned", alone.id);
        assert_eq!(spawned.field("task"), alone.field("id"));
    }
}

#[test]
fn deadlines_are_reported_in_the_task_that_they_interrupt() {
    let test = "deadline";
    recorder();
    on_each_backend(test, |name| async move {
        let limit = Duration::from_millis(1);
        assert!(
            anyrt::move_on_after(limit, anyrt::sleep_forever())
                .await
                .is_none()
        );
        let scope = CancelScope::new().name(format!("{name}, scope"));
        drop(scope.within(limit).run(anyrt::sleep_forever()).await);
    });
    for name in names(test) {
        let main = recorder().spans().named(&name).id;
        let events = recorder().events("deadline reached");
        let own = events.iter().filter(|event| event.span == Some(main));
        let scopes: Vec<_> = own.map(|event| event.field("scope")).collect();
        assert_eq!(scopes, [None, Some(&*format!("{name}, scope"))]);
    }
}

#[test]
fn panics_and_failures_are_reported() {
    let test = "panic";
    recorder();
    on_each_backend(test, |name| async move {
        let group = anyrt::task_group(async |tg| {
            let text = format!("{name}: on purpose");
            let task = tg.task().name(format!("{name}, child"));
            task.spawn(async move {
                resume_unwind(Box::new(text));
            });
            Ok::<_, Infallible>(())
        });
        let mut group = Box::pin(group);
        let caught = std::future::poll_fn(|cx| {
            catch_unwind(AssertUnwindSafe(|| group.as_mut().poll(cx)))
                .unwrap_or(Poll::Ready(Ok(())))
                .map(drop)
        });
        caught.await;
        let group = anyrt::task_group(async |tg| {
            let task = tg.task().name(format!("{name}, failing"));
            task.spawn(async { Err::<(), _>("an error") });
            Ok(())
        });
        assert!(group.await.is_err());
    });
    for name in names(test) {
        let spans = recorder().spans();
        let text = format!("{name}: on purpose");
        let panicked = recorder().event_with("task panicked", "panic", &text);
        assert_eq!(panicked.level, Level::ERROR);
        let child = spans.named(&format!("{name}, child"));
        assert_eq!(panicked.span, Some(child.id));
        assert!(child.is_closed());
        let failing = spans.named(&format!("{name}, failing"));
        let ended = recorder().event_in("task ended", failing.id);
        assert_eq!(ended.field("end"), Some("failed"));
        assert_eq!(ended.level, Level::DEBUG);
    }
}

#[test]
fn errors_without_a_receiver_are_warnings() {
    let test = "unhandled";
    recorder();
    on_each_backend(test, |name| async move {
        let group = GroupOptions::new().name(&name).run(async |tg| {
            tg.spawn(async {
                anyrt::shield(anyrt::sleep(Duration::from_millis(5))).await;
                Err::<(), _>("a late error")
            });
            anyrt::sleep_forever().fallible().await
        });
        let mut group = Box::pin(group);
        std::future::poll_fn(|cx| {
            assert!(group.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        anyrt::sleep(Duration::from_millis(2)).await;
        drop(group);
    });
    for name in names(test) {
        let lost = recorder().event_with("unhandled error", "group", &name);
        assert_eq!(lost.level, Level::WARN);
        assert!(lost.field("error").unwrap().contains("was lost"));
    }
}

/// Checks the recorder itself: nothing is entered at the end of a test.
#[test]
fn nothing_stays_entered() {
    on_each_backend("left", |_| async { anyrt::checkpoint().await });
    assert_eq!(Recorder::depth(), 0);
}

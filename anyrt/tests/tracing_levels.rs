//! A subscriber that wants errors alone, in a process of its own: it gets no spans and no other events.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::panic::resume_unwind;
use std::sync::Mutex;

use anyrt::Backend;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The names of the call sites that the subscriber was asked about, and the levels of events.
static ASKED: Mutex<Vec<&str>> = Mutex::new(Vec::new());
static EVENTS: Mutex<Vec<Level>> = Mutex::new(Vec::new());

struct Errors;

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.target() == "anyrt::task" && metadata.is_span() {
            ASKED.lock().unwrap().push(metadata.name());
        }
        *metadata.level() == Level::ERROR
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::ERROR)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        unreachable!("no span is an error")
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        EVENTS.lock().unwrap().push(*event.metadata().level());
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[test]
fn spans_that_are_not_wanted_are_not_made() {
    tracing::subscriber::set_global_default(Errors).unwrap();
    for &backend in Backend::available() {
        let group = anyrt::task_group(async |tg| {
            tg.spawn(async { anyrt::checkpoint().await });
            tg.scope().cancel_with("for an event");
            Ok::<_, std::io::Error>(())
        });
        drop(anyrt::run_on(backend, group));
        assert!(EVENTS.lock().unwrap().is_empty());
        let panics = std::panic::catch_unwind(|| {
            anyrt::run_on(backend, async { resume_unwind(Box::new("on purpose")) });
        });
        assert!(panics.is_err());
        assert_eq!(*EVENTS.lock().unwrap(), [Level::ERROR]);
        EVENTS.lock().unwrap().clear();
    }
    assert!(ASKED.lock().unwrap().is_empty());
}

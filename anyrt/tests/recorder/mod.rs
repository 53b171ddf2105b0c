//! A subscriber that keeps what it gets, written by hand: it sees the calls as they are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Returns the subscriber of this process, which is set in the first call.
pub(crate) fn recorder() -> &'static Recorder {
    static RECORDER: OnceLock<&'static Recorder> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder: &'static Recorder = Box::leak(Box::default());
        tracing::subscriber::set_global_default(Forward(recorder)).expect("no other subscriber");
        recorder
    })
}

#[derive(Default)]
pub(crate) struct Recorder {
    spans: Mutex<Vec<Span>>,
    events: Mutex<Vec<Heard>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    fields: Fields,
    references: usize,
    pub(crate) entries: usize,
    pub(crate) exits: usize,
}

impl Span {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.0.get(name).map(String::as_str)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.references == 0
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) level: Level,
    pub(crate) span: Option<u64>,
    fields: Fields,
}

impl Heard {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.0.get(name).map(String::as_str)
    }
}

#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// The spans so far.
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// Returns the span of the task with this name.
    pub(crate) fn named(&self, name: &str) -> &Span {
        let mut found = self
            .0
            .iter()
            .filter(|span| span.field("name") == Some(name));
        let span = found.next().unwrap_or_else(|| panic!("no span for {name}"));
        assert!(found.next().is_none(), "two spans for {name}");
        span
    }
}

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Recorder {
    pub(crate) fn spans(&self) -> Spans {
        Spans(self.spans.lock().unwrap().clone())
    }

    /// Returns the events with this message.
    pub(crate) fn events(&self, message: &str) -> Vec<Heard> {
        let events = self.events.lock().unwrap();
        let own = events
            .iter()
            .filter(|event| event.field("message") == Some(message));
        own.cloned().collect()
    }

    /// Returns the only event with this message and field.
    pub(crate) fn event_with(&self, message: &str, field: &str, value: &str) -> Heard {
        let events = self.events(message);
        let mut own = events
            .iter()
            .filter(|event| event.field(field) == Some(value));
        let event = own.next();
        let event = event.unwrap_or_else(|| panic!("no `{message}` with {value}: {events:?}"));
        assert!(own.next().is_none(), "two events `{message}` with {value}");
        event.clone()
    }

    /// Returns the only event with this message in a span.
    pub(crate) fn event_in(&self, message: &str, span: u64) -> Heard {
        let events = self.events(message);
        let mut own = events.iter().filter(|event| event.span == Some(span));
        let event = own.next();
        let event = event.unwrap_or_else(|| panic!("no `{message}` in {span}: {events:?}"));
        assert!(own.next().is_none(), "two events `{message}` in {span}");
        event.clone()
    }

    /// Returns the number of spans that this thread is inside of.
    pub(crate) fn depth() -> usize {
        ENTERED.with_borrow(Vec::len)
    }

    fn with<T>(&self, id: &Id, use_it: impl FnOnce(&mut Span) -> T) -> T {
        let mut spans = self.spans.lock().unwrap();
        use_it(&mut spans[id.into_u64() as usize - 1])
    }
}

/// The subscriber, as `tracing` owns it.
struct Forward(&'static Recorder);

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Not those of the runtimes.
        metadata.target().starts_with("anyrt") || metadata.target().starts_with("tracing")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if attributes.is_contextual() => ENTERED.with_borrow(|all| all.last().copied()),
            None => None,
        };
        let mut spans = self.0.spans.lock().unwrap();
        let id = spans.len() as u64 + 1;
        spans.push(Span {
            id,
            parent,
            name: metadata.name(),
            target: metadata.target(),
            level: *metadata.level(),
            fields,
            references: 1,
            entries: 0,
            exits: 0,
        });
        Id::from_u64(id)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let heard = Heard {
            level: *event.metadata().level(),
            span: ENTERED.with_borrow(|all| all.last().copied()),
            fields,
        };
        self.0.events.lock().unwrap().push(heard);
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|all| all.push(id.into_u64()));
        self.0.with(id, |span| {
            assert!(!span.is_closed(), "entered after its end: {span:?}");
            span.entries += 1;
        });
    }

    fn exit(&self, id: &Id) {
        let left = ENTERED.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(id.into_u64()), "left in another order");
        self.0.with(id, |span| span.exits += 1);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.with(id, |span| span.references += 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.0.with(&id, |span| {
            span.references -= 1;
            span.references == 0
        })
    }
}

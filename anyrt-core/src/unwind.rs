//! Payloads of panics, and destructors that may panic during another panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The payload of a panic.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Returns the message of a panic, if it has one.
pub(crate) fn text(payload: &Payload) -> Option<&str> {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Drops a value whose destructor may panic during another panic. Swallows the second panic.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A payload whose own destructor panics would abort; leaking it is the lesser evil.
        std::mem::forget(payload);
    }
}

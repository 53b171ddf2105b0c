//! The places of panics, and their silence where a run is repeated many times.
//!
//! The hook of the process is replaced once, by one that calls the earlier hook on all threads but those that
//! [`record`] at the moment.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

use crate::failure::message;

/// A panic of this thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) location: String,
}

#[derive(Debug)]
struct Recorder {
    panics: Vec<Panicked>,
    /// Whether the earlier hook is called too.
    prints: bool,
}

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// The number of panics that are kept: a program may panic and catch the panics without end.
const KEPT: usize = 64;

/// Calls `f`, and returns the panics that came up in it on this thread. They are printed only on request.
pub(crate) fn record<T>(prints: bool, f: impl FnOnce() -> T) -> (T, Vec<Panicked>) {
    struct Restore(Option<Recorder>);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDER.replace(self.0.take());
        }
    }
    HOOK.call_once(install);
    let new = Recorder {
        panics: Vec::new(),
        prints,
    };
    let restore = Restore(RECORDER.replace(Some(new)));
    let value = f();
    let recorder = RECORDER.take();
    drop(restore);
    (
        value,
        recorder.map_or_else(Vec::new, |recorder| recorder.panics),
    )
}

fn install() {
    let earlier = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let note = |recorder: &RefCell<Option<Recorder>>| {
            let mut recorder = recorder.try_borrow_mut().ok()?;
            let recorder = recorder.as_mut()?;
            if recorder.panics.len() == KEPT {
                recorder.panics.remove(0);
            }
            recorder.panics.push(Panicked {
                message: message(info.payload()).to_owned(),
                location: info
                    .location()
                    .map_or_else(String::new, ToString::to_string),
            });
            Some(recorder.prints)
        };
        // While the thread's locals are being destroyed, it does not record.
        let prints = RECORDER.try_with(note).ok().flatten();
        if prints.unwrap_or(true) {
            earlier(info);
        }
    }));
}

/// Returns the place of the panic with this message: the latest, since a panic may be caught and continued.
pub(crate) fn place_of(panics: &[Panicked], message: &str) -> Option<String> {
    let found = panics.iter().rev().find(|panic| panic.message == message);
    found.map(|panic| panic.location.clone())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_panic_is_recorded_with_its_place() {
        let (caught, panics) = record(false, || catch_unwind(|| panic!("number {}", 7)));
        assert!(caught.is_err());
        assert_eq!(panics.len(), 1);
        assert_eq!(panics[0].message, "number 7");
        assert!(panics[0].location.contains("panics.rs"), "{panics:?}");
        assert_eq!(
            place_of(&panics, "number 7").as_ref(),
            Some(&panics[0].location)
        );
        assert_eq!(place_of(&panics, "number 8"), None);
    }

    #[test]
    fn an_inner_recording_keeps_its_panics_to_itself() {
        let ((), outer) = record(false, || {
            let (_, inner) = record(false, || catch_unwind(|| panic!("inside")));
            assert_eq!(inner.len(), 1);
        });
        assert!(outer.is_empty());
    }
}

//! How a scope hears whether anything answers.

use std::task::{Wake, Waker};

use crate::loom::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::loom::{Arc, Mutex, lock};

/// A waker that, while a scope asks, notes wake-ups instead of passing them on.
pub(crate) struct Asker {
    asking: AtomicBool,
    noted: AtomicBool,
    real: Mutex<Option<Waker>>,
    /// How many times in a row asking brought no answer. The owner alone uses it.
    silence: AtomicU32,
}

impl Asker {
    pub(crate) fn new() -> Arc<Asker> {
        Arc::new(Asker {
            asking: AtomicBool::new(false),
            noted: AtomicBool::new(false),
            real: Mutex::new(None),
            silence: AtomicU32::new(0),
        })
    }

    /// From now on, wake-ups outside of asking go to this waker.
    pub(crate) fn set_real(&self, waker: &Waker) {
        let same = matches!(&*lock(&self.real), Some(real) if real.will_wake(waker));
        if !same {
            let new = waker.clone();
            let old = lock(&self.real).replace(new);
            drop(old);
        }
    }

    /// Nobody has answered once more; how many times that is.
    pub(crate) fn note_silence(&self) -> u32 {
        let silence = self.silence.load(Ordering::Relaxed) + 1;
        self.silence.store(silence, Ordering::Relaxed);
        silence
    }

    pub(crate) fn break_silence(&self) {
        self.silence.store(0, Ordering::Relaxed);
    }

    pub(crate) fn start(&self) {
        self.asking.store(true, Ordering::SeqCst);
    }

    /// Whether there was a wake-up since the last call.
    pub(crate) fn take_noted(&self) -> bool {
        self.noted.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn stop(&self) {
        self.asking.store(false, Ordering::SeqCst);
    }
}

impl Wake for Asker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.noted.store(true, Ordering::SeqCst);
        if !self.asking.load(Ordering::SeqCst) {
            let real = lock(&self.real).clone();
            if let Some(real) = real {
                real.wake();
            }
        }
    }
}

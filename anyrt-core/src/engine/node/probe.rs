//! The probe: the waker with which a cancelled scope polls while it waits for holders.
//!
//! `stranded` decides with it which holders will not be polled again.

use std::task::{Wake, Waker};
use std::time::Duration;

use crate::engine::clock::BoxTimer;
use crate::instant::Instant;
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Arc, Mutex, lock};

/// The waker with which a cancelled scope polls while it waits for holders, and the state of the detection.
pub(crate) struct Probe {
    pub(super) waker: Arc<ProbeWaker>,
    /// Accessed by the owner of the node alone, in a poll.
    pub(super) state: Mutex<ProbeState>,
}

/// A waker that forwards wake-ups, except for those during a poll: the scope itself handles those.
pub(crate) struct ProbeWaker {
    /// The owner is inside the poll. Set and cleared by the owner, read by waking threads.
    polling: AtomicBool,
    /// Set by waking threads, before they read `polling`; taken by the owner after it has cleared `polling`.
    /// So a wake-up is seen by the owner or forwarded (or both). With less than `SeqCst`, both sides could
    /// read the old value of the other's flag.
    pub(super) woken: AtomicBool,
    /// The waker of the last poll; taken by a wake-up, put back by the next poll.
    real: Mutex<Option<Waker>>,
}

#[derive(Default)]
pub(super) struct ProbeState {
    pub(super) timer: Option<(Instant, BoxTimer)>,
    /// The time at which the holders were woken, until all of them were polled.
    pub(super) asked: Option<Instant>,
    /// The end of the pause during which the holders are not woken.
    pub(super) pause_until: Option<Instant>,
    pub(super) pause: Duration,
}

impl Wake for ProbeWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.polling.load(Ordering::SeqCst) {
            let real = lock(&self.real).take();
            if let Some(real) = real {
                real.wake();
            }
        }
    }
}

impl Probe {
    pub(super) fn new() -> Arc<Probe> {
        Arc::new(Probe {
            waker: Arc::new(ProbeWaker {
                polling: AtomicBool::new(false),
                woken: AtomicBool::new(false),
                real: Mutex::new(None),
            }),
            state: Mutex::default(),
        })
    }

    /// Sets the waker to which wake-ups outside of polls are forwarded.
    pub(crate) fn forward_to(&self, waker: &Waker) {
        let same = matches!(&*lock(&self.waker.real), Some(real) if real.will_wake(waker));
        if !same {
            let new = waker.clone();
            let old = lock(&self.waker.real).replace(new);
            drop(old);
        }
    }

    /// Begins a poll. Returns the waker to poll the future with.
    pub(crate) fn begin_poll(&self, real: &Waker) -> Waker {
        self.forward_to(real);
        self.waker.polling.store(true, Ordering::SeqCst);
        // A wake-up from before is discarded: the poll that follows makes up for it. `swap` acquires, so that
        // the poll sees what happened before that wake-up.
        self.waker.woken.swap(false, Ordering::SeqCst);
        Waker::from(self.waker.clone())
    }

    /// Ends the poll. Returns whether the future was woken meanwhile.
    pub(crate) fn end_poll(&self) -> bool {
        self.waker.polling.store(false, Ordering::SeqCst);
        self.waker.woken.swap(false, Ordering::SeqCst)
    }
}

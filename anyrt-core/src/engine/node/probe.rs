//! Finding holders that are stranded: those that their surroundings will not poll again (rule C6).
//!
//! A cancelled scope that waits for holders polls its future with a waker of its own, the probe, which
//! forwards to the real one. Two things are found by it:
//!
//! 1. *Nothing else can wake the scope.* After a poll in which no holder was polled, every clone of
//!    the probe that is left belongs to a refused operation or to a node. Polling again would do the
//!    same again, so all holders are stranded, at once.
//! 2. *Something foreign is pending too.* It may lead back to the holder, so the clock decides: the
//!    holders are woken, and one that was not polled for [`Run::stranded_after`] is stranded. A holder that
//!    answers is left alone for that long, then twice as long, and so on.
//!
//! ```text
//!             silent poll, or the pause is over: wake the holders
//!   ┌───────┐ ───────────────────────────────────────────────────▶ ┌───────┐
//!   │ quiet │                                                      │ asked │
//!   └───────┘ ◀─────────────────────────────────────────────────── └───────┘
//!             all were polled: pause twice as long as before           │ that is over:
//!                                                                      ▼ lapse those that were not
//! ```
//!
//! A future that wakes itself in a poll in which no holder was polled is polled again after
//! [`BREATHER`], so that it does not keep a processor busy meanwhile.

use std::mem;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::{ASKED, HAS_PROBE, Node, State};
use crate::engine::Run;
use crate::engine::clock::{BoxTimer, Clock};
use crate::instant::Instant;
use crate::loom::atomic::{AtomicBool, Ordering, fence};
use crate::loom::{Arc, Mutex, lock};
use crate::wake::wake_all;

/// How long a scope whose holder was polled waits before it is asked for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause before holders that answer are woken again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a future that wakes itself is left alone while its scope waits for others.
const BREATHER: Duration = Duration::from_millis(1);

/// The waker with which a cancelled scope polls while it waits for holders, and what it knows of them.
pub(crate) struct Probe {
    waker: Arc<ProbeWaker>,
    /// The owner of the node alone uses it, in a poll.
    state: Mutex<ProbeState>,
}

/// Forwards wake-ups, but for those that come during a poll: the scope itself deals with them.
pub(crate) struct ProbeWaker {
    /// The owner is inside the poll. Set and cleared by the owner, read by whoever wakes.
    polling: AtomicBool,
    /// Set by whoever wakes, before it reads `polling`; taken by the owner after it has cleared
    /// `polling`. So a wake-up is seen by the owner or forwarded (or both): with less than `SeqCst`,
    /// both could read the old value of the other's flag.
    woken: AtomicBool,
    /// The waker of the last poll; taken by the wake-up, put back by the next poll.
    real: Mutex<Option<Waker>>,
}

#[derive(Default)]
struct ProbeState {
    timer: Option<(Instant, BoxTimer)>,
    /// Since when holders have been asked, if they have.
    asked: Option<Instant>,
    /// No holder is asked before.
    pause_until: Option<Instant>,
    pause: Duration,
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
    fn new() -> Arc<Probe> {
        Arc::new(Probe {
            waker: Arc::new(ProbeWaker {
                polling: AtomicBool::new(false),
                woken: AtomicBool::new(false),
                real: Mutex::new(None),
            }),
            state: Mutex::default(),
        })
    }

    /// Makes wake-ups outside of polls go to this waker.
    pub(crate) fn forward_to(&self, waker: &Waker) {
        let same = matches!(&*lock(&self.waker.real), Some(real) if real.will_wake(waker));
        if !same {
            let new = waker.clone();
            let old = lock(&self.waker.real).replace(new);
            drop(old);
        }
    }

    /// Begins a poll, which is to be given the returned waker.
    pub(crate) fn begin_poll(&self, real: &Waker) -> Waker {
        self.forward_to(real);
        self.waker.polling.store(true, Ordering::SeqCst);
        self.waker.woken.store(false, Ordering::SeqCst);
        Waker::from(self.waker.clone())
    }

    /// Ends it. Returns whether the future was woken meanwhile.
    pub(crate) fn end_poll(&self) -> bool {
        self.waker.polling.store(false, Ordering::SeqCst);
        self.waker.woken.swap(false, Ordering::SeqCst)
    }

    /// Whether nothing keeps a clone of the waker but what is in the tree below `node`.
    fn is_kept_by_the_tree_alone(&self, node: &Node) -> bool {
        let waker = Waker::from(self.waker.clone());
        let mut known = 0;
        let mut count = |node: &Node| {
            // A group is woken by its children, which are tasks of their own.
            let may_be_woken = node.group.get().is_some();
            known += lock(&node.state).count_wakers(&waker, may_be_woken);
        };
        node.walk_below(|node| {
            count(node);
            true
        });
        count(node);
        // Less the probe's own reference, and the one that was made to compare.
        let alone = Arc::strong_count(&self.waker) - 2 == known;
        // A wake-up that came since the end of the poll has used up a clone. It set the flag before it
        // dropped that: the fence pairs with the release of the count.
        fence(Ordering::Acquire);
        alone && !self.waker.woken.load(Ordering::SeqCst)
    }

    /// Judges a poll that left the scope of `node` pending and held. Returns true if holds have lapsed
    /// by that. Otherwise the scope will be woken when there is more to do.
    ///
    /// `woken` is what [`end_poll`](Probe::end_poll) gave, `polled` says whether a holder was polled.
    pub(crate) fn judge(
        &self,
        cx: &mut Context<'_>,
        node: &Node,
        clock: Option<Clock>,
        woken: bool,
        polled: bool,
    ) -> bool {
        if !polled && !woken && self.is_kept_by_the_tree_alone(node) {
            node.lapse_holders(|_| true);
            return true;
        }
        let Some(clock) = clock.filter(Clock::is_at_hand) else {
            // Without a clock a scope further out, which may have one, decides.
            if woken {
                cx.waker().wake_by_ref();
            }
            return false;
        };
        let now = clock.now();
        let patience = Run::stranded_after();
        let mut state = mem::take(&mut *lock(&self.state));
        if state.asked.is_some() && !node.has_unanswered() {
            state.asked = None;
            state.pause = (state.pause * 2).clamp(patience, LONGEST_PAUSE.max(patience));
            state.pause_until = Some(now + state.pause);
        }
        let mut next = match state.asked {
            Some(asked) if asked + patience <= now => {
                *lock(&self.state) = ProbeState::default();
                node.lapse_holders(|node| node.lower(ASKED));
                return true;
            }
            Some(asked) => asked + patience,
            None => match state.pause_until {
                Some(until) if until > now => until,
                None if polled => {
                    // Not silent yet; it is asked if nothing happens.
                    state.pause_until = Some(now + FIRST_PAUSE);
                    now + FIRST_PAUSE
                }
                _ => {
                    state.asked = Some(now);
                    node.ask_holders();
                    now + patience
                }
            },
        };
        if woken {
            if polled {
                cx.waker().wake_by_ref();
            } else {
                next = next.min(now + BREATHER);
            }
        }
        let timer = match state.timer.take() {
            Some((at, timer)) if at == next => timer,
            _ => clock.timer(next),
        };
        let (_, timer) = state.timer.insert((next, timer));
        if let Poll::Ready(()) = timer.as_mut().poll(cx) {
            state.timer = None;
            cx.waker().wake_by_ref();
        }
        *lock(&self.state) = state;
        false
    }
}

impl State {
    /// How many of the wakers here are this one, less that of a node that may be woken by others.
    fn count_wakers(&self, waker: &Waker, may_be_woken: bool) -> usize {
        let refused = self.refused.iter().filter_map(|(_, waker)| waker.as_ref());
        let own = self.waker.iter().filter(|_| !may_be_woken);
        let all = refused.chain(&self.interrupted).chain(own);
        all.filter(|kept| kept.will_wake(waker)).count()
    }
}

impl Node {
    /// The probe of a scope that waits for holders.
    pub(crate) fn probe(&self) -> Option<Arc<Probe>> {
        if self.has(HAS_PROBE) {
            lock(&self.state).probe.clone()
        } else {
            None
        }
    }

    /// The same, made if there is none.
    pub(crate) fn make_probe(&self) -> Arc<Probe> {
        self.raise(HAS_PROBE);
        let mut state = lock(&self.state);
        state.probe.get_or_insert_with(Probe::new).clone()
    }

    /// Visits the holders below that count, and what stands between here and them.
    fn walk_to_holders(&self, mut visit: impl FnMut(&Arc<Node>, bool)) {
        self.walk_below(|node| {
            let (own, holds) = {
                let state = lock(&node.state);
                (state.own_hold, state.holds())
            };
            visit(node, own && holds);
            !own
        });
    }

    /// Wakes every holder below, and everything on the way there; those that can be reached will be
    /// polled.
    fn ask_holders(&self) {
        let mut wakers = Vec::new();
        self.walk_to_holders(|node, holds| {
            if holds {
                node.raise(ASKED);
            }
            wakers.extend(node.take_waker());
        });
        wake_all(wakers.into_iter());
    }

    /// Whether a holder has not been polled since it was asked.
    fn has_unanswered(&self) -> bool {
        let mut unanswered = false;
        self.walk_to_holders(|node, holds| unanswered |= holds && node.has(ASKED));
        unanswered
    }

    /// Lets the holds lapse of those that `lapses` picks.
    fn lapse_holders(&self, lapses: impl Fn(&Node) -> bool) {
        self.walk_to_holders(|node, holds| {
            if holds && lapses(node) {
                node.update(|state| state.lapsed = true);
            }
        });
    }
}

//! Detection of stranded holders: those that will not be polled again (rule C6).
//!
//! A cancelled scope that waits for holders polls its future with a waker of its own, the probe, which
//! forwards to the real waker. The probe detects two situations:
//!
//! 1. *Nothing else can wake the scope.* After a poll in which no holder was polled, every remaining clone
//!    of the probe belongs to a refused operation or to a node. Another poll would have the same result, so
//!    all holders are stranded, at once.
//! 2. *Something foreign is pending too.* It may lead back to the holder, so the clock decides: the
//!    holders are woken, and a holder that is not polled for [`Run::stranded_after`] is stranded. A holder
//!    that was polled is left alone for the same time, then for twice as long, and so on.
//!
//! ```text
//!             poll without a holder, or the pause is over: wake the holders
//!   ┌───────┐ ───────────────────────────────────────────────────▶ ┌────────┐
//!   │ quiet │                                                      │ probed │
//!   └───────┘ ◀─────────────────────────────────────────────────── └────────┘
//!             all were polled: pause twice as long as before           │ `stranded_after` is over:
//!                                                                      ▼ lapse those that were not polled
//! ```
//!
//! A future that wakes itself in a poll in which no holder was polled is polled again after [`BREATHER`], so
//! that it does not keep a processor busy meanwhile.

use std::mem;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::probe::{Probe, ProbeState};
use super::{HAS_PROBE, Node, PROBED, State};
use crate::engine::Run;
use crate::engine::clock::Clock;
use crate::loom::atomic::{Ordering, fence};
use crate::loom::{Arc, lock};
use crate::wake::wake_all;

/// The pause before the holders of a scope are woken for the first time, counted from a poll of a holder.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause before holders that were polled are woken again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause before a future that wakes itself is polled again while its scope waits for holders.
const BREATHER: Duration = Duration::from_millis(1);

impl Probe {
    /// Returns whether all clones of the waker are in the tree below `node`.
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
        // Without the probe's own reference, and the one that was created for the comparison.
        let alone = Arc::strong_count(&self.waker) - 2 == known;
        // A wake-up since the end of the poll has consumed a clone. It set `woken` before it dropped the
        // clone: the fence pairs with the release of the reference count. Without it, the count could be new
        // and the flag old.
        fence(Ordering::Acquire);
        alone && !self.waker.woken.load(Ordering::SeqCst)
    }

    /// Evaluates a poll that left the scope of `node` pending and held. Returns true if holds have lapsed.
    /// Otherwise the scope will be woken when there is more to do.
    ///
    /// `woken` is the result of [`end_poll`](Probe::end_poll); `polled` states whether a holder was polled.
    pub(crate) fn judge(
        &self,
        cx: &mut Context<'_>,
        node: &Node,
        clock: Option<Clock>,
        woken: bool,
        polled: bool,
    ) -> bool {
        // 1. Nothing else can wake the scope.
        if !polled && !woken && self.is_kept_by_the_tree_alone(node) {
            node.lapse_holders(|_| true);
            return true;
        }
        // 2. Without a clock, a scope further out decides, which may have one.
        let Some(clock) = clock.filter(Clock::is_at_hand) else {
            if woken {
                cx.waker().wake_by_ref();
            }
            return false;
        };
        // 3. All holders were polled since they were woken: pause.
        let now = clock.now();
        let patience = Run::stranded_after();
        let mut state = mem::take(&mut *lock(&self.state));
        if state.asked.is_some() && !node.has_unanswered() {
            state.asked = None;
            state.pause = (state.pause * 2).clamp(patience, LONGEST_PAUSE.max(patience));
            state.pause_until = Some(now + state.pause);
        }
        // 4. Wake the holders, or let their holds lapse. `next` is when there is more to do.
        let mut next = match state.asked {
            Some(asked) if asked + patience <= now => {
                *lock(&self.state) = ProbeState::default();
                node.lapse_holders(|node| node.lower(PROBED));
                return true;
            }
            Some(asked) => asked + patience,
            None => match state.pause_until {
                Some(until) if until > now => until,
                None if polled => {
                    // A holder was just polled: wake the holders after the pause, unless they are polled
                    // before.
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
        // 5. Pass a wake-up on, and set the timer for the next step.
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
    /// Counts the wakers here that are equal to this one. Leaves out the node's own waker if others may wake
    /// it.
    fn count_wakers(&self, waker: &Waker, may_be_woken: bool) -> usize {
        let refused = self.refused.iter().filter_map(|(_, waker)| waker.as_ref());
        let own = self.waker.iter().filter(|_| !may_be_woken);
        let all = refused.chain(&self.interrupted).chain(own);
        all.filter(|kept| kept.will_wake(waker)).count()
    }
}

impl Node {
    /// Returns the probe of a scope that waits for holders, if it has one.
    pub(crate) fn probe(&self) -> Option<Arc<Probe>> {
        if self.has(HAS_PROBE) {
            lock(&self.state).probe.clone()
        } else {
            None
        }
    }

    /// Returns the probe, which is created if there is none.
    pub(crate) fn make_probe(&self) -> Arc<Probe> {
        self.raise(HAS_PROBE);
        let mut state = lock(&self.state);
        state.probe.get_or_insert_with(Probe::new).clone()
    }

    /// Visits the holders below that count, and the nodes on the way to them. The flag is true for holders.
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

    /// Wakes every holder below, and every node on the way to it. The holders that can be reached will be
    /// polled.
    fn ask_holders(&self) {
        let mut wakers = Vec::new();
        self.walk_to_holders(|node, holds| {
            if holds {
                node.raise(PROBED);
            }
            wakers.extend(node.take_waker());
        });
        wake_all(wakers.into_iter());
    }

    /// Returns whether a holder has not been polled since it was woken by the probe.
    fn has_unanswered(&self) -> bool {
        let mut unanswered = false;
        self.walk_to_holders(|node, holds| unanswered |= holds && node.has(PROBED));
        unanswered
    }

    /// Lets the holds lapse for which `lapses` returns true.
    fn lapse_holders(&self, lapses: impl Fn(&Node) -> bool) {
        self.walk_to_holders(|node, holds| {
            if holds && lapses(node) {
                node.update(|state| state.lapsed = true);
            }
        });
    }
}

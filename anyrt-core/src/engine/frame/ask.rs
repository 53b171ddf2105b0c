//! Finding out which holders can still be reached.

use std::task::{Context, Waker};

use super::poll::Inner;
use crate::engine::{Node, Parts, Place, poll_state};
use crate::loom::Arc;

/// How often a scope polls again while it asks, before it lets others run.
const ASK_POLLS: usize = 64;

/// How many times in a row nobody may have answered before a holder counts as stranded.
///
/// A wake-up that is on its way on another thread cannot be seen before it arrives, and until then
/// may keep a second one from being passed on.
const SILENCE: u32 = 1_000;

impl<F: Future> Parts<'_, F> {
    /// Finds out which holders are stranded, and lets their holds lapse.
    ///
    /// It polls with a waker of its own first, so that combinators pass wake-ups to that; wakes
    /// every holder; and polls until nothing wakes it any more. A holder that was not polled by
    /// then, however often this is repeated, will not be, whatever happens.
    #[cold]
    pub(super) fn ask<P: Place>(
        &mut self,
        cx: &mut Context<'_>,
        place: &mut P,
        node: &Arc<Node>,
    ) -> Inner<F::Output> {
        let asker = node.asker();
        asker.set_real(cx.waker());
        let waker = Waker::from(asker.clone());
        let mut asking = Context::from_waker(&waker);
        asker.start();
        let mut settled = false;
        for round in 0..ASK_POLLS {
            let own = place.own(Some(node));
            let inherited = !place.is_shielded(Some(node)) && poll_state::effectively_cancelled();
            asker.take_noted();
            match self.poll_inner(&mut asking, place, own, inherited) {
                Inner::Pending => {}
                ended => {
                    asker.stop();
                    return ended;
                }
            }
            if round == 0 {
                node.ask_holders();
                continue;
            }
            // In this order: a wake-up that is over by the first look is seen by the second.
            let being_answered = node.is_being_answered();
            if !asker.take_noted() {
                settled = !being_answered;
                break;
            }
        }
        asker.stop();
        // What came in between, or is still busy, must not be lost.
        let mut again = !settled || asker.take_noted();
        if settled && node.has_unanswered() {
            if asker.note_silence() < SILENCE {
                again = true;
            } else {
                asker.break_silence();
                node.lapse_stranded();
            }
        }
        if again {
            cx.waker().wake_by_ref();
        }
        Inner::Pending
    }
}

//! Finding holders that nobody will poll again: they are asked, and those that keep silent lapse.

use super::ASKED;
use super::ASKS;
use super::asker::Asker;
use crate::engine::Node;
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};

impl Node {
    pub(crate) fn asker(&self) -> Arc<Asker> {
        self.raise(ASKS);
        lock(&self.state)
            .asker
            .get_or_insert_with(Asker::new)
            .clone()
    }

    pub(crate) fn existing_asker(&self) -> Option<Arc<Asker>> {
        if self.has(ASKS) {
            lock(&self.state).asker.clone()
        } else {
            None
        }
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

    /// Wakes every holder below; those that can be reached will be polled.
    ///
    /// Everything in between is woken as well: something that is on its way to poll a holder
    /// already, because another thread is about to wake it, may pass no second wake-up on.
    pub(crate) fn ask_holders(&self) {
        self.walk_to_holders(|node, holds| {
            if holds {
                node.raise(ASKED);
            }
            node.wake();
        });
    }

    /// Whether another thread is about to wake something below: it has taken the waker, so that
    /// asking found none, or its wake-up has come half of the way.
    pub(crate) fn is_being_answered(&self) -> bool {
        let mut waking = false;
        self.walk_to_holders(|node, _| waking |= node.waking.load(Ordering::SeqCst) != 0);
        waking
    }

    /// Whether a holder has not been polled since it was asked.
    pub(crate) fn has_unanswered(&self) -> bool {
        let mut unanswered = false;
        self.walk_to_holders(|node, holds| unanswered |= holds && node.has(ASKED));
        unanswered
    }

    /// A holder was polled.
    pub(crate) fn break_silence(&self) {
        if let Some(asker) = self.existing_asker() {
            asker.break_silence();
        }
    }

    /// Lets the holds lapse of those who did not answer.
    pub(crate) fn lapse_stranded(&self) {
        self.walk_to_holders(|node, holds| {
            if holds && node.lower(ASKED) {
                node.update(|state| state.lapsed = true);
            }
        });
    }
}

//! Everything that can go on.

use std::collections::VecDeque;
use std::mem;

use super::Next;

/// Everything that can go on, in the order in which it became ready.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// With the number of entries that were made before each.
    queue: VecDeque<(u64, Next)>,
    /// Those that have yielded: they may be taken when all earlier entries were.
    yielded: VecDeque<(u64, Next)>,
    count: u64,
}

impl Ready {
    pub(crate) fn push(&mut self, next: Next, has_yielded: bool) {
        self.count += 1;
        let queue = if has_yielded {
            &mut self.yielded
        } else {
            &mut self.queue
        };
        queue.push_back((self.count, next));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.yielded.is_empty()
    }

    /// Returns the number of entries that may be taken.
    pub(super) fn admit(&mut self) -> usize {
        // Few have yielded at once, and all in a row are admitted together as a rule.
        while let Some((number, _)) = self.yielded.front() {
            if self.queue.iter().any(|(other, _)| other < number) {
                break;
            }
            self.queue.extend(self.yielded.pop_front());
        }
        self.queue.len()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Next> + ExactSizeIterator {
        self.queue.iter().map(|(_, next)| next)
    }

    /// Takes the entry at this position. The first takes its place, so that positions of others stay near.
    pub(super) fn take(&mut self, at: usize) -> Option<Next> {
        self.queue.swap_remove_front(at).map(|(_, next)| next)
    }

    /// Takes the entries that a predicate accepts.
    pub(crate) fn take_if(&mut self, mut accepts: impl FnMut(&Next) -> bool) -> Vec<Next> {
        let mut taken = Vec::new();
        for queue in [&mut self.queue, &mut self.yielded] {
            for (number, next) in mem::take(queue) {
                if accepts(&next) {
                    taken.push(next);
                } else {
                    queue.push_back((number, next));
                }
            }
        }
        taken
    }
}

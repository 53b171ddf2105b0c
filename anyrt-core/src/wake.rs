//! Waking several at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::unwind::drop_quietly;

/// Wakes all of them, in this order. A foreign waker may panic: that goes on once the others, who
/// have nobody else to wake them, have been woken.
#[inline]
pub(crate) fn wake_all(wakers: impl Iterator<Item = Waker>) {
    struct Rest<I: Iterator<Item = Waker>>(I);
    impl<I: Iterator<Item = Waker>> Drop for Rest<I> {
        fn drop(&mut self) {
            for waker in &mut self.0 {
                drop_quietly(catch_unwind(AssertUnwindSafe(|| waker.wake())));
            }
        }
    }
    let mut rest = Rest(wakers);
    for waker in &mut rest.0 {
        waker.wake();
    }
}

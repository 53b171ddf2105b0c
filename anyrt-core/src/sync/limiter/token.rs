//! The tokens that callers hold: guards that return a token when they are dropped.

use super::super::fair_queue::Resource;
use super::CapacityLimiter;
use super::resource::Acquisition;
use crate::loom::Arc;

/// A token of a [`CapacityLimiter`]; dropping it hands it to the next waiter.
#[must_use = "the token is given back when it is dropped"]
#[derive(Debug)]
pub struct CapacityToken<'a> {
    pub(super) limiter: &'a CapacityLimiter,
    /// `None` after `forget`.
    pub(super) loan: Option<Acquisition>,
}

/// A [`CapacityToken`] that owns an `Arc` of the limiter.
#[must_use = "the token is given back when it is dropped"]
#[derive(Debug)]
pub struct CapacityTokenArc {
    pub(super) limiter: Arc<CapacityLimiter>,
    /// `None` after `forget`.
    pub(super) loan: Option<Acquisition>,
}

/// Implements the methods of both types of tokens.
macro_rules! token {
    ($token:ty) => {
        impl $token {
            /// Forgets the token: its borrower keeps it until it is
            /// [released](CapacityLimiter::release_on_behalf_of) on its behalf.
            ///
            /// # Examples
            ///
            /// ```
            /// use anyrt::sync::CapacityLimiter;
            ///
            /// let limiter = CapacityLimiter::new(1);
            /// limiter.try_acquire_on_behalf_of("tenant 7").unwrap().forget();
            /// assert!(limiter.try_acquire().is_err());
            /// limiter.release_on_behalf_of("tenant 7").unwrap();
            /// assert!(limiter.try_acquire().is_ok());
            /// ```
            pub fn forget(mut self) {
                // The entry stays among the borrowers; only dropping the token would have removed it.
                self.loan = None;
            }
        }

        impl Drop for $token {
            fn drop(&mut self) {
                if let Some(loan) = self.loan.take() {
                    self.limiter.queue.change(|tokens| tokens.give_back(&loan));
                }
            }
        }
    };
}

token!(CapacityToken<'_>);
token!(CapacityTokenArc);

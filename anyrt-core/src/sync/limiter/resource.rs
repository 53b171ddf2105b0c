//! The tokens of a limiter and their borrowers: the resource that the queue hands out.
//!
//! A borrower can lose its token and get another while older acquisitions still wait or are dropped. So each
//! acquisition has a serial number, and only the acquisition with the recorded number owns the entry of its
//! borrower.

use std::collections::BTreeMap;

use super::super::borrower::{AlreadyBorrowing, Borrower};
use super::super::fair_queue::Resource;
use crate::engine::poll_state;

pub(super) struct Tokens {
    pub(super) total: usize,
    pub(super) borrowers: BTreeMap<Borrower, Held>,
}

/// The record of a token that is in use.
pub(super) struct Held {
    /// The serial number of the acquisition that has the token.
    serial: u64,
    /// Whether the token was received. False for a token that was handed to a waiter that has not been polled
    /// since.
    pub(super) taken: bool,
}

/// The identity of one acquisition.
#[derive(Clone, Debug)]
pub(super) struct Acquisition {
    borrower: Borrower,
    serial: u64,
}

impl Acquisition {
    /// Creates an acquisition for this borrower.
    pub(super) fn of(borrower: Borrower) -> Acquisition {
        let serial = poll_state::next_serial();
        Acquisition { borrower, serial }
    }

    /// Creates an acquisition that is its own borrower.
    pub(super) fn single() -> Acquisition {
        let serial = poll_state::next_serial();
        Acquisition {
            borrower: Borrower::Acquisition(serial),
            serial,
        }
    }
}

impl Tokens {
    /// Returns the token of this acquisition, if it has one.
    fn held(&mut self, loan: &Acquisition) -> Option<&mut Held> {
        // Another acquisition of the same borrower may own the entry: compare the numbers.
        let held = self.borrowers.get_mut(&loan.borrower)?;
        (held.serial == loan.serial).then_some(held)
    }
}

impl Resource for Tokens {
    type Ask = Acquisition;
    type Grant = Result<(), AlreadyBorrowing>;

    fn admit(&mut self, loan: &Acquisition) -> bool {
        // A borrower that already has a token is admitted too: `collect` returns the error.
        let borrows = self.borrowers.contains_key(&loan.borrower);
        if !borrows && self.borrowers.len() < self.total {
            let held = Held {
                serial: loan.serial,
                taken: false,
            };
            self.borrowers.insert(loan.borrower.clone(), held);
            return true;
        }
        borrows
    }

    /// Marks the token as received. Fails if another acquisition of the same borrower has the token, or had
    /// it when this one was admitted.
    fn collect(&mut self, loan: &Acquisition) -> Result<(), AlreadyBorrowing> {
        // Without an entry of this acquisition, it was admitted for its error only.
        let held = self.held(loan);
        held.ok_or_else(|| AlreadyBorrowing::new(loan.borrower.clone()))?
            .taken = true;
        Ok(())
    }

    /// Removes the token of this acquisition. An acquisition that was admitted only for its error has none.
    fn give_back(&mut self, loan: &Acquisition) {
        if self.held(loan).is_some() {
            self.borrowers.remove(&loan.borrower);
        }
    }

    /// Serves a new caller. A borrower that has a token gets its error even while others wait.
    fn enter(
        &mut self,
        loan: &Acquisition,
        waiting: usize,
    ) -> Option<Result<(), AlreadyBorrowing>> {
        let borrows = self.borrowers.contains_key(&loan.borrower);
        // The error can be returned at once: it does not depend on the order of arrival.
        let enters = borrows || (waiting == 0 && self.admit(loan));
        enters.then(|| self.collect(loan))
    }
}

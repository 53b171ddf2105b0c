//! The operations that are compared.

mod blocking;
pub(crate) mod cancel;
mod files;
mod net;
mod portal;
mod process;
mod scope;
pub(crate) mod spawn;
mod stream;
mod sync;
mod timeout;
mod tls;
mod worker;

use std::fmt;
use std::time::Duration;

use crate::setup::Side;

/// An operation of anyrt, and its counterpart.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) backend: &'static str,
    /// The name of the counterpart.
    pub(crate) theirs: &'static str,
    /// The number of operations of a round.
    pub(crate) count: usize,
    pub(crate) floor: Floor,
    run: Run,
}

/// Repeats an operation, and returns the time that it took, without any preparation.
type Run = Box<dyn Fn(Side, usize) -> Duration>;

/// The requirement for a release ("Performance targets" in `ARCHITECTURE.md`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Floor {
    None,
    /// At most this ratio.
    Ratio(f64),
    /// The cost of nested scopes for a poll, in nanoseconds for each of `scopes`.
    PerScope {
        scopes: u32,
        at_most: f64,
    },
}

impl Case {
    fn new(
        name: impl Into<String>,
        backend: &'static str,
        theirs: &'static str,
        count: usize,
        floor: Floor,
        run: impl Fn(Side, usize) -> Duration + 'static,
    ) -> Case {
        Case {
            name: name.into(),
            backend,
            theirs,
            count,
            floor,
            run: Box::new(run),
        }
    }

    /// Returns the nanoseconds per operation.
    pub(crate) fn measure(&self, side: Side, count: usize) -> f64 {
        (self.run)(side, count).as_nanos() as f64 / count as f64
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.backend)
    }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    spawn::add(&mut cases);
    cancel::add(&mut cases);
    timeout::add(&mut cases);
    scope::add(&mut cases);
    blocking::add(&mut cases);
    portal::add(&mut cases);
    sync::add(&mut cases);
    stream::add(&mut cases);
    net::add(&mut cases);
    tls::add(&mut cases);
    process::add(&mut cases);
    worker::add(&mut cases);
    files::add(&mut cases);
    cases
}

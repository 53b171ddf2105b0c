//! The monitor that the environment requests.

use anyrt_core::monitor::start_if_requested;

use crate::{Ambient, Backend};

/// Serves the caller's run, if the environment requests it. A simulated run has no sockets of the system.
pub(crate) fn start() {
    if Backend::current() != Some(Backend::Sim) {
        start_if_requested::<Ambient>();
    }
}

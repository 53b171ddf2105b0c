//! The marker by which a worker process recognizes itself, and the roles of processes.

use crate::engine::poll_state::number_in_process;

/// The environment variable with the marker.
pub(crate) const MARKER: &str = "ANYRT_WORKER";

/// The beginning of markers; the process id of the program and a number follow.
const START: &str = "anyrt worker ";

/// The exit status of a worker that does not serve, or cannot.
pub(crate) const CANNOT_SERVE: i32 = 70;

/// The role of this process; see `worker.rs`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Program {
        /// The reason why it may start no workers, if there is one.
        refused: Option<&'static str>,
    },
    Worker {
        /// The length of the marker.
        marker: usize,
    },
}

impl Role {
    /// A program without restrictions.
    pub(super) const PROGRAM: Role = Role::Program { refused: None };
}

/// Returns the process id in a marker.
pub(super) fn parent_of(marker: &str) -> Option<u32> {
    let rest = marker.strip_prefix(START)?;
    rest.split(' ').next()?.parse().ok()
}

/// Returns the marker for a new worker of this process.
pub(crate) fn marker() -> String {
    format!("{START}{} {}", std::process::id(), number_in_process())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_its_program() {
        assert_eq!(parent_of(&marker()), Some(std::process::id()));
        assert_ne!(marker(), marker());
        assert_eq!(parent_of("some worker 1 2"), None);
        assert_eq!(parent_of("anyrt worker x 2"), None);
    }
}

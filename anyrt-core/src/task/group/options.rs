//! The options of a group.

use std::panic::Location;

use crate::engine::GroupState;
use crate::engine::clock::Clock;
use crate::instant::Instant;
use crate::loom::Arc;
use crate::runtime::Time;

/// Options of a group. Their methods open groups with them.
#[derive(Clone, Debug)]
#[must_use = "options do nothing until a group is run with them"]
pub struct GroupOptions {
    name: Option<Arc<str>>,
    keeps_going: bool,
    deadline: Instant,
}

impl GroupOptions {
    /// Creates the default options: no name, the first failure cancels, no deadline.
    pub fn new() -> GroupOptions {
        GroupOptions {
            name: None,
            keeps_going: false,
            deadline: Instant::FAR_FUTURE,
        }
    }

    /// Sets the name of the group, for listings and messages.
    pub fn name(mut self, name: impl Into<String>) -> GroupOptions {
        self.name = Some(name.into().into());
        self
    }

    /// Keeps going after errors of children: these do not cancel their siblings, and all are reported at the end
    /// (rule [G10](crate::rules#g10)).
    ///
    /// An error of the body still cancels, and so does a panic.
    pub fn keep_going(mut self) -> GroupOptions {
        self.keeps_going = true;
        self
    }

    /// Cancels the group at `deadline`.
    pub fn deadline(mut self, deadline: Instant) -> GroupOptions {
        self.deadline = deadline;
        self
    }

    pub(super) fn open<R: Time>(
        self,
        location: &'static Location<'static>,
        in_place: bool,
        tag: u8,
    ) -> Arc<GroupState> {
        let clock = Clock::of::<R>();
        let core = GroupState::new(clock, location, self.keeps_going, in_place, tag);
        if let Some(name) = self.name {
            core.node.set_name(name);
        }
        core.node.init_deadline(self.deadline);
        core
    }
}

impl Default for GroupOptions {
    fn default() -> Self {
        GroupOptions::new()
    }
}

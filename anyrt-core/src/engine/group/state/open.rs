//! The opening of a group.

use std::panic::Location;

use crate::engine::clock::Clock;
use crate::engine::{GroupState, poll_state};
use crate::loom::Arc;

impl GroupState {
    /// Creates a group hosted by the task that is being polled.
    pub(crate) fn new(
        clock: Clock,
        location: &'static Location<'static>,
        keeps_going: bool,
        in_place: bool,
        tag: u8,
    ) -> Arc<GroupState> {
        let host = poll_state::current_task();
        let around = poll_state::innermost_group(|node| node.group())
            .or_else(|| host.as_ref().map(|host| host.group().clone()));
        let run = around.as_ref().and_then(|around| around.run.clone());
        let group = Arc::new_cyclic(|weak| GroupState {
            host,
            run,
            keeps_going,
            in_place,
            ..GroupState::build(weak, clock, location, tag)
        });
        if let Some(around) = around {
            group.move_to(around);
        }
        group
    }
}

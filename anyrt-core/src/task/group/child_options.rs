//! [`ChildOptions`].

use std::panic::Location;

use crate::engine::{ContextMap, SpawnArgs};
use crate::loom::Arc;

/// The options of a child.
#[derive(Default)]
pub(super) struct ChildOptions {
    pub(super) name: Option<Arc<str>>,
    /// The context that replaces the snapshot, if set.
    pub(super) context: Option<Option<Arc<ContextMap>>>,
}

impl ChildOptions {
    /// Returns the arguments for a child that is spawned now, with this location.
    pub(super) fn given(self, location: &'static Location<'static>) -> SpawnArgs {
        let mut given = SpawnArgs::at(location);
        given.name = self.name;
        if let Some(context) = self.context {
            given.context = context;
        }
        given
    }
}

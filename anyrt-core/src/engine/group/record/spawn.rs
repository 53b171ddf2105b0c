//! The beginning of a record: the properties that a task is spawned with.

use std::panic::Location;

use super::{BEGUN, ELSEWHERE, HAS_CONTEXT, REGISTERED, RareState, Record, STARTING};
use crate::engine::ContextMap;
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};

/// The properties of a task that are set when it is spawned.
pub(crate) struct SpawnArgs {
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) context: Option<Arc<ContextMap>>,
    /// `true` if the task is created by `start`.
    pub(crate) starting: bool,
}

impl Record {
    /// Begins the record, when its task is spawned at that location of its block. Called once.
    #[inline]
    pub(in crate::engine::group) fn begin(&self, given: SpawnArgs, location: u8) {
        let mut state = BEGUN;
        if given.starting {
            state |= STARTING;
        }
        self.flags.store(location, Ordering::Relaxed);
        if given.context.is_some() || given.name.is_some() || location == ELSEWHERE {
            self.begin_with(state, given, location);
        } else {
            self.state.store(state, Ordering::Release);
        }
    }

    fn begin_with(&self, state: u16, given: SpawnArgs, location: u8) {
        let mut live = lock(&self.live);
        if given.name.is_some() || location == ELSEWHERE {
            live.more = Some(Box::new(RareState {
                name: given.name,
                location: Some(given.location),
                ..RareState::default()
            }));
        }
        let has_context = given.context.is_some();
        live.context = given.context;
        let state = state | if has_context { HAS_CONTEXT } else { 0 };
        self.state.store(state, Ordering::Release);
    }

    pub(in crate::engine::group) fn given_name(&self) -> Option<Arc<str>> {
        lock(&self.live).more.as_ref()?.name.clone()
    }

    /// Returns the number of the block's location where the task was spawned, or the location if it is none
    /// of these.
    pub(in crate::engine::group) fn location(&self) -> Result<u8, &'static Location<'static>> {
        let number = self.flags.load(Ordering::Relaxed) & !REGISTERED;
        let live = lock(&self.live);
        match live.more.as_ref().and_then(|more| more.location) {
            Some(location) if number == ELSEWHERE => Err(location),
            _ => Ok(number),
        }
    }
}

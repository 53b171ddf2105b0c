//! The group around a group, and the groups directly inside it.

use std::mem;

use super::Surrounding;
use crate::engine::GroupState;
use crate::loom::{Arc, Weak, lock};

impl GroupState {
    /// Sets the group around.
    pub(in crate::engine::group) fn move_to(self: &Arc<Self>, around: Arc<GroupState>) {
        let number = around.list_nested(self);
        let enclosing = Surrounding::Group(around, number);
        let old = mem::replace(&mut *lock(&self.enclosing), enclosing);
        drop(old);
    }

    pub(super) fn around_it(&self) -> Option<Arc<GroupState>> {
        match &*lock(&self.enclosing) {
            Surrounding::Group(around, _) => Some(around.clone()),
            Surrounding::None | Surrounding::Over => None,
        }
    }

    fn list_nested(&self, group: &Arc<GroupState>) -> u64 {
        let mut nested = lock(&self.nested);
        nested.opened += 1;
        let number = nested.opened;
        nested.groups.insert(number, Arc::downgrade(group));
        number
    }

    /// Moves from the group around, which has ended, to the next one out.
    pub(super) fn move_out_of(&self, around: &GroupState) {
        match (around.around_it(), self.node.group()) {
            (Some(next), Some(this)) => this.move_to(next),
            _ => {
                let over = if around.run.is_some() {
                    Surrounding::Over
                } else {
                    Surrounding::None
                };
                let old = mem::replace(&mut *lock(&self.enclosing), over);
                drop(old);
            }
        }
    }

    /// Removes the group from all lists, since the host is done with it.
    pub(crate) fn detach(&self) {
        if let Surrounding::Group(around, number) = &*lock(&self.enclosing) {
            lock(&around.nested).groups.remove(number);
        }
        if let Some(run) = &self.run {
            run.alarms.clear(self);
        }
    }

    /// Cancels the groups directly inside that are no longer reached through the tree of scopes, because the
    /// scope that they were opened in has ended.
    pub(crate) fn cancel_left_behind(&self) {
        for group in self.nested() {
            let host = group.host.as_ref();
            let host_ended = host.is_some_and(|host| host.end().is_some());
            if group.node.was_left_behind(&self.node, host_ended) {
                group.node.cancel_inherited();
            }
        }
    }

    /// Returns the groups directly inside, in the order of their opening.
    pub(crate) fn nested(&self) -> Vec<Arc<GroupState>> {
        lock(&self.nested)
            .groups
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

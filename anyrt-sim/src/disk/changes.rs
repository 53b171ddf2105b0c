//! Changes of folders that are not durable yet.
//!
//! They become durable one by one: by a sync of the file or the folder that they are about, or when they are
//! old. Two changes that concern the same entry, the same file, or a folder and an entry in it keep their
//! order; others are independent of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::dice::Dice;
use super::node::{Kind, NodeId};
use super::tree::Tree;
use super::{MAX_AGE, Nanos};

/// The number of changes after which the earliest become durable, as if the journal of the disk were full.
const MAX_CHANGES: usize = 4096;

/// A change of one or two entries, which is durable as a whole or not at all.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) slots: Vec<Slot>,
    /// The files and folders that it adds, moves or removes.
    pub(super) nodes: Vec<NodeId>,
    pub(super) at: Nanos,
}

/// An entry, and what it leads to after the change.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) folder: NodeId,
    pub(super) name: OsString,
    pub(super) node: Option<NodeId>,
}

/// The entries, files and folders of a set of changes.
#[derive(Default)]
struct Concerned {
    nodes: BTreeSet<NodeId>,
    /// The names of entries, by folder.
    slots: BTreeMap<NodeId, BTreeSet<OsString>>,
}

impl Concerned {
    fn add(&mut self, change: &Change) {
        self.nodes.extend(&change.nodes);
        for slot in &change.slots {
            let names = self.slots.entry(slot.folder).or_default();
            names.insert(slot.name.clone());
        }
    }

    /// Returns whether the change has to keep its order with one of the set.
    fn includes(&self, change: &Change) -> bool {
        let is_concerned =
            |node: &NodeId| self.nodes.contains(node) || self.slots.contains_key(node);
        change.nodes.iter().any(is_concerned)
            || change.slots.iter().any(|slot| {
                let names = self.slots.get(&slot.folder);
                self.nodes.contains(&slot.folder)
                    || names.is_some_and(|names| names.contains(&slot.name))
            })
    }
}

impl Tree {
    /// Notes a change, which the current entries show already.
    pub(super) fn note(&mut self, slots: Vec<Slot>, nodes: Vec<NodeId>) {
        self.write_back();
        let at = self.now;
        self.changes.push_back(Change { slots, nodes, at });
        if self.changes.len() > MAX_CHANGES {
            self.apply_earliest();
        }
    }

    /// Makes old changes durable. All that is earlier than an old one is old too.
    fn write_back(&mut self) {
        while let Some(change) = self.changes.front() {
            if change.at.saturating_add(MAX_AGE) > self.now {
                break;
            }
            self.apply_earliest();
        }
    }

    fn apply_earliest(&mut self) {
        if let Some(change) = self.changes.pop_front() {
            self.apply(change);
        }
    }

    /// Makes changes about a file or folder durable: those that add, move or remove it, and those of its
    /// entries; with all earlier changes that have to be durable before.
    pub(super) fn commit(&mut self, node: NodeId) {
        let is_about = |change: &Change| {
            change.nodes.contains(&node) || change.slots.iter().any(|slot| slot.folder == node)
        };
        let mut needed = Concerned::default();
        let mut chosen = vec![false; self.changes.len()];
        for (place, change) in self.changes.iter().enumerate().rev() {
            if is_about(change) || needed.includes(change) {
                needed.add(change);
                chosen[place] = true;
            }
        }
        let changes = std::mem::take(&mut self.changes);
        for (change, is_chosen) in changes.into_iter().zip(chosen) {
            if is_chosen {
                self.apply(change);
            } else {
                self.changes.push_back(change);
            }
        }
    }

    /// Makes the changes durable that a crash keeps, and forgets the others.
    pub(super) fn crash_changes(&mut self, dice: &mut dyn Dice) {
        self.write_back();
        let mut lost = Concerned::default();
        for change in std::mem::take(&mut self.changes) {
            if !lost.includes(&change) && dice.keeps_change() {
                self.apply(change);
            } else {
                lost.add(&change);
            }
        }
    }

    fn apply(&mut self, change: Change) {
        for slot in change.slots {
            let folder = self.nodes.get_mut(&slot.folder);
            if let Some(Kind::Folder(folder)) = folder.map(|node| &mut node.kind) {
                match slot.node {
                    Some(node) => folder.durable.insert(slot.name, node),
                    None => folder.durable.remove(&slot.name),
                };
            }
        }
    }
}

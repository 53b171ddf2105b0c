//! The files of a disk: nodes by number, and the entries that lead to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use super::Nanos;
use super::changes::Change;
use super::dice::Dice;
use super::errors::Errno;
use super::file::FileData;
use super::node::{Folder, Kind, Node, NodeId, WRITE};

/// The folder `/`.
pub(super) const ROOT: NodeId = 2;

/// The number of nodes that are kept without a search for unused ones.
const SLACK: usize = 64;

/// The files of a disk.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: BTreeMap<NodeId, Node>,
    next: NodeId,
    /// The changes of folders that are not durable, in order.
    pub(super) changes: VecDeque<Change>,
    /// The length of all files that are in use.
    pub(super) used: u64,
    pub(super) capacity: Option<u64>,
    /// The number of nodes after which unused ones are searched for.
    sweep_at: usize,
    /// The time of the simulation, and that of the host's clock, of the present operation.
    pub(super) now: Nanos,
    pub(super) time: SystemTime,
}

impl Tree {
    /// Creates a tree with the folders `/` and `/tmp`.
    pub(super) fn new(time: SystemTime) -> Tree {
        let mut root = Node::new(Kind::Folder(Folder::new(ROOT)), 0o755, time);
        root.links = 1;
        let mut tree = Tree {
            nodes: BTreeMap::from([(ROOT, root)]),
            next: ROOT + 1,
            changes: VecDeque::new(),
            used: 0,
            capacity: None,
            sweep_at: SLACK,
            now: 0,
            time,
        };
        let temporary = tree.add(Kind::Folder(Folder::new(ROOT)), 0o1777);
        tree.insert(ROOT, "tmp".into(), temporary);
        tree.folder_mut(ROOT)
            .durable
            .insert("tmp".into(), temporary);
        tree
    }

    /// Returns a node that an entry, a handle or a change leads to.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(&id).expect("nodes in use are kept")
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.nodes.get_mut(&id).expect("nodes in use are kept")
    }

    /// Returns a folder, or [`Errno::NOTDIR`].
    pub(super) fn folder(&self, id: NodeId) -> Result<&Folder, Errno> {
        match &self.node(id).kind {
            Kind::Folder(folder) => Ok(folder),
            Kind::File(_) | Kind::Symlink(_) => Err(Errno::NOTDIR),
        }
    }

    /// Returns a folder that is known to be one.
    pub(super) fn folder_mut(&mut self, id: NodeId) -> &mut Folder {
        match &mut self.node_mut(id).kind {
            Kind::Folder(folder) => folder,
            Kind::File(_) | Kind::Symlink(_) => unreachable!("entries are those of folders"),
        }
    }

    /// Returns a file that is open, or the error for the contents of a folder.
    pub(super) fn file_mut(&mut self, id: NodeId) -> Result<&mut FileData, Errno> {
        match &mut self.node_mut(id).kind {
            Kind::File(file) => Ok(file),
            Kind::Folder(_) | Kind::Symlink(_) => Err(Errno::ISDIR),
        }
    }

    /// Adds a node without an entry.
    pub(super) fn add(&mut self, kind: Kind, mode: u32) -> NodeId {
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, Node::new(kind, mode, self.time));
        id
    }

    /// Adds an entry to a folder.
    pub(super) fn insert(&mut self, folder: NodeId, name: OsString, node: NodeId) {
        let target = self.node_mut(node);
        target.links += 1;
        if let Kind::Folder(inner) = &mut target.kind {
            inner.parent = folder;
        }
        self.folder_mut(folder).entries.insert(name, node);
        self.touch(folder);
    }

    /// Removes an entry from a folder.
    pub(super) fn remove(&mut self, folder: NodeId, name: &OsStr) {
        let removed = self.folder_mut(folder).entries.remove(name);
        self.touch(folder);
        if let Some(node) = removed {
            let target = self.node_mut(node);
            target.links -= 1;
            self.note_unused(node);
        }
    }

    /// Closes a handle of a file.
    pub(super) fn close(&mut self, node: NodeId, handle: u64) {
        let closed = self.node_mut(node);
        closed.locks.unlock(handle);
        closed.handles -= 1;
        self.note_unused(node);
        self.sweep();
    }

    /// Frees the room of a file that nothing uses any more.
    fn note_unused(&mut self, node: NodeId) {
        let node = self.node(node);
        if !node.is_used() {
            self.used -= node.length();
        }
    }

    fn touch(&mut self, folder: NodeId) {
        let time = self.time;
        self.node_mut(folder).modified = time;
    }

    /// Returns the number of folders in a folder.
    pub(super) fn count_folders(&self, node: NodeId) -> u64 {
        let Kind::Folder(folder) = &self.node(node).kind else {
            return 0;
        };
        let entries = folder.entries.values();
        entries
            .filter(|entry| self.node(**entry).is_folder())
            .count() as u64
    }

    /// Checks that the entries of a folder may be changed.
    pub(super) fn check_writable(&self, folder: NodeId) -> Result<(), Errno> {
        let folder = self.node(folder);
        // A folder that was removed gets no new entries.
        if folder.links == 0 {
            Err(Errno::NOENT)
        } else if folder.permits(WRITE) {
            Ok(())
        } else {
            Err(Errno::ACCESS)
        }
    }

    /// Returns how many bytes a file may grow.
    pub(super) fn room(&self) -> u64 {
        match self.capacity {
            Some(capacity) => capacity.saturating_sub(self.used),
            None => u64::MAX,
        }
    }

    /// Removes nodes that nothing leads to, now and then.
    pub(super) fn sweep(&mut self) {
        if self.nodes.len() < self.sweep_at {
            return;
        }
        let used = self.find_used();
        self.nodes.retain(|id, _| used.contains(id));
        self.sweep_at = self.nodes.len() * 2 + SLACK;
    }

    /// Returns the nodes that entries, handles or changes lead to.
    fn find_used(&self) -> BTreeSet<NodeId> {
        let changes = self.changes.iter();
        let changed = changes.flat_map(|change| {
            let folders = change.slots.iter().map(|slot| slot.folder);
            change.nodes.iter().copied().chain(folders)
        });
        let open = self.nodes.iter().filter(|(_, node)| node.handles > 0);
        let mut to_visit: Vec<NodeId> = open.map(|(id, _)| *id).chain(changed).collect();
        to_visit.push(ROOT);
        let mut used = BTreeSet::new();
        // Ends: each node is added once.
        while let Some(id) = to_visit.pop() {
            if used.insert(id) {
                if let Some(Kind::Folder(folder)) = self.nodes.get(&id).map(|node| &node.kind) {
                    to_visit.extend(folder.entries.values().chain(folder.durable.values()));
                }
            }
        }
        used
    }

    /// Leaves what survives a crash.
    pub(super) fn crash(&mut self, dice: &mut dyn Dice) {
        self.crash_changes(dice);
        for node in self.nodes.values_mut() {
            node.links = 0;
            node.handles = 0;
            node.locks = Default::default();
        }
        self.node_mut(ROOT).links = 1;
        let mut to_visit = vec![ROOT];
        // Ends: a folder has one entry, so each is visited once.
        while let Some(id) = to_visit.pop() {
            let entries = self.folder_mut(id).durable.clone();
            for node in entries.values() {
                let entry = self.node_mut(*node);
                entry.links += 1;
                if let Kind::Folder(folder) = &mut entry.kind {
                    folder.parent = id;
                    to_visit.push(*node);
                }
            }
            self.folder_mut(id).entries = entries;
        }
        self.nodes.retain(|_, node| node.links > 0);
        let now = self.now;
        for node in self.nodes.values_mut() {
            if let Kind::File(file) = &mut node.kind {
                file.crash(now, dice);
            }
        }
        self.used = self.nodes.values().map(Node::length).sum();
    }
}

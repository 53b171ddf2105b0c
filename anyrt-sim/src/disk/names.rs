//! Operations on the entries of folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyrt_core::runtime::FileType;

use super::changes::Slot;
use super::errors::Errno;
use super::file::FileData;
use super::node::{Folder, Kind, NodeId, READ};
use super::resolve::{Place, ends_with_dot};
use super::tree::{ROOT, Tree};

/// The permissions that new files and folders do not get.
const MASK: u32 = 0o022;

impl Tree {
    /// Adds a node at a place where nothing is.
    fn create(&mut self, place: Place, kind: Kind, mode: u32) -> Result<NodeId, Errno> {
        let Place { folder, name, .. } = place;
        let name = name.ok_or(Errno::EXIST)?;
        self.check_writable(folder)?;
        self.sweep();
        let node = self.add(kind, mode);
        self.add_entry(folder, name, node);
        Ok(node)
    }

    /// Adds an entry for a node, which is not durable.
    fn add_entry(&mut self, folder: NodeId, name: OsString, node: NodeId) {
        self.insert(folder, name.clone(), node);
        let slot = Slot {
            folder,
            name,
            node: Some(node),
        };
        self.note(vec![slot], vec![node]);
    }

    /// Creates an empty file at a place where nothing is.
    pub(super) fn create_file(&mut self, place: Place, mode: u32) -> Result<NodeId, Errno> {
        if place.must_be_folder {
            return Err(Errno::ISDIR);
        }
        self.create(place, Kind::File(FileData::default()), mode & !MASK)
    }

    pub(super) fn create_folder(&mut self, path: &Path, mode: u32) -> Result<NodeId, Errno> {
        let place = self.resolve_new(path)?;
        let folder = Folder::new(place.folder);
        self.create(place, Kind::Folder(folder), mode & !MASK)
    }

    pub(super) fn create_symlink(&mut self, target: &Path, link: &Path) -> Result<(), Errno> {
        if target.as_os_str().is_empty() {
            return Err(Errno::NOENT);
        }
        let place = self.resolve_new(link)?;
        if place.must_be_folder {
            return Err(Errno::NOENT);
        }
        self.create(place, Kind::Symlink(target.to_owned()), 0o777)?;
        Ok(())
    }

    /// Finds a place where nothing must be. A symbolic link at the end is something.
    fn resolve_new(&self, path: &Path) -> Result<Place, Errno> {
        let place = self.resolve_entry(path)?;
        match place.node {
            Some(_) => Err(Errno::EXIST),
            None => Ok(place),
        }
    }

    pub(super) fn hard_link(&mut self, original: &Path, link: &Path) -> Result<(), Errno> {
        let node = self.resolve(original, false)?.existing()?;
        let Place {
            folder,
            name,
            must_be_folder,
            ..
        } = self.resolve_new(link)?;
        if must_be_folder {
            return Err(Errno::NOENT);
        }
        let name = name.ok_or(Errno::EXIST)?;
        self.check_writable(folder)?;
        if self.node(node).is_folder() {
            return Err(Errno::PERM);
        }
        self.add_entry(folder, name, node);
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> Result<(), Errno> {
        let place = self.resolve_entry(path)?;
        let node = place.existing()?;
        if self.node(node).is_folder() {
            return Err(Errno::ISDIR);
        }
        if place.must_be_folder {
            return Err(Errno::NOTDIR);
        }
        self.remove_entry(place, node)
    }

    pub(super) fn remove_folder(&mut self, path: &Path) -> Result<(), Errno> {
        let place = self.resolve_entry(path)?;
        let node = place.existing()?;
        let folder = self.folder(node)?;
        if place.name.is_none() {
            if ends_with_dot(path) {
                return Err(Errno::INVAL);
            }
            // The path ends with `..`, so that the folder has at least the one before.
            return Err(if node == ROOT {
                Errno::BUSY
            } else {
                Errno::NOTEMPTY
            });
        }
        if !folder.entries.is_empty() {
            return Err(Errno::NOTEMPTY);
        }
        self.remove_entry(place, node)
    }

    /// Removes an entry that leads to this node.
    fn remove_entry(&mut self, place: Place, node: NodeId) -> Result<(), Errno> {
        let Place { folder, name, .. } = place;
        let name = name.ok_or(Errno::BUSY)?;
        self.check_writable(folder)?;
        self.remove(folder, &name);
        let slot = Slot {
            folder,
            name,
            node: None,
        };
        self.note(vec![slot], vec![node]);
        self.sweep();
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path, replace: bool) -> Result<(), Errno> {
        // The checks are in the order of Linux, which decides between several errors.
        let (from, to) = (self.resolve_entry(from)?, self.resolve_entry(to)?);
        let exists = if replace { Errno::BUSY } else { Errno::EXIST };
        let old_name = from.name.clone().ok_or(Errno::BUSY)?;
        let new_name = to.name.ok_or(exists)?;
        let node = from.existing()?;
        if to.node.is_some() && !replace {
            return Err(Errno::EXIST);
        }
        if self.node(node).is_folder() {
            if self.is_within(to.folder, node) {
                return Err(Errno::INVAL);
            }
        } else if from.must_be_folder || to.must_be_folder {
            return Err(Errno::NOTDIR);
        }
        let mut nodes = vec![node];
        if let Some(target) = to.node {
            if self.is_within(from.folder, target) {
                return Err(Errno::NOTEMPTY);
            }
            if target == node {
                return Ok(());
            }
        }
        self.check_writable(from.folder)?;
        self.check_writable(to.folder)?;
        if let Some(target) = to.node {
            self.check_replaceable(node, target)?;
            self.remove(to.folder, &new_name);
            nodes.push(target);
        }
        // The new one first, so that the node is in use all the time.
        self.insert(to.folder, new_name.clone(), node);
        self.remove(from.folder, &old_name);
        let old = Slot {
            folder: from.folder,
            name: old_name,
            node: None,
        };
        let new = Slot {
            folder: to.folder,
            name: new_name,
            node: Some(node),
        };
        self.note(vec![old, new], nodes);
        self.sweep();
        Ok(())
    }

    /// Returns whether a folder is another one, or in it.
    fn is_within(&self, mut folder: NodeId, outer: NodeId) -> bool {
        // Ends at the root: each round goes up by one folder.
        while folder != outer {
            match self.folder(folder) {
                Ok(inner) if folder != ROOT => folder = inner.parent,
                _ => return false,
            }
        }
        true
    }

    /// Checks that a node may take the place of another one.
    fn check_replaceable(&self, node: NodeId, target: NodeId) -> Result<(), Errno> {
        match (&self.node(node).kind, &self.node(target).kind) {
            (Kind::Folder(_), Kind::Folder(folder)) if !folder.entries.is_empty() => {
                Err(Errno::NOTEMPTY)
            }
            (Kind::Folder(_), Kind::Folder(_)) => Ok(()),
            (Kind::Folder(_), _) => Err(Errno::NOTDIR),
            (_, Kind::Folder(_)) => Err(Errno::ISDIR),
            _ => Ok(()),
        }
    }

    pub(super) fn read_link(&self, path: &Path) -> Result<PathBuf, Errno> {
        let node = self.resolve(path, false)?.existing()?;
        match &self.node(node).kind {
            Kind::Symlink(target) => Ok(target.clone()),
            Kind::File(_) | Kind::Folder(_) => Err(Errno::INVAL),
        }
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<(OsString, FileType)>, Errno> {
        let node = self.resolve(path, true)?.existing()?;
        let folder = self.folder(node)?;
        if !self.node(node).permits(READ) {
            return Err(Errno::ACCESS);
        }
        let entries = folder.entries.iter();
        let named = entries.map(|(name, entry)| (name.clone(), self.node(*entry).file_type()));
        Ok(named.collect())
    }
}

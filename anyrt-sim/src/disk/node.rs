//! Files, folders and symbolic links.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use anyrt_core::runtime::{FileType, Metadata, OwnMetadata, Permissions};

use super::file::FileData;

/// The number of a node, which is not used again.
pub(super) type NodeId = u64;

/// The permission to read, write, or look up the entries of a folder, of the owner.
pub(super) const READ: u32 = 0o400;
pub(super) const WRITE: u32 = 0o200;
pub(super) const SEARCH: u32 = 0o100;

/// A file, a folder or a symbolic link.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) permissions: Permissions,
    /// The number of entries that lead to it.
    pub(super) links: u64,
    /// The number of open handles.
    pub(super) handles: u64,
    pub(super) modified: SystemTime,
    pub(super) accessed: SystemTime,
    created: SystemTime,
    pub(super) locks: Locks,
}

/// The type of a node, and what it contains.
#[derive(Debug)]
pub(super) enum Kind {
    File(FileData),
    Folder(Folder),
    Symlink(PathBuf),
}

/// The entries of a folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) entries: BTreeMap<OsString, NodeId>,
    /// The entries that would survive a crash for certain.
    pub(super) durable: BTreeMap<OsString, NodeId>,
    /// The folder that it is in; the root is in itself.
    pub(super) parent: NodeId,
}

impl Folder {
    pub(super) fn new(parent: NodeId) -> Folder {
        Folder {
            entries: BTreeMap::new(),
            durable: BTreeMap::new(),
            parent,
        }
    }
}

/// The locks of a file, by the number of the handle that has each.
#[derive(Debug, Default)]
pub(super) struct Locks {
    exclusive: Option<u64>,
    shared: BTreeSet<u64>,
}

impl Locks {
    /// Tries to lock for a handle, which gives up a lock that it has if it gets the new one.
    pub(super) fn try_lock(&mut self, handle: u64, shared: bool) -> bool {
        let is_free = self.exclusive.is_none_or(|other| other == handle);
        let is_alone = self.shared.iter().all(|other| *other == handle);
        if !is_free || !(shared || is_alone) {
            return false;
        }
        self.unlock(handle);
        if shared {
            self.shared.insert(handle);
        } else {
            self.exclusive = Some(handle);
        }
        true
    }

    pub(super) fn unlock(&mut self, handle: u64) {
        self.shared.remove(&handle);
        if self.exclusive == Some(handle) {
            self.exclusive = None;
        }
    }
}

impl Node {
    pub(super) fn new(kind: Kind, mode: u32, time: SystemTime) -> Node {
        Node {
            kind,
            permissions: Permissions::new(mode),
            links: 0,
            handles: 0,
            modified: time,
            accessed: time,
            created: time,
            locks: Locks::default(),
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder(_))
    }

    pub(super) fn file_type(&self) -> FileType {
        match self.kind {
            Kind::File(_) => FileType::File,
            Kind::Folder(_) => FileType::Dir,
            Kind::Symlink(_) => FileType::Symlink,
        }
    }

    /// Returns the length of a file; zero for others.
    pub(super) fn length(&self) -> u64 {
        match &self.kind {
            Kind::File(file) => file.current().len(),
            Kind::Folder(_) | Kind::Symlink(_) => 0,
        }
    }

    /// Returns whether an entry or a handle leads to it.
    pub(super) fn is_used(&self) -> bool {
        self.links > 0 || self.handles > 0
    }

    /// Returns whether the owner has a permission.
    pub(super) fn permits(&self, permission: u32) -> bool {
        mode(&self.permissions) & permission != 0
    }

    /// Returns the metadata. A folder has another link from itself, and from each folder in it.
    pub(super) fn metadata(&self, id: NodeId, folders: u64) -> Metadata {
        let mut metadata = OwnMetadata::new(self.file_type(), id, self.created);
        metadata.length = match &self.kind {
            Kind::File(file) => file.current().len(),
            Kind::Folder(_) => 4096,
            Kind::Symlink(target) => target.as_os_str().len() as u64,
        };
        metadata.permissions = self.permissions.clone();
        metadata.links = self.links + u64::from(self.is_folder() && self.links > 0) + folders;
        metadata.modified = self.modified;
        metadata.accessed = self.accessed;
        metadata.into()
    }
}

#[cfg(unix)]
fn mode(permissions: &Permissions) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(permissions)
}

/// Returns the mode on a system that knows only whether a file may be written.
#[cfg(not(unix))]
fn mode(permissions: &Permissions) -> u32 {
    if permissions.readonly() { 0o555 } else { 0o755 }
}

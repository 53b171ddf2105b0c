//! The facet: operations on paths, on the disk of a host.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};
use std::time::SystemTime;

use anyrt_core::runtime::{FileSystem, FileType, Metadata, OpenFile, OpenMode, Permissions};

use super::costs::{DiskOperation, Subject};
use super::errors::Errno;
use super::node::{Kind, NodeId, READ, WRITE};
use super::open::File;
use super::time;
use super::tree::Tree;
use crate::host::Incarnation;

/// The files of a host, until it crashes.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(super) host: Arc<Incarnation>,
}

impl Files {
    pub(crate) fn new(host: Arc<Incarnation>) -> Files {
        Files { host }
    }

    /// Locks the disk for an operation.
    pub(super) fn lock(&self) -> MutexGuard<'_, Tree> {
        let now = self.host.shared.now();
        self.host.disk.lock(now, self.host.now())
    }

    fn change(&self, path: &Path) -> Result<MutexGuard<'_, Tree>, Errno> {
        self.begin(DiskOperation::Change, Subject::Path(path))
    }

    fn inspect(&self, path: &Path) -> Result<MutexGuard<'_, Tree>, Errno> {
        self.begin(DiskOperation::Inspect, Subject::Path(path))
    }
}

impl FileSystem for Files {
    fn open(&self, path: &Path, mode: &OpenMode) -> io::Result<Box<dyn OpenFile>> {
        check_mode(mode)?;
        let mut tree = self.begin(DiskOperation::Open, Subject::Path(path))?;
        let node = tree.open(path, mode)?;
        drop(tree);
        Ok(Box::new(File::new(self.clone(), node, mode)))
    }

    fn metadata(&self, path: &Path, follow: bool) -> io::Result<Metadata> {
        let tree = self.inspect(path)?;
        let node = tree.resolve(path, follow)?.existing()?;
        Ok(tree.metadata(node))
    }

    fn set_permissions(&self, path: &Path, permissions: Permissions) -> io::Result<()> {
        let mut tree = self.change(path)?;
        let node = tree.resolve(path, true)?.existing()?;
        tree.node_mut(node).permissions = permissions;
        Ok(())
    }

    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.change(path)?.create_folder(path, mode)?;
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        Ok(self.change(path)?.remove_folder(path)?)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Ok(self.change(path)?.remove_file(path)?)
    }

    fn rename(&self, from: &Path, to: &Path, replace: bool) -> io::Result<()> {
        Ok(self.change(to)?.rename(from, to, replace)?)
    }

    fn hard_link(&self, original: &Path, link: &Path) -> io::Result<()> {
        Ok(self.change(link)?.hard_link(original, link)?)
    }

    fn symlink(&self, target: &Path, link: &Path) -> io::Result<()> {
        Ok(self.change(link)?.create_symlink(target, link)?)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.inspect(path)?.read_link(path)?)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let tree = self.inspect(path)?;
        let place = tree.resolve(path, true)?;
        place.existing()?;
        Ok(tree.path_of(&place))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<(OsString, FileType)>> {
        Ok(self.inspect(path)?.list(path)?)
    }

    fn temp_dir(&self) -> PathBuf {
        PathBuf::from("/tmp")
    }

    fn now(&self) -> SystemTime {
        time(self.host.now())
    }

    fn random(&self) -> u64 {
        self.draw_name()
    }
}

/// Checks the ways in which a file is to be opened, as the standard library does.
fn check_mode(mode: &OpenMode) -> Result<(), Errno> {
    let creates = mode.truncate || mode.create || mode.create_new;
    let writes = mode.write || mode.append;
    let truncates_appended = mode.append && mode.truncate && !mode.create_new;
    let is_used = if creates { writes } else { mode.read || writes };
    if is_used && !truncates_appended {
        Ok(())
    } else {
        Err(Errno::INVAL)
    }
}

impl Tree {
    pub(super) fn metadata(&self, node: NodeId) -> Metadata {
        let folders = self.count_folders(node);
        self.node(node).metadata(node, folders)
    }

    /// Finds or creates the file to open, and notes the handle.
    fn open(&mut self, path: &Path, mode: &OpenMode) -> Result<NodeId, Errno> {
        if mode.create || mode.create_new {
            // Whatever is there, a path with a slash at the end is that of a folder.
            let place = self.resolve_entry(path)?;
            if place.must_be_folder && place.name.is_some() {
                return Err(Errno::ISDIR);
            }
        }
        let place = self.resolve(path, !mode.create_new)?;
        let node = match place.node {
            Some(_) if mode.create_new => return Err(Errno::EXIST),
            Some(node) => {
                self.check_open(node, mode)?;
                node
            }
            None if mode.create || mode.create_new => {
                self.create_file(place, mode.mode.unwrap_or(0o666))?
            }
            None => return Err(Errno::NOENT),
        };
        if mode.truncate {
            self.resize(node, 0)?;
        }
        self.node_mut(node).handles += 1;
        Ok(node)
    }

    /// Checks that a file that exists may be opened.
    fn check_open(&self, node: NodeId, mode: &OpenMode) -> Result<(), Errno> {
        let node = self.node(node);
        let writes = mode.write || mode.append;
        match node.kind {
            Kind::Folder(_) if writes || mode.create => Err(Errno::ISDIR),
            _ if mode.read && !node.permits(READ) => Err(Errno::ACCESS),
            _ if writes && !node.permits(WRITE) => Err(Errno::ACCESS),
            _ => Ok(()),
        }
    }
}

//! [`Walker`]: a walk through a folder and everything below it, without recursion.
//!
//! ```text
//!   levels:  root ─▶ folder ─▶ folder       one listing each; only the latest few are open
//!                                 └─ next entry ─▶ returned ─▶ entered by the next step, unless skipped
//! ```

use std::io;
use std::path::{Path, PathBuf};

use super::os::{self, Identity};
use super::{Disk, FileType, Listing};

/// The maximum number of folders that are open at the same time.
const MAX_OPEN: usize = 10;

/// Options for a walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WalkOptions {
    pub(crate) follow_links: bool,
    pub(crate) min_depth: usize,
    pub(crate) max_depth: usize,
    pub(crate) sorted: bool,
}

impl Default for WalkOptions {
    fn default() -> WalkOptions {
        WalkOptions {
            follow_links: false,
            min_depth: 0,
            max_depth: usize::MAX,
            sorted: false,
        }
    }
}

/// A walk.
#[derive(Debug)]
pub(crate) struct Walker {
    disk: Disk,
    options: WalkOptions,
    /// The root, before the first step.
    root: Option<PathBuf>,
    levels: Vec<Level>,
    /// The folder that the next step enters.
    next: Option<PathBuf>,
}

/// A folder that was entered.
#[derive(Debug)]
struct Level {
    folder: PathBuf,
    entries: Listing,
    /// Only if links are followed.
    identity: Option<Identity>,
}

/// An entry that was found.
#[derive(Debug)]
pub(crate) struct WalkEntry {
    pub(crate) path: PathBuf,
    pub(crate) file_type: FileType,
    pub(crate) depth: usize,
}

/// An error, and the path that it is about.
pub(crate) type WalkError = (PathBuf, io::Error);

impl Walker {
    pub(crate) fn new(disk: Disk, root: PathBuf, options: WalkOptions) -> Walker {
        Walker {
            disk,
            options,
            root: Some(root),
            levels: Vec::new(),
            next: None,
        }
    }

    /// Returns the next entry; `None` at the end. A folder comes before its contents.
    ///
    /// The loop ends: each round takes an entry of a listing, or leaves a folder.
    pub(crate) fn step(&mut self) -> Option<Result<WalkEntry, WalkError>> {
        if let Some(root) = self.root.take() {
            let found = self.disk.metadata(&root, self.options.follow_links);
            let visited = found.map_or_else(
                |error| Err((root.clone(), error)),
                |metadata| self.visit(root.clone(), metadata.file_type(), 0),
            );
            if let Some(entry) = visited.transpose() {
                return Some(entry);
            }
        }
        loop {
            if let Some(folder) = self.next.take() {
                if let Err(error) = self.enter(folder.clone()) {
                    return Some(Err((folder, error)));
                }
            }
            let level = self.levels.last_mut()?;
            let Some(entry) = level.entries.next() else {
                self.levels.pop();
                continue;
            };
            let found = match entry {
                Err(error) => Err((level.folder.clone(), error)),
                Ok((name, Err(error))) => Err((level.folder.join(name), error)),
                Ok((name, Ok(file_type))) => {
                    let path = level.folder.join(name);
                    self.visit(path, file_type, self.levels.len())
                }
            };
            if let Some(entry) = found.transpose() {
                return Some(entry);
            }
        }
    }

    /// Leaves out the contents of the folder that the last step returned.
    pub(crate) fn skip(&mut self) {
        self.next = None;
    }

    /// Decides whether an entry is entered, and whether it is returned.
    fn visit(
        &mut self,
        path: PathBuf,
        file_type: FileType,
        depth: usize,
    ) -> Result<Option<WalkEntry>, WalkError> {
        let mut file_type = file_type;
        let mut is_entered = file_type.is_dir();
        if file_type.is_symlink() {
            // The root is followed always, and reported as a link nevertheless.
            if self.options.follow_links {
                file_type = self.follow(&path)?;
                is_entered = file_type.is_dir();
            } else if depth == 0 {
                let target = self.disk.metadata(&path, true);
                is_entered = target.is_ok_and(|target| target.is_dir());
            }
        }
        if is_entered && depth < self.options.max_depth {
            self.next = Some(path.clone());
        }
        let is_returned = depth >= self.options.min_depth && depth <= self.options.max_depth;
        Ok(is_returned.then_some(WalkEntry {
            path,
            file_type,
            depth,
        }))
    }

    /// Returns the type of the target of a link, unless it leads back to a folder that the walk is in.
    fn follow(&self, link: &Path) -> Result<FileType, WalkError> {
        let wrap = |error| (link.to_owned(), error);
        let target = self.disk.metadata(link, true).map_err(wrap)?;
        if target.is_dir() {
            let identity = os::identity(&target, link).map_err(wrap)?;
            let mut levels = self.levels.iter();
            let ancestor = levels.find(|level| level.identity.as_ref() == Some(&identity));
            if let Some(ancestor) = ancestor {
                let message = format!("the link leads back to `{}`", ancestor.folder.display());
                return Err(wrap(io::Error::other(message)));
            }
        }
        Ok(target.file_type())
    }

    fn enter(&mut self, folder: PathBuf) -> io::Result<()> {
        let mut entries = self.disk.read_dir(&folder)?;
        if self.options.sorted {
            entries = entries.sorted();
        }
        let identity = if self.options.follow_links {
            Some(self.disk.identity(&folder)?)
        } else {
            None
        };
        if let Some(oldest) = self.levels.len().checked_sub(MAX_OPEN) {
            self.levels[oldest].entries.close();
        }
        self.levels.push(Level {
            folder,
            entries,
            identity,
        });
        Ok(())
    }
}

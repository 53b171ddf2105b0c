//! Where a path leads.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::errors::Errno;
use super::node::{Kind, NodeId, SEARCH};
use super::tree::{ROOT, Tree};

/// The number of symbolic links that a path may lead through.
const MAX_LINKS: usize = 40;

/// The most bytes of a name.
const MAX_NAME: usize = 255;

/// The most bytes of a path.
const MAX_PATH: usize = 4095;

/// The place that a path leads to.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: NodeId,
    /// The name in the folder; `None` if the path ends with `/`, `.` or `..` alone.
    pub(super) name: Option<OsString>,
    /// What is there.
    pub(super) node: Option<NodeId>,
    /// Whether the path ends like that of a folder, with a slash.
    pub(super) must_be_folder: bool,
}

impl Place {
    /// Returns what is there, or [`Errno::NOENT`].
    pub(super) fn existing(&self) -> Result<NodeId, Errno> {
        self.node.ok_or(Errno::NOENT)
    }
}

/// A step of a path that has not been made yet.
enum Step {
    Root,
    Parent,
    /// An empty name stays in the folder.
    Name(OsString),
}

/// The steps of a path, and of the symbolic links in it. The last one is the next.
struct Steps {
    rest: Vec<Step>,
    must_be_folder: bool,
}

impl Steps {
    /// Adds the steps of a path, before all others.
    fn add(&mut self, path: &Path) -> Result<(), Errno> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.is_empty() {
            return Err(Errno::NOENT);
        }
        if bytes.len() > MAX_PATH {
            return Err(Errno::NAMETOOLONG);
        }
        if self.rest.is_empty() {
            self.must_be_folder |= bytes.ends_with(b"/");
        }
        if ends_with_dot(path) {
            self.rest.push(Step::Name(OsString::new()));
        }
        for component in path.components().rev() {
            match component {
                Component::RootDir => self.rest.push(Step::Root),
                Component::ParentDir => self.rest.push(Step::Parent),
                Component::Normal(name) if name.len() > MAX_NAME => {
                    return Err(Errno::NAMETOOLONG);
                }
                Component::Normal(name) => self.rest.push(Step::Name(name.to_owned())),
                // The current folder is the one where the path begins.
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        Ok(())
    }
}

/// Returns whether the last name of a path is `.`, which the components of a path do not show.
pub(super) fn ends_with_dot(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut names = bytes.rsplit(|byte| *byte == b'/');
    names.find(|name| !name.is_empty()) == Some(b".")
}

impl Tree {
    /// Finds the place of the entry that a path names: not that of the target of a link, whether the path ends with a
    /// slash or not.
    pub(super) fn resolve_entry(&self, path: &Path) -> Result<Place, Errno> {
        if ends_with_dot(path) {
            return self.resolve(path, false);
        }
        // Without the slashes at the end.
        let entry: PathBuf = path.components().collect();
        let mut place = self.resolve(&entry, false)?;
        place.must_be_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        Ok(place)
    }

    /// Finds the place of a path. The current folder is the root. A symbolic link at the end is followed on
    /// request, and if the path has to lead to a folder.
    pub(super) fn resolve(&self, path: &Path, follow: bool) -> Result<Place, Errno> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(Errno::INVAL);
        }
        let mut steps = Steps {
            rest: Vec::new(),
            must_be_folder: false,
        };
        steps.add(path)?;
        let mut place = Place {
            folder: ROOT,
            name: None,
            node: Some(ROOT),
            must_be_folder: false,
        };
        let mut links = 0;
        // Ends: each round makes a step, and a limited number of links adds steps.
        while let Some(step) = steps.rest.pop() {
            let folder = place.existing()?;
            place = self.step(folder, step)?;
            let follows = follow || !steps.rest.is_empty() || steps.must_be_folder;
            if follows {
                if let Some(target) = self.link_target(&place) {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::LOOP);
                    }
                    steps.add(target)?;
                    place = self.step(folder, Step::Name(OsString::new()))?;
                }
            }
        }
        place.must_be_folder = steps.must_be_folder;
        match place.node {
            Some(node) if place.must_be_folder => self.folder(node).map(|_| place),
            _ => Ok(place),
        }
    }

    /// Makes a step from a folder. An empty name stays in the folder.
    fn step(&self, at: NodeId, step: Step) -> Result<Place, Errno> {
        let folder = self.folder(at)?;
        if !self.node(at).permits(SEARCH) {
            return Err(Errno::ACCESS);
        }
        let (name, node) = match step {
            Step::Root => (None, Some(ROOT)),
            Step::Parent => (None, Some(folder.parent)),
            Step::Name(name) if name.is_empty() => (None, Some(at)),
            Step::Name(name) => {
                let node = folder.entries.get(&name).copied();
                (Some(name), node)
            }
        };
        Ok(Place {
            folder: at,
            name,
            node,
            must_be_folder: false,
        })
    }

    /// Returns the target of a place that is a symbolic link.
    fn link_target(&self, place: &Place) -> Option<&Path> {
        match &self.node(place.node?).kind {
            Kind::Symlink(target) => Some(target),
            Kind::File(_) | Kind::Folder(_) => None,
        }
    }

    /// Returns the path of a place that exists, without symbolic links.
    pub(super) fn path_of(&self, place: &Place) -> PathBuf {
        let (mut at, mut names) = match (&place.name, place.node) {
            (Some(name), _) => (place.folder, vec![name.clone()]),
            (None, node) => (node.unwrap_or(ROOT), Vec::new()),
        };
        // Ends at the root: each round goes up by one folder.
        while at != ROOT {
            let Kind::Folder(folder) = &self.node(at).kind else {
                break;
            };
            let parent = folder.parent;
            names.extend(self.name_in(parent, at));
            at = parent;
        }
        let mut path = PathBuf::from("/");
        path.extend(names.iter().rev());
        path
    }

    /// Returns the name of a folder in the folder that it is in.
    fn name_in(&self, parent: NodeId, node: NodeId) -> Option<OsString> {
        let entries = &self.folder(parent).ok()?.entries;
        let found = entries.iter().find(|(_, entry)| **entry == node);
        found.map(|(name, _)| name.clone())
    }
}

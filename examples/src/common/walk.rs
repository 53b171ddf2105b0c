//! Finding files, a turn at a time.

use std::fmt;
use std::fs::{self, DirEntry, FileType};
use std::io;
use std::path::{Path, PathBuf};

/// How many directories are open at a time. Of those further out, the rest is kept in memory.
const OPEN: usize = 32;

/// Something about a file, or why there is none.
pub type Outcome<T> = Result<T, Unreadable>;

/// A path that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    path: PathBuf,
    error: io::Error,
}

impl Unreadable {
    /// This path, for this reason.
    pub fn new(path: PathBuf, error: io::Error) -> Unreadable {
        Unreadable { path, error }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)
    }
}

/// A walk through a tree, in the order of its directories. A symbolic link is followed where it is
/// given, and not below.
#[derive(Debug)]
pub struct Walk {
    given: Option<PathBuf>,
    /// The directories that it is in, outermost first.
    levels: Vec<Level>,
}

struct Level {
    path: PathBuf,
    entries: Box<dyn Iterator<Item = io::Result<Entry>> + Send>,
    is_open: bool,
}

struct Entry {
    path: PathBuf,
    kind: io::Result<FileType>,
}

impl Walk {
    /// Begins at a directory, or at a regular file, which then is all there is.
    pub fn new(given: PathBuf) -> Walk {
        Walk {
            given: Some(given),
            levels: Vec::new(),
        }
    }

    /// Looks at so many entries of directories, and appends the regular files; false at the end.
    pub fn turn(&mut self, entries: usize, found: &mut Vec<Outcome<PathBuf>>) -> bool {
        (0..entries).all(|_| self.step(found))
    }

    fn step(&mut self, found: &mut Vec<Outcome<PathBuf>>) -> bool {
        if let Some(path) = self.given.take() {
            let kind = fs::metadata(&path).map(|metadata| metadata.file_type());
            if matches!(&kind, Ok(kind) if !kind.is_dir() && !kind.is_file()) {
                let error = io::Error::other("neither a regular file nor a directory");
                found.push(Err(Unreadable::new(path, error)));
            } else {
                self.visit(Entry { path, kind }, found);
            }
            return true;
        }
        let Some(level) = self.levels.last_mut() else {
            return false;
        };
        match level.entries.next() {
            Some(Ok(entry)) => self.visit(entry, found),
            Some(Err(error)) => {
                let path = level.path.clone();
                found.push(Err(Unreadable::new(path, error)));
                self.levels.pop();
            }
            None => {
                self.levels.pop();
            }
        }
        true
    }

    fn visit(&mut self, Entry { path, kind }: Entry, found: &mut Vec<Outcome<PathBuf>>) {
        match kind {
            Ok(kind) if kind.is_file() => found.push(Ok(path)),
            Ok(kind) if kind.is_dir() => match fs::read_dir(&path) {
                Ok(entries) => self.enter(path, entries),
                Err(error) => found.push(Err(Unreadable::new(path, error))),
            },
            Ok(_) => {}
            Err(error) => found.push(Err(Unreadable::new(path, error))),
        }
    }

    fn enter(&mut self, path: PathBuf, entries: fs::ReadDir) {
        if let Some(outer) = self.levels.len().checked_sub(OPEN) {
            self.levels[outer].close();
        }
        self.levels.push(Level {
            path,
            entries: Box::new(entries.map(|entry| entry.map(Entry::new))),
            is_open: true,
        });
    }
}

impl Level {
    /// Reads the rest, so that the directory need not stay open.
    fn close(&mut self) {
        if self.is_open {
            let rest: Vec<_> = self.entries.by_ref().collect();
            self.entries = Box::new(rest.into_iter());
            self.is_open = false;
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Level").field(&self.path).finish()
    }
}

impl Entry {
    fn new(entry: DirEntry) -> Entry {
        Entry {
            path: entry.path(),
            kind: entry.file_type(),
        }
    }
}

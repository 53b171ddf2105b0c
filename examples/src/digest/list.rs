//! Listing: which files there are.

use std::path::PathBuf;
use std::vec;

use anyrt_examples::{Outcome, Walk};

/// How many entries of directories are looked at in one turn.
const TURN: usize = 4096;

/// A walk through all that was given, and what was found on the way.
pub(crate) struct List {
    given: vec::IntoIter<PathBuf>,
    /// The walk below the current given path.
    walk: Option<Walk>,
    found: Vec<Outcome<PathBuf>>,
    /// Where in `found` the current given path begins.
    start: usize,
}

impl List {
    pub(crate) fn new(paths: Vec<PathBuf>) -> List {
        List {
            given: paths.into_iter(),
            walk: None,
            found: Vec::new(),
            start: 0,
        }
    }

    pub(crate) fn found(&self) -> &[Outcome<PathBuf>] {
        &self.found
    }

    pub(crate) fn into_found(self) -> Vec<Outcome<PathBuf>> {
        self.found
    }

    /// Goes on a bit; false at the end.
    pub(crate) fn turn(&mut self) -> bool {
        match &mut self.walk {
            Some(walk) => {
                if !walk.turn(TURN, &mut self.found) {
                    self.found[self.start..].sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
                    self.start = self.found.len();
                    self.walk = None;
                }
            }
            None => match self.given.next() {
                Some(path) => self.walk = Some(Walk::new(path)),
                None => return false,
            },
        }
        true
    }
}

fn bytes(found: &Outcome<PathBuf>) -> &[u8] {
    let path = match found {
        Ok(path) => path,
        Err(unreadable) => unreadable.path(),
    };
    path.as_os_str().as_encoded_bytes()
}

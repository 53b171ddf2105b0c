//! The move from memory to a file.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::place::Place;
use super::{SpoolState, SpooledTempFile};
use crate::disk::Disk;
use crate::fs::call::check;
use crate::fs::{File, PathError};
use crate::runtime::Runtime;
use crate::temp::CREATE_FILE;
use crate::thread::OwnedCall;

impl<R: Runtime> SpooledTempFile<R> {
    /// Waits for the move, if there is one. If it fails, everything is in memory again.
    pub(super) fn poll_moved(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let SpoolState::Moving(call) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let (state, outcome) = match ready!(call.poll(cx)) {
            Ok(file) => {
                let file = File::opened(file, None, self.limiter.clone());
                (SpoolState::File(Box::new(file)), Ok(()))
            }
            Err((error, memory)) => (SpoolState::Memory(memory), Err(error)),
        };
        self.state = state;
        Poll::Ready(outcome)
    }

    /// Moves everything to a file, if it is in memory.
    pub(super) fn poll_roll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_moved(cx))?;
        let SpoolState::Memory(memory) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        check(CREATE_FILE, &self.folder)?;
        let (memory, folder) = (mem::take(memory), self.folder.clone());
        let disk = Disk::current::<R>();
        let work = move || {
            let created = disk.create_unnamed(&folder);
            let written = created.and_then(|file| memory.write_to(&file).map(|()| file));
            written.map_err(|error| (PathError::wrap(CREATE_FILE, &folder, error), memory))
        };
        let call = OwnedCall::start::<R, _>(self.limiter.as_ref(), false, work);
        self.state = SpoolState::Moving(call);
        self.poll_moved(cx)
    }

    /// Waits for a move, and returns the file if there is one.
    pub(super) fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Place<'_, R>>> {
        ready!(self.poll_moved(cx))?;
        Poll::Ready(Ok(match &mut self.state {
            SpoolState::Memory(memory) => Place::Memory(memory),
            SpoolState::File(file) => Place::File(Pin::new(&mut **file)),
            SpoolState::Moving(_) => unreachable!("the move has ended"),
        }))
    }
}

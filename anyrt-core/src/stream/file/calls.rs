//! Calls on a file, one after another, on worker threads.
//!
//! The stream owns the call that is running, not the future that began it. So whatever is cancelled
//! or dropped, the file stays, and what the call brings is found by whoever asks next.
//!
//! A call that waited for a token of the run's limiter could be handed one when nobody polls it any
//! more, and keep it from everybody else. So each file has a limiter of its own, in which there
//! is always a token: it has one call at a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use super::{FileHandle, FilePath};
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::stream::Demand;
use crate::sync::CapacityLimiter;
use crate::thread::to_thread::{self, ToThread};

/// How much is read or written by one call at most.
pub(super) const CHUNK: usize = 64 * 1024;

pub(super) struct Calls<R: Runtime> {
    /// None once it was closed.
    file: Option<Arc<File>>,
    path: Option<PathBuf>,
    running: Option<(Call, Running<R>)>,
    options: to_thread::Options<R>,
    /// What the next call reads into or writes from; its room is used again and again.
    pub(super) buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Into the whole buffer.
    Read,
    /// All of the buffer.
    Write,
    Seek(SeekFrom),
    Close,
}

type Running<R> = ToThread<R, Job, Done>;
type Job = Box<dyn FnOnce() -> Done + Send>;
/// The buffer, and how many bytes, or which position.
type Done = (Vec<u8>, io::Result<u64>);

impl<R: Runtime> Calls<R> {
    pub(super) fn new(file: File, path: Option<PathBuf>) -> Calls<R> {
        Calls {
            file: Some(Arc::new(file)),
            path,
            running: None,
            options: to_thread::Options::new().limiter(&Arc::new(CapacityLimiter::new(1))),
            buffer: Vec::new(),
        }
    }

    /// Opens a file, on a worker thread.
    pub(super) async fn open(
        path: PathBuf,
        open: impl FnOnce(&Path) -> io::Result<File> + Send + 'static,
    ) -> io::Result<Calls<R>> {
        let (file, path) = to_thread::run::<R, _, _>(move || (open(&path), path)).await;
        Ok(Calls::new(file?, Some(path)))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.file.is_none()
    }

    /// Begins a call; none is running. It is handed over when it is [polled](Self::poll).
    pub(super) fn begin(&mut self, call: Call) {
        debug_assert!(self.running.is_none(), "one call at a time");
        let file = match call {
            Call::Close => self.file.take(),
            _ => self.file.clone(),
        };
        let Some(file) = file else { return };
        let mut buffer = mem::take(&mut self.buffer);
        let job: Job = Box::new(move || {
            let outcome = call.carry_out(&file, &mut buffer);
            // Before anybody learns that the call is over.
            drop(file);
            (buffer, outcome)
        });
        self.running = Some((call, self.options.clone().run(job)));
    }

    /// Waits for the call that is running; none if there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Call, io::Result<u64>)>> {
        let Some((call, running)) = &mut self.running else {
            return Poll::Ready(None);
        };
        let call = *call;
        let (buffer, outcome) = ready!(Pin::new(running).poll(cx));
        self.running = None;
        self.buffer = buffer;
        Poll::Ready(Some((call, outcome)))
    }

    /// Waits for the call that is running, whatever its outcome, and closes the file. What is
    /// begun is finished, but no more than that.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match ready!(self.poll(cx)) {
                Some(_) => {}
                None if self.is_closed() => return Poll::Ready(()),
                None => self.begin(Call::Close),
            }
        }
    }

    pub(super) fn provide(&self, demand: &mut Demand<'_>) {
        demand
            .provide_option::<FilePath>(|| self.path.clone())
            .provide_result::<FileHandle>(|| {
                let file = self.file.as_ref();
                file.map(|file| file.try_clone()).transpose()
            });
    }
}

impl Call {
    fn carry_out(self, mut file: &File, buffer: &mut [u8]) -> io::Result<u64> {
        match self {
            Call::Read => loop {
                match file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    outcome => return outcome.map(|count| count as u64),
                }
            },
            Call::Write => file.write_all(buffer).map(|()| buffer.len() as u64),
            Call::Seek(to) => file.seek(to),
            Call::Close => Ok(0),
        }
    }
}

impl<R: Runtime> fmt::Debug for Calls<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls")
            .field("file", &self.file)
            .field("path", &self.path)
            .field("running", &self.running.as_ref().map(|(call, _)| call))
            .finish_non_exhaustive()
    }
}

//! The stream inside: it follows the script of the input, and keeps a record.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anyrt_core::stream::{Attribute, Attributes, HalfClose, Request, SendError};
use arbitrary::Arbitrary;
use futures_io::{AsyncRead, AsyncWrite};

use crate::content::many;

/// The behaviour of one poll.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Step {
    /// Moves at most this number of bytes, and at least one.
    Move(u16),
    /// Does the same with a small number.
    MoveFew(u8),
    /// Returns `Pending`.
    Wait {
        /// Whether the waker is woken in this very poll, instead of afterwards.
        at_once: bool,
    },
    /// Fails once, without losing anything.
    Fail,
}

/// The behaviour of successive polls. After the last step, all available bytes are moved.
#[derive(Arbitrary, Clone, Debug, Default)]
pub struct Script(#[arbitrary(with = many)] Vec<Step>);

impl Script {
    /// Returns the same script without failures.
    pub fn without_failures(&self) -> Script {
        let fails = |step: &Step| matches!(step, Step::Fail);
        Script(self.0.iter().copied().filter(|step| !fails(step)).collect())
    }

    fn steps(&self) -> VecDeque<Step> {
        self.0.iter().copied().collect()
    }
}

/// The result of a poll for reading.
#[derive(Clone, Debug)]
pub enum Event {
    /// These bytes were returned.
    Gave(Vec<u8>),
    /// It was pending.
    Waited,
    /// It failed.
    Failed,
    /// The end was returned.
    Ended,
}

/// The attributes of a stream.
#[derive(Arbitrary, Clone, Copy, Debug, Default)]
pub struct Known {
    /// The attribute [`Name`].
    pub name: Option<u8>,
    /// The attribute [`HalfClose`].
    pub half_close: Option<bool>,
}

impl Known {
    /// Provides the attributes.
    pub fn provide(&self, demand: &mut Request<'_>) {
        demand
            .provide_option::<Name>(|| self.name)
            .provide_option::<HalfClose>(|| self.half_close);
    }
}

/// An attribute that identifies a stream.
#[derive(Debug)]
pub struct Name;

impl Attribute for Name {
    type Value = u8;
    const NAME: &'static str = "name";
}

/// The past and the future of a stream.
#[derive(Debug)]
pub struct Record {
    /// The results of reading since the last call of `take_events`.
    pub events: Vec<Event>,
    /// All bytes that were written.
    pub written: Vec<u8>,
    /// The number of bytes that were flushed.
    pub flushed: usize,
    /// Whether it was closed for writing.
    pub is_closed: bool,
    known: Known,
    content: Vec<u8>,
    given: usize,
    reads: VecDeque<Step>,
    writes: VecDeque<Step>,
    waiting: Vec<Waker>,
}

/// A handle to observe a stream from outside.
#[derive(Clone, Debug)]
pub struct Observer(Arc<Mutex<Record>>);

impl Observer {
    /// Locks the record, and returns it.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the events, and returns them.
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.record().events)
    }

    /// Wakes the tasks that wait.
    pub fn wake(&self) {
        let waiting = std::mem::take(&mut self.record().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// The stream, which follows its script.
#[derive(Debug)]
pub struct Scripted(Observer);

impl Scripted {
    /// Creates a stream that returns the content, and keeps all bytes that are written.
    pub fn new(content: Vec<u8>, reads: &Script, writes: &Script, known: Known) -> Scripted {
        Scripted(Observer(Arc::new(Mutex::new(Record {
            events: Vec::new(),
            written: Vec::new(),
            flushed: 0,
            is_closed: false,
            known,
            content,
            given: 0,
            reads: reads.steps(),
            writes: writes.steps(),
            waiting: Vec::new(),
        }))))
    }

    /// Returns a handle to observe the stream.
    pub fn observer(&self) -> Observer {
        self.0.clone()
    }
}

impl Record {
    /// Returns the bytes that were not returned yet.
    pub fn not_given(&self) -> &[u8] {
        &self.content[self.given..]
    }

    fn wait(&mut self, at_once: bool, cx: &Context<'_>) {
        if at_once {
            cx.waker().wake_by_ref();
        } else {
            self.waiting = vec![cx.waker().clone()];
        }
    }

    fn read(&mut self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let most = match self.reads.pop_front() {
            Some(Step::Move(most)) => usize::from(most).max(1),
            Some(Step::MoveFew(most)) => usize::from(most % 8).max(1),
            None => usize::MAX,
            Some(Step::Wait { at_once }) => {
                self.wait(at_once, cx);
                self.events.push(Event::Waited);
                return Poll::Pending;
            }
            Some(Step::Fail) => {
                self.events.push(Event::Failed);
                return Poll::Ready(Err(failure()));
            }
        };
        let count = most.min(buffer.len()).min(self.not_given().len());
        let given = self.not_given()[..count].to_vec();
        buffer[..count].copy_from_slice(&given);
        self.given += count;
        self.events.push(if count == 0 {
            Event::Ended
        } else {
            Event::Gave(given)
        });
        Poll::Ready(Ok(count))
    }

    /// Returns how many bytes may be written, or `Pending`, or an error.
    fn write_step(&mut self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        match self.writes.pop_front() {
            Some(Step::Move(most)) => Poll::Ready(Ok(usize::from(most).max(1))),
            Some(Step::MoveFew(most)) => Poll::Ready(Ok(usize::from(most % 8).max(1))),
            None => Poll::Ready(Ok(usize::MAX)),
            Some(Step::Fail) => Poll::Ready(Err(failure())),
            Some(Step::Wait { at_once }) => {
                self.wait(at_once, cx);
                Poll::Pending
            }
        }
    }

    fn write(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_closed {
            return Poll::Ready(Err(SendError::Closed(()).into()));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.write_step(cx).map_ok(|most| {
            let count = most.min(bytes.len());
            self.written.extend_from_slice(&bytes[..count]);
            count
        })
    }
}

/// Returns the error that the stream fails with.
fn failure() -> io::Error {
    io::ErrorKind::HostUnreachable.into()
}

/// Returns whether the error is that of `failure`.
pub fn is_failure(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::HostUnreachable
}

impl AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.record().read(cx, buffer)
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.record().write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut record = self.0.record();
        record
            .write_step(cx)
            .map_ok(|_| record.flushed = record.written.len())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut record = self.0.record();
        record.write_step(cx).map_ok(|_| record.is_closed = true)
    }
}

impl Attributes for Scripted {
    fn provide(&self, demand: &mut Request<'_>) {
        self.0.record().known.provide(demand);
    }
}

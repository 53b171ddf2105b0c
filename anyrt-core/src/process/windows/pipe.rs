//! Pipes of programs.
//!
//! A reactor of Windows does not wait for the pipes that programs expect. So for each pipe of a program a thread copies
//! the bytes between it and a pipe in memory, whose other end the tasks use.
//!
//! | the pipe | the thread ends when |
//! | --- | --- |
//! | input | our end was closed and all bytes are written, or the program no longer reads |
//! | output | all writers have closed it, or the program writes after our end was closed |
//!
//! No task and no run waits for these threads. A thread whose program has left behind a process that keeps the pipe
//! open, and neither reads nor writes, stays until that process ends.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::marker::PhantomData;
use std::os::windows::io::OwnedHandle;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crate::process::memory_end::MemoryEnd;
use crate::stream::{MemoryByteReceiveStream, MemoryByteSendStream, memory_byte_pipe};
use crate::task::block_on;

/// The capacity of the pipe in memory, as that of pipes on Linux.
const CAPACITY: usize = 64 * 1024;

/// The number of bytes that a thread copies at once.
const CHUNK: usize = 16 * 1024;

/// The minimum time to wait for output after the end of a program. The threads need it to copy what the program has
/// written.
pub(in crate::process) const SETTLING: Duration = Duration::from_millis(100);

/// This process's end of a pipe.
pub(in crate::process) struct SystemEnd<S> {
    end: MemoryEnd,
    source: PhantomData<fn() -> S>,
}

impl<S> SystemEnd<S> {
    /// Starts to read a pipe.
    pub(in crate::process) fn reader(pipe: OwnedHandle) -> io::Result<SystemEnd<S>> {
        let (sender, receiver) = memory_byte_pipe(CAPACITY);
        spawn("reads a process", move || {
            copy_output(&mut File::from(pipe), &sender);
        })?;
        Ok(SystemEnd::new(MemoryEnd::Reader(receiver)))
    }

    /// Starts to write to a pipe.
    pub(in crate::process) fn writer(pipe: OwnedHandle) -> io::Result<SystemEnd<S>> {
        let (sender, receiver) = memory_byte_pipe(CAPACITY);
        spawn("feeds a process", move || {
            copy_input(&receiver, &mut File::from(pipe));
        })?;
        Ok(SystemEnd::new(MemoryEnd::Writer(sender)))
    }

    fn new(end: MemoryEnd) -> SystemEnd<S> {
        SystemEnd {
            end,
            source: PhantomData,
        }
    }

    pub(in crate::process) fn poll_read(
        &self,
        cx: &Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_read(cx, buffer)
    }

    pub(in crate::process) fn poll_read_to(
        &self,
        cx: &Context<'_>,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        self.end.poll_read_to(cx, bytes)
    }

    pub(in crate::process) fn poll_write(
        &self,
        cx: &Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write(cx, bytes)
    }
}

fn spawn(name: &str, copy: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(copy).map(drop)
}

/// Copies the output of a program, until its end, or until our end was closed. Then both ends are dropped, and the
/// program gets a broken pipe if it continues to write.
fn copy_output(pipe: &mut File, sender: &MemoryByteSendStream) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // The end of the pipe is no error. Otherwise nothing more can be read.
            Err(_) => return,
        };
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            match block_on(poll_fn(|cx| sender.poll_send(cx, &[IoSlice::new(rest)]))) {
                Ok(sent) => rest = &rest[sent..],
                Err(_) => return,
            }
        }
    }
}

/// Copies the input of a program, until our end was closed and everything is written, or until the program no longer
/// reads. Then both ends are dropped: the program reads the end, and our end is broken.
fn copy_input(receiver: &MemoryByteReceiveStream, pipe: &mut File) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let received = block_on(poll_fn(|cx| {
            receiver.poll_receive(cx, &mut [IoSliceMut::new(&mut buffer)])
        }));
        match received {
            Ok(0) | Err(_) => return,
            Ok(received) => match pipe.write_all(&buffer[..received]) {
                Ok(()) => {}
                Err(_) => return,
            },
        }
    }
}

/// Creates a pipe: the end that reads, and the end that writes. Programs inherit neither.
pub(in crate::process) fn pipe() -> io::Result<(OwnedHandle, OwnedHandle)> {
    let (reader, writer) = os_pipe::pipe()?;
    Ok((reader.into(), writer.into()))
}

/// Returns this process's end of a pipe, which a thread reads or writes.
pub(in crate::process) fn our_end(pipe: OwnedHandle) -> io::Result<OwnedHandle> {
    Ok(pipe)
}

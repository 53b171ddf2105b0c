//! The pipes of a receiver in an `epoll`, which lists ready descriptors in order of arrival.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::ioctl_fionbio;

use super::drain::drain;
use crate::descriptors::os::pipe;
use crate::runtime::{Attempt, Direction, Source};
use crate::signals::Signal;

/// The pipes of a receiver, one for each signal.
#[derive(Debug)]
pub(in crate::signals) struct Pipes<S> {
    epoll: S,
    readers: Vec<OwnedFd>,
}

impl<S: Source> Pipes<S> {
    /// Opens this number of pipes, and returns the ends to write to.
    pub(in crate::signals) fn open(count: usize) -> io::Result<(Pipes<S>, Vec<OwnedFd>)> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for index in 0..count {
            let (reader, writer) = pipe()?;
            ioctl_fionbio(&reader, true)?;
            // Edge-triggered: a pipe leaves the list when it is found there, and is appended again when more
            // is written.
            let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
            epoll::add(
                &epoll,
                &reader,
                epoll::EventData::new_u64(index as u64),
                flags,
            )?;
            readers.push(reader);
            writers.push(writer);
        }
        let epoll = S::register(epoll)?;
        Ok((Pipes { epoll, readers }, writers))
    }

    /// Waits until a pipe is not empty, and empties it. Returns its index.
    pub(in crate::signals) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.epoll.poll_io(cx, Direction::Input, |epoll| {
            let mut events = Vec::with_capacity(1);
            loop {
                epoll::wait(
                    epoll,
                    spare_capacity(&mut events),
                    Some(&Timespec::default()),
                )?;
                let Some(event) = events.pop() else {
                    return Err(io::ErrorKind::WouldBlock.into());
                };
                let index = event.data.u64() as usize;
                // Empty if the signal was written after the pipe was listed and before it was emptied.
                if drain(self.readers[index].as_fd())? {
                    return Ok(Attempt::new(index));
                }
            }
        })
    }
}

/// Returns whether the default action of a signal is in effect: the signal is neither handled nor ignored.
pub(super) fn has_default_action(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let contains = |field: &str| {
        let mut lines = status.lines();
        let set = lines.find_map(|line| line.strip_prefix(field));
        let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
        set.is_some_and(|set| set & (1 << (signal.as_raw() - 1)) != 0)
    };
    !contains("SigCgt:") && !contains("SigIgn:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_actions_are_known() {
        // The standard library ignores the first and handles the second before `main`.
        assert!(!has_default_action(Signal::PIPE));
        assert!(!has_default_action(Signal::SEGV));
        assert!(has_default_action(Signal::WINCH));
    }
}

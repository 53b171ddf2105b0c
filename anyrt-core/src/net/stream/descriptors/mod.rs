//! Sending and receiving descriptors through Unix sockets (`SCM_RIGHTS`).

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::Context;

use futures_io::AsyncWrite;
use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, SendAncillaryBuffer, SendAncillaryMessage, recvmsg,
    sendmsg,
};

use self::platform::{RECEIVING, SENDING, keep};
use super::SocketStream;
use crate::engine::{Operation, Wait, deliver, poll_state};
use crate::net::Unix;
use crate::runtime::{AdoptSocket, Attempt, Direction, Net, Source};
use crate::stream::ReceiveError;

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;

/// The maximum number of descriptors in one message on Linux. Other systems allow more.
const MOST: usize = 253;

/// The maximum number of bytes that are received at once.
const CHUNK: usize = 64 * 1024;

impl<R: Net<Socket: AdoptSocket>> SocketStream<R, Unix> {
    /// Sends bytes, and descriptors of open files with the first byte.
    ///
    /// The peer gets new descriptors for the same open files if it receives the first byte by
    /// [`receive_descriptors`](SocketStream::receive_descriptors). If it receives that byte in another way,
    /// the descriptors are closed.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: if the future is dropped, the descriptors and a part of the bytes may have been
    /// sent. Cancelling it before anything was sent has no effect.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if there are no bytes, no descriptors, or
    ///   more than 253 descriptors.
    /// - Those of [`send`](crate::stream::ByteSendStreamExt::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UnixStream;
    /// use std::fs::File;
    /// use std::io::Read;
    /// use std::os::fd::AsFd;
    ///
    /// # anyrt::run(async {
    /// let (near, far) = std::os::unix::net::UnixStream::pair()?;
    /// let (mut near, mut far) = (UnixStream::adopt(near)?, UnixStream::adopt(far)?);
    /// let file = File::open("Cargo.toml")?;
    /// near.send_descriptors(b"a file", &[file.as_fd()]).await?;
    ///
    /// let (bytes, mut descriptors) = far.receive_descriptors(100, 1).await?;
    /// assert_eq!(bytes, b"a file");
    /// let mut start = [0; 9];
    /// File::from(descriptors.remove(0)).read_exact(&mut start)?;
    /// assert_eq!(&start, b"[package]");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn send_descriptors(
        &mut self,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        begin().await;
        deliver(self.connection.check_sending()).await?;
        if bytes.is_empty() {
            return refuse("there are no bytes: descriptors are sent with at least one byte");
        }
        if descriptors.is_empty() {
            return refuse("there are no descriptors: use `send` for bytes alone");
        }
        if descriptors.len() > MOST {
            return refuse("a message carries at most 253 descriptors");
        }
        let mut space = room_for(descriptors.len());
        let sent = self.socket().source()?.wait(Direction::Output, |socket| {
            let mut control = SendAncillaryBuffer::new(&mut space);
            let fits = control.push(SendAncillaryMessage::ScmRights(descriptors));
            debug_assert!(fits, "the buffer is sized for these descriptors");
            let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SENDING)?;
            Ok(Attempt::new(sent))
        });
        let mut rest = &bytes[sent.await?..];
        while !rest.is_empty() {
            let sent = poll_fn(|cx| {
                let outcome = Pin::new(&mut *self).poll_write(cx, rest);
                if outcome.is_pending() {
                    poll_state::waits_for(Wait::Sending);
                }
                outcome
            });
            rest = &rest[deliver(sent.await).await?..];
        }
        Ok(())
    }

    /// Receives up to `max_bytes` bytes, and the descriptors that came with them.
    ///
    /// It returns at least one byte, but possibly no descriptor. If there are more than `max_descriptors`,
    /// the others are closed. Bytes that came with descriptors and bytes of a later message are not received
    /// together. At most 64 KiB and 253 descriptors are received at once.
    ///
    /// Programs that are started later do not inherit the descriptors. (On systems other than
    /// Linux, a program that another thread starts at the same moment may inherit them.)
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// - [End of stream](crate::stream::is_end_of_stream) if the peer has closed its side.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if one of the limits is 0.
    /// - The error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UnixStream;
    /// use anyrt::stream::ByteSendStreamExt;
    ///
    /// # anyrt::run(async {
    /// let (near, far) = std::os::unix::net::UnixStream::pair()?;
    /// let (mut near, mut far) = (UnixStream::adopt(near)?, UnixStream::adopt(far)?);
    /// near.send(b"nothing but bytes").await?;
    /// let (bytes, descriptors) = far.receive_descriptors(100, 4).await?;
    /// assert_eq!(bytes, b"nothing but bytes");
    /// assert!(descriptors.is_empty());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn receive_descriptors(
        &mut self,
        max_bytes: usize,
        max_descriptors: usize,
    ) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
        begin().await;
        if max_bytes == 0 {
            return refuse("`max_bytes` is 0: it must be at least 1");
        }
        if max_descriptors == 0 {
            return refuse("`max_descriptors` is 0: it must be at least 1");
        }
        let mut bytes = vec![0; max_bytes.min(CHUNK)];
        let mut space = room_for(max_descriptors.min(MOST));
        let received = self.socket().source()?.wait(Direction::Input, |socket| {
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let buffer = &mut [IoSliceMut::new(&mut bytes)];
            let received = recvmsg(socket, buffer, &mut control, RECEIVING)?;
            let mut descriptors = Vec::new();
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(some) = message {
                    descriptors.extend(some);
                }
            }
            Ok(Attempt::new((received.bytes, descriptors)))
        });
        let (length, mut descriptors) = received.await?;
        if length == 0 {
            return deliver(Err(ReceiveError::EndOfStream.into())).await;
        }
        bytes.truncate(length);
        bytes.shrink_to_fit();
        // The size of the control buffer is rounded up, so more descriptors may have come.
        descriptors.truncate(max_descriptors);
        let descriptors = descriptors
            .into_iter()
            .map(keep)
            .collect::<io::Result<_>>()?;
        Ok((bytes, descriptors))
    }
}

/// Waiting for a source as part of an operation.
trait SourceExt: Source {
    /// Repeats `attempt` whenever the source is ready, until it succeeds or fails.
    fn wait<T: Send>(
        &self,
        direction: Direction,
        mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>> + Send,
    ) -> impl Future<Output = io::Result<T>> + Send {
        let mut poll = move |cx: &mut Context<'_>| {
            let outcome = self.poll_io(cx, direction, &mut attempt);
            if outcome.is_pending() {
                poll_state::waits_for(match direction {
                    Direction::Input => Wait::Bytes,
                    Direction::Output => Wait::Sending,
                });
            }
            outcome
        };
        async move { deliver(poll_fn(&mut poll).await).await }
    }
}

impl<S: Source> SourceExt for S {}

/// Begins an operation, which takes from the budget of the task and never begins in a cancelled scope.
async fn begin() {
    let mut operation = Operation::New;
    poll_fn(|cx| operation.begin(cx)).await;
}

/// Returns an error for invalid arguments.
fn refuse<T>(why: &str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

/// Allocates a control buffer for this number of descriptors.
fn room_for(descriptors: usize) -> Vec<MaybeUninit<u8>> {
    vec![MaybeUninit::uninit(); cmsg_space!(ScmRights(descriptors))]
}

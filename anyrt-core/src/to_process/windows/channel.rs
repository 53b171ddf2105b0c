//! The program's end of the channel.

use std::env;
use std::fs::File;
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::BorrowedSocket;
use std::pin::pin;
use std::task::{Context, Poll};

use socket2::SockRef;

use crate::engine::poll_state;
use crate::process::{Process, Stdio};
use crate::runtime::{Attempt, Descriptors, Direction, Source};

/// `FILE_FLAG_DELETE_ON_CLOSE`: the file is removed with its last handle.
const DELETE_ON_CLOSE: u32 = 0x0400_0000;

/// The maximum number of connections that have not sent a secret. The oldest is dropped then.
const MOST: usize = 32;

/// The maximum number of connections that one poll accepts.
const CALLS: usize = 16;

/// The number of bytes that one call receives.
const CHUNK: usize = 16 * 1024;

/// The channel to a worker that is not started yet.
pub(in crate::to_process) struct Offer {
    listener: TcpListener,
    secret: String,
    welcome: String,
}

impl Offer {
    /// Creates a channel, and the standard input of the worker, in which it finds the marker.
    pub(in crate::to_process) fn new(marker: &str) -> io::Result<(Offer, Stdio)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (secret, welcome) = (secret(), secret());
        let invitation = invitation(&format!("{marker}\n{port}\n{secret}\n{welcome}\n"))?;
        let offer = Offer {
            listener,
            secret,
            welcome,
        };
        Ok((offer, invitation.into()))
    }

    /// Registers the channel with the reactor.
    pub(in crate::to_process) fn register<R: Descriptors>(self) -> io::Result<Channel<R>> {
        Ok(Channel {
            listener: R::Source::register(self.listener.into())?,
            secret: self.secret,
            welcome: self.welcome,
        })
    }
}

/// Returns 128 bits in hexadecimal, which depend on random keys of the system.
fn secret() -> String {
    let half = || RandomState::new().hash_one("secret");
    format!("{:016x}{:016x}", half(), half())
}

/// Creates a file with this text, which is removed with its last handle.
fn invitation(text: &str) -> io::Result<File> {
    let name = format!("anyrt-{}-{}", std::process::id(), secret());
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    options.custom_flags(DELETE_ON_CLOSE);
    let mut file = options.open(env::temp_dir().join(name))?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// The channel to a worker that was started.
pub(in crate::to_process) struct Channel<R: Descriptors> {
    listener: R::Source,
    secret: String,
    welcome: String,
}

/// A connection of a process that has not sent the secret yet.
struct Stranger<S> {
    socket: S,
    received: Vec<u8>,
}

impl<R: Descriptors> Channel<R> {
    /// Waits until the worker has connected. Fails if it has ended.
    pub(in crate::to_process) async fn connected(
        self,
        process: &Process<R>,
    ) -> io::Result<R::Source> {
        let mut strangers = Vec::new();
        let mut ended = pin!(process.wait());
        let socket = poll_fn(|cx| {
            self.accept(cx, &mut strangers)?;
            let mut index = 0;
            // Ends: each round goes to the next one, or removes one.
            while let Some(stranger) = strangers.get_mut(index) {
                match self.poll_secret(cx, stranger) {
                    Poll::Ready(true) => {
                        return Poll::Ready(Ok(strangers.swap_remove(index).socket));
                    }
                    Poll::Ready(false) => drop(strangers.remove(index)),
                    Poll::Pending => index += 1,
                }
            }
            let ended = ended.as_mut().poll(cx);
            ended.map(|_| io::Result::Err(ErrorKind::UnexpectedEof.into()))
        })
        .await?;
        // There is room in a new connection.
        let sent = SockRef::from(&socket.descriptor()).send(self.welcome.as_bytes())?;
        match sent == self.welcome.len() {
            true => Ok(socket),
            false => Err(ErrorKind::WriteZero.into()),
        }
    }

    /// Accepts connections.
    fn accept(
        &self,
        cx: &mut Context<'_>,
        strangers: &mut Vec<Stranger<R::Source>>,
    ) -> io::Result<()> {
        for _ in 0..CALLS {
            let accepted = self.listener.poll_io(cx, Direction::Input, |listener| {
                let (socket, _) = SockRef::from(&listener).accept()?;
                socket.set_nonblocking(true)?;
                socket.set_tcp_nodelay(true)?;
                Ok(Attempt::new(socket))
            });
            match accepted {
                Poll::Ready(Ok(socket)) => strangers.push(Stranger {
                    socket: R::Source::register(socket.into())?,
                    received: Vec::new(),
                }),
                // A connection that has gone already.
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::ConnectionReset => {}
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
            if strangers.len() > MOST {
                drop(strangers.remove(0));
            }
        }
        poll_state::yield_turn(cx.waker());
        Ok(())
    }

    /// Receives the secret. Returns whether it is the right one.
    fn poll_secret(&self, cx: &mut Context<'_>, stranger: &mut Stranger<R::Source>) -> Poll<bool> {
        let secret = self.secret.as_bytes();
        // Ends: each round receives a byte at least.
        while stranger.received.len() < secret.len() {
            let mut bytes = [0; 32];
            let missing = (secret.len() - stranger.received.len()).min(bytes.len());
            let received = stranger.socket.poll_io(cx, Direction::Input, |socket| {
                let received = (&*SockRef::from(&socket)).read(&mut bytes[..missing])?;
                Ok(Attempt::new(received))
            });
            match received {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(false),
                Poll::Ready(Ok(received)) => stranger.received.extend(&bytes[..received]),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(stranger.received == secret)
    }
}

/// Sends bytes, as many as there is room for.
pub(in crate::to_process) fn send(socket: BorrowedSocket<'_>, bytes: &[u8]) -> io::Result<usize> {
    // Windows accepts any number at once, and copies them.
    const MOST: usize = 1024 * 1024;
    SockRef::from(&socket).send(&bytes[..bytes.len().min(MOST)])
}

/// Receives bytes into the unused capacity of a `Vec`.
pub(in crate::to_process) fn receive_to(
    socket: BorrowedSocket<'_>,
    bytes: &mut Vec<u8>,
) -> io::Result<usize> {
    let mut chunk = [0; CHUNK];
    let room = (bytes.capacity() - bytes.len()).min(CHUNK);
    let received = (&*SockRef::from(&socket)).read(&mut chunk[..room])?;
    bytes.extend_from_slice(&chunk[..received]);
    Ok(received)
}

/// Returns whether an error of receiving the answer shows that the worker has not read the whole request: never, as
/// the connection of a process that was killed is reset in each case.
pub(in crate::to_process) fn is_unread(_error: &io::Error) -> bool {
    false
}

/// Returns whether an idle worker has ended, which sending to it may not show.
pub(in crate::to_process) fn has_ended<R: Descriptors>(process: &Process<R>) -> bool {
    !matches!(process.status(), Ok(None))
}

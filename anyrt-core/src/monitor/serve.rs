//! The monitor's listener, and the conversation with a client.

use std::io;
use std::time::Duration;

use super::history::History;
use super::request::Request;
use super::{answer, peer};
use crate::cancel::move_on_after;
use crate::error::GroupError;
use crate::loom::Arc;
use crate::loom::atomic::{AtomicUsize, Ordering};
use crate::net::{Listener, ServeOptions};
use crate::runtime::{Runtime, Time};
use crate::stream::{BufferedByteStream, ByteSendStreamExt, ByteStream, is_delimiter_not_found};
use crate::task::{GroupOptions, TaskGroup, current_backend, tree};

/// The longest line of a request, without its end.
const LONGEST: usize = 4096;

/// The number of clients at once. More of them are turned away.
const CLIENTS: usize = 16;

/// Serves a live view of the caller's run on a listener, until it is cancelled.
///
/// The listener must be local: a Unix socket, or TCP on a loopback address. `docs/monitor.md` describes the
/// protocol, and the program `anyrt-top` is a client.
///
/// # Cancel safety
///
/// Cancelling it closes the listener and all connections.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the listener is not local.
/// - The error with which the listener failed. The result is never `Ok`.
pub async fn serve_monitor<R: Runtime, L: Listener>(listener: L) -> io::Result<()> {
    peer::check_listener(&listener)?;
    let clients = Arc::new(AtomicUsize::new(0));
    let handler = move |stream| {
        let clients = clients.clone();
        async move { client::<R, _>(stream, &clients).await }
    };
    let serving = async move |group: TaskGroup<R, io::Error>| {
        let options = ServeOptions::new();
        options.serve_in(&group, &listener, handler).await
    };
    match GroupOptions::new().name("clients").run(serving).await {
        Ok(()) => Ok(()),
        Err(GroupError::Failed(errors)) => Err(errors.into_first()),
        Err(cancelled) => Err(cancelled.into()),
    }
}

/// Answers a client, until it closes the connection.
async fn client<R: Time, S: ByteStream>(mut stream: S, clients: &AtomicUsize) {
    /// A guard that counts a client.
    struct Client<'a>(&'a AtomicUsize);
    impl Drop for Client<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    // Relaxed: only the number counts.
    let before = clients.fetch_add(1, Ordering::Relaxed);
    let _client = Client(clients);
    let refused = if before >= CLIENTS {
        Err(format!("{CLIENTS} clients are connected already"))
    } else {
        peer::check(&stream)
    };
    let ended = match refused {
        Ok(()) => converse::<R>(BufferedByteStream::new(stream)).await,
        Err(why) => stream.send(answer::error(&why).as_bytes()).await,
    };
    // A client that is gone needs no answer.
    drop(ended);
}

async fn converse<R: Time>(mut stream: BufferedByteStream<impl ByteStream>) -> io::Result<()> {
    let mut history = History::default();
    let mut every: Option<Duration> = None;
    // Ends when the client closes the connection, or sends a line that is too long.
    loop {
        let line = stream.receive_until(b"\n", LONGEST);
        // The search for the end of the line is continued in the next round.
        let line = match every {
            Some(every) => move_on_after::<R, _>(every, line).await,
            None => Some(line.await),
        };
        let request = match line {
            None => Ok(Request::Tree),
            Some(Ok(line)) => Request::parse(&line),
            Some(Err(error)) if is_delimiter_not_found(&error) => {
                let why = format!("a line has more than {LONGEST} bytes");
                return stream.send(answer::error(&why).as_bytes()).await;
            }
            Some(Err(error)) => return Err(error),
        };
        if let Ok(Request::Watch(interval)) = request {
            every = Some(interval);
        }
        let answer = match request {
            Ok(Request::Version) => answer::version(current_backend()),
            Ok(Request::Tree | Request::Watch(_)) => match tree() {
                Some(tree) => answer::tree(&tree, &mut history, R::now()),
                None => answer::error("there is no run here"),
            },
            Err(why) => answer::error(&why),
        };
        stream.send(answer.as_bytes()).await?;
    }
}

//! The tasks.
//!
//! ```text
//! the scope of everything        its deadline is set when the server is told to stop
//! └─ the group of connections    the group's body accepts
//!    ├─ a connection             ends by itself, or is cancelled with the scope
//!    │  └─ a group of requests   HTTP/2 only
//!    └─ …
//! ```

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt::net::{LocalAddress, MultiListener, TcpListener};
use anyrt::stream::AttributesExt;
use anyrt::sync::Event;
use anyrt::tls::TlsServerConfig;
use anyrt::{CancelScope, to_thread};
use anyrt_examples::{Messages, accept, listen, print};

use crate::connection;
use crate::identity::{Identity, identify};
use crate::options::{Limits, Options};

/// The state that the connections share.
pub(crate) struct Server {
    /// The directory, as a path without links.
    pub(crate) root: PathBuf,
    pub(crate) tls: Option<TlsServerConfig>,
    /// Set when the server is to stop.
    pub(crate) stop: Arc<Event>,
    pub(crate) limits: Limits,
    messages: Messages,
    quiet: bool,
    open: AtomicUsize,
}

impl Server {
    /// Logs a line, unless `--quiet` is given.
    pub(crate) fn log(&self, line: fmt::Arguments<'_>) {
        if !self.quiet {
            self.messages.say(line);
        }
    }
}

/// Serves until it is stopped.
///
/// # Errors
///
/// Returns an error if it cannot start, or cannot accept any more.
pub(crate) async fn serve(
    options: Options,
    stop: Arc<Event>,
    messages: Messages,
) -> io::Result<ExitCode> {
    let (options, root, identity) = to_thread::run(move || prepare(options)).await?;
    let listener = listen(&options.listen)?;
    announce(&listener, identity.as_ref())?;
    let server = Arc::new(Server {
        root,
        tls: identity.map(|identity| identity.config),
        stop,
        limits: options.limits,
        messages,
        quiet: options.quiet,
        open: AtomicUsize::new(0),
    });

    let everything = CancelScope::new();
    let end = everything.handle();
    let served = anyrt::task_group(async |connections| {
        let accepting = accept(listener, options.max_connections, &connections, |stream| {
            let server = server.clone();
            async move {
                server.open.fetch_add(1, Ordering::Relaxed);
                connection::serve(stream, server.clone()).await;
                // A cancelled connection does not reach this.
                server.open.fetch_sub(1, Ordering::Relaxed);
            }
        });
        let stopped = async {
            server.stop.wait().await;
            Ok(())
        };
        // The accepting future drops the listener: new clients are refused.
        anyrt::race((stopped, accepting)).await?;
        end.set_deadline(anyrt::now() + server.limits.grace);
        Ok::<_, io::Error>(())
    });
    // Connections that are not finished at the deadline are cancelled.
    if let Ok(served) = everything.run(served).await {
        served?;
    }
    let (say, seconds) = (&server.messages, server.limits.grace.as_secs_f64());
    Ok(match server.open.load(Ordering::Relaxed) {
        0 => {
            say.say(format_args!("stopped: every request was finished"));
            ExitCode::SUCCESS
        }
        1 => {
            say.say(format_args!(
                "stopped: 1 connection was cut off after {seconds} s"
            ));
            ExitCode::FAILURE
        }
        open => {
            say.say(format_args!(
                "stopped: {open} connections were cut off after {seconds} s"
            ));
            ExitCode::FAILURE
        }
    })
}

/// Reads the files that are needed at the start.
fn prepare(options: Options) -> io::Result<(Options, PathBuf, Option<Identity>)> {
    let wrong = |error: io::Error| {
        let dir = options.dir.display();
        io::Error::new(error.kind(), format!("{dir}: {error}"))
    };
    let root = options.dir.canonicalize().map_err(wrong)?;
    // Checks that it can be read, and is a directory.
    root.read_dir().map_err(wrong)?;
    let tls = options.tls.as_ref();
    let identity = tls.map(|tls| identify(tls, &options.listen)).transpose()?;
    Ok((options, root, identity))
}

/// Prints the addresses that it listens at.
fn announce(listener: &MultiListener<TcpListener>, identity: Option<&Identity>) -> io::Result<()> {
    let scheme = if identity.is_some() { "https" } else { "http" };
    let mut lines = String::new();
    if let Some(Identity { fingerprint, .. }) = identity {
        lines += &format!("certificate SHA-256 fingerprint {fingerprint}\n");
    }
    for listener in listener.listeners() {
        let address = listener.attribute::<LocalAddress>()?;
        lines += &format!("listening at {scheme}://{address}/\n");
    }
    print(&lines)
}

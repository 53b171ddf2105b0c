//! Listening on Unix sockets, and their files.

use std::io;

use super::options::BACKLOG;
use super::{SocketListener, UnixListener};
use crate::net::os::replacing_a_stale_file;
use crate::net::{Address, Unix, UnixAddress};
use crate::runtime::{Net, SocketOption, SocketSpec};

/// Options of a Unix listener.
///
/// # Examples
///
/// ```
/// use anyrt::net::UnixListenOptions;
///
/// let private = UnixListenOptions::new().mode(0o600);
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until something is bound with them"]
pub struct UnixListenOptions {
    backlog: u32,
    mode: Option<u32>,
}

impl UnixListenOptions {
    /// Creates options with their defaults, which are documented at each option.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{UnixListenOptions, UnixListener};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("app.sock");
    /// let listener = UnixListener::bind_with(&*path, &UnixListenOptions::new())?;
    /// assert_eq!(listener.local_addr()?.as_path(), Some(&*path));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new() -> UnixListenOptions {
        UnixListenOptions {
            backlog: BACKLOG,
            mode: None,
        }
    }

    /// Sets how many connections may wait to be accepted, up to the limit of the system; 1024 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{UnixListenOptions, UnixListener, connect_unix};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("app.sock");
    /// let _listener = UnixListener::bind_with(&*path, &UnixListenOptions::new().backlog(16))?;
    /// // The connection waits in the queue until it is accepted.
    /// assert!(connect_unix(&*path).await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn backlog(mut self, connections: u32) -> UnixListenOptions {
        self.backlog = connections;
        self
    }

    /// Sets the permissions of the socket's file, such as `0o600`, regardless of the umask; by default the
    /// umask decides. On most systems, connecting requires write permission. The permissions are set before
    /// any client can connect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{UnixListenOptions, UnixListener};
    /// use std::os::unix::fs::PermissionsExt;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("app.sock");
    /// let _listener = UnixListener::bind_with(&*path, &UnixListenOptions::new().mode(0o600))?;
    /// assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn mode(mut self, mode: u32) -> UnixListenOptions {
        self.mode = Some(mode);
        self
    }
}

impl Default for UnixListenOptions {
    fn default() -> Self {
        UnixListenOptions::new()
    }
}

impl<R: Net> SocketListener<R, Unix> {
    /// Listens on a path, or on Linux on an [abstract name](UnixAddress::Abstract).
    ///
    /// A stale file is replaced: one of a socket that no process has open. Files that are not sockets, and
    /// files of sockets in use by any process, are not touched. Two programs that replace the same file at
    /// the same moment can interfere with each other. A program that is being started has the sockets of its
    /// parent open until its own code runs, so a listener that is closed at that moment counts as in use a
    /// little longer.
    ///
    /// The file stays when the listener is closed, as it may belong to a later listener by then.
    ///
    /// # Blocking
    ///
    /// Blocks for as long as the file system looks up the path.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{UnixListener, connect_unix};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("app.sock");
    /// let listener = UnixListener::bind(&*path)?;
    /// let _client = connect_unix(&*path).await?;
    /// assert!(listener.accept().await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn bind(address: impl Into<UnixAddress>) -> io::Result<UnixListener<R>> {
        Self::bind_with(address, &UnixListenOptions::new())
    }

    /// Listens on a path or an abstract name, with options.
    ///
    /// # Errors
    ///
    /// As [`bind`](SocketListener::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{UnixListenOptions, UnixListener};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("app.sock");
    /// let private = UnixListenOptions::new().mode(0o600);
    /// let listener = UnixListener::bind_with(&*path, &private)?;
    /// assert_eq!(listener.local_addr()?.as_path(), Some(&*path));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn bind_with(
        address: impl Into<UnixAddress>,
        options: &UnixListenOptions,
    ) -> io::Result<UnixListener<R>> {
        let at = Address::Unix(address.into());
        let purpose = SocketSpec::Listen {
            at: &at,
            backlog: options.backlog,
        };
        let mode = options.mode.map(SocketOption::Mode);
        let socket = replacing_a_stale_file::<R>(&at, purpose, mode.as_slice())?;
        Ok(SocketListener::of(socket))
    }
}

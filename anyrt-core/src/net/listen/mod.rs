//! Listening, accepting and serving.
//!
//! | file | contents |
//! | --- | --- |
//! | `listener` | [`Listener`], [`SocketListener`] and the future of accepting |
//! | `options`, `tcp` | [`ListenOptions`]; binding TCP listeners, [`listen_tcp`] |
//! | `unix` | binding Unix listeners, and their files |
//! | `multi_listener` | several listeners as one, and boxed listeners |
//! | `serve` | [`ServeOptions`]: a task for each connection |
//! | `accept_error`, `errors` | the causes of errors while accepting; error numbers where there is no `os` |
//!
//! `serve` is a group whose body accepts: cancellation, failures and panics work as in every group. An error
//! while accepting concerns one connection (it is skipped), resources (accepting pauses), or the listener
//! (serving ends).

mod accept_error;
#[cfg(not(any(unix, windows)))]
mod errors;
mod listener;
mod multi_listener;
mod options;
mod serve;
mod tcp;
#[cfg(unix)]
mod unix;

#[cfg(any(unix, windows))]
use super::os::errors;

pub use self::listener::{Accept, Listener, SocketListener, TcpListener, UnixListener};
pub use self::multi_listener::{BoxListener, MultiListener};
pub use self::options::ListenOptions;
pub use self::serve::ServeOptions;
pub use self::tcp::{listen_tcp, listen_tcp_with};
#[cfg(unix)]
pub use self::unix::UnixListenOptions;

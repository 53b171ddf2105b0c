//! The common parts of the example programs: the command line, messages, the run, walking a tree,
//! accepting connections, the files of a site, and a replicated store.

#[cfg(any(unix, windows))]
mod accept;
mod args;
mod interrupt;
#[cfg(unix)]
pub mod kv;
mod messages;
mod run;
#[cfg(any(unix, windows))]
pub mod site;
#[cfg(any(unix, windows))]
mod spare;
mod walk;

#[cfg(any(unix, windows))]
pub use self::accept::{accept, accept_to_connect, limit_send_buffer, listen};
pub use self::args::{Args, address, at_least_one, command_line, parse, seconds};
pub use self::messages::{Messages, print, show_progress};
pub use self::run::{run, run_service};
#[cfg(any(unix, windows))]
pub use self::spare::Spare;
pub use self::walk::{Files, Outcome, Unreadable};

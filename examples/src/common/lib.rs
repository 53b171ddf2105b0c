//! What the example programs have in common: the command line, messages, the run, walking a tree.

mod args;
mod messages;
mod run;
mod walk;

pub use self::args::{Args, parse};
pub use self::messages::{Messages, print, show_progress};
pub use self::run::run;
pub use self::walk::{Outcome, Unreadable, Walk};

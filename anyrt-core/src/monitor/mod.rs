//! A live view of a run for other programs: JSON lines over a local socket.
//!
//! `docs/monitor.md` describes the protocol. Nothing is recorded for it: an answer is made from a snapshot of the
//! run ([`tree`](crate::task::tree())), and a run without a client pays nothing.
//!
//! | file | contents |
//! | --- | --- |
//! | `serve` | accepting clients, and the conversation with one of them |
//! | `request` | the requests, and the parser of their lines |
//! | `answer`, `json` | the answers, and the writer of JSON |
//! | `history` | when a client's conversation has first seen each task, and its polls |
//! | `peer` | who may connect: this machine, and on Unix sockets this user |
//! | `place`, `start` | the socket in the user's own folder; serving at the request of the environment |

mod answer;
mod history;
mod json;
mod peer;
mod place;
mod request;
mod serve;
mod start;

pub use self::place::monitor_folders;
pub use self::serve::serve_monitor;
pub use self::start::start_if_requested;

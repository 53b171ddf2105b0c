//! The channel between program and worker on Windows: a socket on the loopback address.
//!
//! 1. The program listens on a port, and writes an *invitation* into a file, which is the standard input of the
//!    worker: the marker, the port, and two secrets.
//! 2. The worker empties the file, connects, and sends the first secret.
//! 3. The program closes the port, and sends the second. Connections that do not send the first are dropped.
//!
//! The file is removed by the system with its last handle. A worker is in a job, which the system ends with the
//! program; so no thread of the worker watches the program.

mod channel;
mod serving;

pub(super) use self::channel::{Channel, Offer, has_ended, is_unread, receive_to, send};
pub(super) use self::serving::{Stream, end, open};

//! The channel between program and worker on Unix: a pair of sockets, one of which is the worker's standard input.

mod channel;
mod serving;

pub(super) use self::channel::{Channel, Offer, has_ended, is_unread, receive_to, send};
pub(super) use self::serving::{Stream, end, open};

//! Messages between nodes.

use std::io;

use super::codec::{Decoder, Encoder, invalid};
use super::store::Entry;

/// The position of an entry in the log, with its term. `(0, 0)` is before the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    // The term decides which of two logs is more recent, then the number of entries.
    pub(super) term: u64,
    pub(super) index: usize,
}

/// A request of one node to another.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A primary sends entries, or shows that it is there.
    Append {
        term: u64,
        primary: usize,
        /// The entry before the first one of `entries`.
        previous: Position,
        /// The number of committed entries.
        commit: usize,
        entries: Vec<Entry>,
    },
    /// A candidate requests a vote.
    Vote {
        term: u64,
        candidate: usize,
        /// The last entry of its log.
        last: Position,
    },
}

/// The answer to a [`Message`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The term of the node that answers.
    pub(super) term: u64,
    /// Whether the entries were appended, or the vote was granted.
    pub(super) accepted: bool,
    /// The number of entries that agree with the primary's if `accepted`, and a guess of it otherwise.
    pub(super) agreed: usize,
}

impl Message {
    pub(super) fn term(&self) -> u64 {
        match self {
            Message::Append { term, .. } | Message::Vote { term, .. } => *term,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Encoder::default();
        match self {
            Message::Append {
                term,
                primary,
                previous,
                commit,
                entries,
            } => {
                let numbers = [0, *term, *primary as u64, previous.term];
                numbers.into_iter().for_each(|number| to.number(number));
                let numbers = [previous.index, *commit, entries.len()];
                let numbers = numbers.map(|number| number as u64);
                numbers.into_iter().for_each(|number| to.number(number));
                entries.iter().for_each(|entry| entry.encode(&mut to));
            }
            Message::Vote {
                term,
                candidate,
                last,
            } => {
                let numbers = [1, *term, *candidate as u64, last.term, last.index as u64];
                numbers.into_iter().for_each(|number| to.number(number));
            }
        }
        to.0
    }

    pub(super) fn decode(bytes: &[u8]) -> io::Result<Message> {
        let mut from = Decoder(bytes);
        let (kind, term, node) = (from.number()?, from.number()?, from.position()?);
        let position = Position {
            term: from.number()?,
            index: from.position()?,
        };
        let message = match kind {
            0 => {
                let (commit, count) = (from.position()?, from.position()?);
                let entries = (0..count).map(|_| Entry::decode(&mut from));
                Message::Append {
                    term,
                    primary: node,
                    previous: position,
                    commit,
                    entries: entries.collect::<io::Result<_>>()?,
                }
            }
            1 => Message::Vote {
                term,
                candidate: node,
                last: position,
            },
            _ => return Err(invalid()),
        };
        from.end()?;
        Ok(message)
    }
}

impl Reply {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Encoder::default();
        let numbers = [self.term, self.accepted.into(), self.agreed as u64];
        numbers.into_iter().for_each(|number| to.number(number));
        to.0
    }

    pub(super) fn decode(bytes: &[u8]) -> io::Result<Reply> {
        let mut from = Decoder(bytes);
        let reply = Reply {
            term: from.number()?,
            accepted: from.number()? == 1,
            agreed: from.position()?,
        };
        from.end()?;
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_decoded_as_it_was_encoded() {
        let position = Position { term: 4, index: 2 };
        let append = Message::Append {
            term: 5,
            primary: 1,
            previous: position,
            commit: 1,
            entries: vec![Entry {
                term: 5,
                write: None,
            }],
        };
        let vote = Message::Vote {
            term: 6,
            candidate: 2,
            last: position,
        };
        for message in [append, vote] {
            let bytes = message.encode();
            assert_eq!(Message::decode(&bytes).expect("it is complete"), message);
            assert!(Message::decode(&bytes[1..]).is_err());
        }
        let reply = Reply {
            term: 5,
            accepted: true,
            agreed: 3,
        };
        let decoded = Reply::decode(&reply.encode());
        assert_eq!(decoded.expect("it is complete"), reply);
    }
}

//! The input of a check of buffered streams.

use arbitrary::Arbitrary;

use crate::content::{Content, few, many};
use crate::polling::Patience;
use crate::scripted::{Known, Script};

/// The operations on the stream, and the behaviour of the stream beneath.
#[derive(Arbitrary, Debug)]
pub struct Input {
    pub(super) content: Content,
    pub(super) known: Known,
    pub(super) reads: Script,
    pub(super) writes: Script,
    #[arbitrary(with = many)]
    pub(super) operations: Vec<Operation>,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Operation {
    ReceiveExactly(Count, Patience),
    ReceiveUntil(Delimiter, Count, Patience),
    Receive(Count, Patience),
    Read(Count, Patience),
    FillBuffer { used: Count, patience: Patience },
    ReadInside(u8, Patience),
    Feed(Content),
    Send(#[arbitrary(with = few)] Vec<u8>, Patience),
    SendEof(Patience),
    WrapAgain,
}

/// A number of bytes, close to a critical number.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Count {
    Few(u8),
    Some(u16),
    Many(u32),
    /// The number of buffered bytes, plus this difference.
    AsBuffered(i8),
    /// The number of all bytes to come, plus this difference.
    All(i8),
    Limitless,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Delimiter {
    Given(#[arbitrary(with = few)] Vec<u8>),
    /// Bytes of the stream, at this distance from the first byte that was not received.
    Found {
        at: u16,
        length: u8,
    },
    /// The delimiter of the last search, which is continued.
    Again,
}

//! What an input says.

use arbitrary::Arbitrary;

use crate::content::{Content, few, many};
use crate::polling::Patience;
use crate::scripted::{Known, Script};

/// What is done with the stream, and in what circumstances.
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

/// How many bytes: near to a number that matters.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Count {
    Few(u8),
    Some(u16),
    Many(u32),
    /// What is buffered, and this much more or less.
    AsBuffered(i8),
    /// All that there will be, and this much more or less.
    All(i8),
    Limitless,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Delimiter {
    Given(#[arbitrary(with = few)] Vec<u8>),
    /// It stands in the stream, so far behind what was taken out.
    Found {
        at: u16,
        length: u8,
    },
    /// The one before: its search goes on.
    Again,
}

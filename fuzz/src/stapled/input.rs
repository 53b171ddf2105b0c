//! The input of a check of stapled streams.

use anyrt_core::stream::UNBOUNDED;
use arbitrary::{Arbitrary, Result, Unstructured};

use crate::content::{few, many};
use crate::scripted::Known;

/// The kind of a connection, and the operations on its two ends.
#[derive(Arbitrary, Debug)]
pub struct Input {
    pub(super) kind: Kind,
    pub(super) capacities: [Capacity; 2],
    #[arbitrary(with = many)]
    pub(super) operations: Vec<(Side, Operation)>,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Kind {
    /// The attributes of the halves: of each end, first those of the sending half.
    Stapled([[Known; 2]; 2]),
    Memory,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Capacity {
    Few(u8),
    Some(u16),
    Unbounded,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Side {
    Near,
    Far,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Operation {
    /// Receives as one operation, which is dropped if it has to wait.
    Receive(u16),
    Send(#[arbitrary(with = many)] Vec<u8>),
    /// Reads by a poll. Several of these may wait, for the same end too.
    Read(#[arbitrary(with = few)] Vec<u8>, SameTask),
    Write(#[arbitrary(with = slices)] Vec<Vec<u8>>, SameTask),
    Flush,
    End(u8, Ending),
}

/// An operation that can be done once. Most of the time it is not done.
#[derive(Arbitrary, Debug)]
pub(super) enum Ending {
    SendEof,
    /// Closes the stream, or drops it.
    Close {
        in_good_order: bool,
    },
    /// Drops one half, and then the other.
    Apart {
        sender_first: bool,
        only_one: bool,
    },
    Reset,
}

fn slices(input: &mut Unstructured<'_>) -> Result<Vec<Vec<u8>>> {
    let lengths = few::<u8>(input)?.into_iter();
    Ok(lengths.map(|length| (0..length % 32).collect()).collect())
}

/// Whether the polling task is the one that polled before; if not, the stream was moved.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct SameTask(pub(super) bool);

impl Capacity {
    pub(super) fn get(self) -> usize {
        match self {
            Capacity::Few(count) => usize::from(count % 16).max(1),
            Capacity::Some(count) => usize::from(count).max(1),
            Capacity::Unbounded => UNBOUNDED,
        }
    }
}

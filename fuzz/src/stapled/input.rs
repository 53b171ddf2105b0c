//! What an input says.

use anyrt_core::stream::UNBOUNDED;
use arbitrary::{Arbitrary, Result, Unstructured};

use crate::content::{few, many};
use crate::scripted::Known;

/// What is done with the two ends of a connection, and of what kind it is.
#[derive(Arbitrary, Debug)]
pub struct Input {
    pub(super) kind: Kind,
    pub(super) capacities: [Capacity; 2],
    #[arbitrary(with = many)]
    pub(super) operations: Vec<(Side, Operation)>,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Kind {
    /// What is known of the halves: of each end first the one that sends.
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
    /// As a whole, dropped if it has to wait.
    Receive(u16),
    Send(#[arbitrary(with = many)] Vec<u8>),
    /// Several of these may wait, for the same end too.
    Read(#[arbitrary(with = few)] Vec<u8>, SameTask),
    Write(#[arbitrary(with = slices)] Vec<Vec<u8>>, SameTask),
    Flush,
    End(u8, Ending),
}

/// What can be done once. Most of the time it is not.
#[derive(Arbitrary, Debug)]
pub(super) enum Ending {
    SendEof,
    /// In good order, or by dropping.
    Close {
        in_good_order: bool,
    },
    /// One half is dropped, and then the other.
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

/// Whether the task that polls is the one that polled before, or the stream has moved.
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

//! A replicated key-value store: a primary, backups, a journal on disk.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod` | the options of a node, and why the store is correct |
//! | `store`, `message`, `codec` | keys and values, entries, messages between nodes, their bytes |
//! | `journal` | the file of a node |
//! | `state`, `primary` | the rules of replication: terms, votes, leases, commits |
//! | `node`, `http` | the tasks of a node, and the protocol on the wire |
//! | `client` | a client that tries again |
//!
//! # Why it is correct
//!
//! The rules of replication are those of Raft, with leases for reads.
//!
//! - **Terms**. A term has at most one primary, since a majority of the nodes has to vote for it, and a node votes
//!   once in a term. A node that learns of a later term follows it, and refuses messages of earlier terms.
//! - **Entries**. A write is an entry in the log of the primary, which sends it to the backups. It is committed,
//!   and acknowledged, when a majority has it. A node votes only for a candidate whose log is at least as recent as
//!   its own, so each later primary has all committed entries. A primary counts the copies of entries of its own
//!   term only; its first entry, which is empty, commits those before it.
//! - **Journal**. A node writes its term, its vote and its entries to a journal, and waits for the disk, before it
//!   answers. After a crash it reads the journal, and ignores a record that was not written completely: that one was
//!   not answered.
//! - **Retries**. A client numbers its writes. A write that is in the log twice is applied once.
//! - **Reads**. A primary answers a read from memory if it has committed an entry of its own term and has a lease. A
//!   backup that accepts a message of a primary votes for no one for [`Timing::lease`] from then on, and stands for
//!   election no earlier. The primary counts its lease from the time at which it *sent* the message, and by an
//!   eighth shorter, so that clocks may drift by 5 % each. When another primary is elected, this lease is over. A
//!   node that starts does not know what it promised before, and waits for a lease first.
//!
//! # Limits
//!
//! The set of nodes is fixed. The log is kept as a whole, in memory and on disk: a backup that comes back receives
//! the entries that it lacks. Only the latest [`MAX_CLIENTS`] clients are remembered for retries.

mod client;
mod codec;
mod http;
mod journal;
mod message;
mod node;
mod primary;
mod state;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::client::{Client, Unavailable};
pub use self::http::MAX_VALUE;
pub use self::node::Node;
pub use self::store::MAX_CLIENTS;

/// The options of a node.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "programs create it")]
pub struct Options {
    /// The addresses of all nodes, each as `HOST:PORT`, the same on each node.
    pub nodes: Vec<String>,
    /// The position of this node in the list.
    pub me: usize,
    /// The directory of the journal.
    pub dir: PathBuf,
    /// The times.
    pub timing: Timing,
    /// A function that is called with each event that an operator wants to know.
    pub log: Arc<dyn Fn(Event) + Send + Sync>,
    /// A bug that a test plants.
    pub bug: Option<Bug>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("nodes", &self.nodes)
            .field("me", &self.me)
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// Something that an operator wants to know of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The node has become the primary.
    Leads {
        /// The term, which no other node leads.
        term: u64,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Leads { term } => write!(f, "is the primary of term {term}"),
        }
    }
}

/// The times that the nodes and the clients of a cluster keep to.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "programs create it")]
pub struct Timing {
    /// The time for which a backup that hears from a primary supports no other.
    pub lease: Duration,
    /// The interval at which an idle primary sends messages to its backups.
    pub heartbeat: Duration,
    /// The time limit of a call to another node.
    pub call: Duration,
    /// The pause before a call that failed is tried again.
    pub pause: Duration,
}

impl Timing {
    /// Returns the time for which a message that a backup has accepted is a lease: shorter than what the backup
    /// promised, by more than two clocks drift from each other.
    fn safe_lease(&self, bug: Option<Bug>) -> Duration {
        if bug == Some(Bug::IgnoresDrift) {
            return self.lease;
        }
        self.lease - self.lease / 8
    }
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            lease: Duration::from_secs(1),
            heartbeat: Duration::from_millis(200),
            call: Duration::from_millis(400),
            pause: Duration::from_millis(50),
        }
    }
}

/// A bug that a test plants in a node, to see whether it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// A node answers before its journal is on disk.
    AnswersBeforeSync,
    /// A primary answers reads after its lease has ended.
    ReadsWithoutLease,
    /// A primary counts its lease as if no clock drifted.
    IgnoresDrift,
    /// A backup accepts entries of an earlier term.
    AcceptsOldTerms,
    /// A write that was tried again is applied twice.
    AppliesRetries,
}

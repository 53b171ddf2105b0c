//! The rules of a primary.

use std::io;

use anyrt::Instant;

use super::message::{Message, Reply};
use super::state::{Role, State};
use super::store::{Entry, Write};
use super::{Bug, Event};

/// The size of the entries in one message, in bytes, unless the first one is larger.
const BATCH: usize = 256 * 1024;

/// What a primary knows of the nodes.
pub(super) struct Primary {
    /// The number of its first entry.
    first: usize,
    backups: Vec<Backup>,
}

#[derive(Clone)]
struct Backup {
    /// The number of entries that it has, as far as its answers show.
    agreed: usize,
    /// The number of entries before those of the next message.
    previous: usize,
    /// The time at which the latest message was sent that it has accepted.
    heard: Option<Instant>,
}

/// The reason why a node does not answer a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotReady {
    /// Another node is the primary, or none.
    NotPrimary,
    /// The node is the primary, and has no lease, or has not committed an entry of its own yet.
    NoLease,
}

impl State {
    pub(super) fn is_primary(&self) -> bool {
        matches!(self.role, Role::Primary(_))
    }

    /// Becomes the primary of the term, and writes its first entry.
    pub(super) async fn lead(&mut self) -> io::Result<()> {
        let term = self.term;
        let keep = self.log.len();
        self.write_entries(keep, vec![Entry { term, write: None }])
            .await?;
        let backup = Backup {
            agreed: 0,
            previous: keep,
            heard: None,
        };
        self.role = Role::Primary(Primary {
            first: keep + 1,
            backups: vec![backup; self.options.nodes.len()],
        });
        self.primary = Some(self.me());
        (self.options.log)(Event::Leads { term });
        self.advance();
        Ok(())
    }

    /// Appends a write to the log, and returns the number of its entry. The caller has checked that the node is the
    /// primary.
    pub(super) async fn propose(&mut self, write: Write) -> io::Result<usize> {
        let entry = Entry {
            term: self.term,
            write: Some(write),
        };
        self.write_entries(self.log.len(), vec![entry]).await?;
        self.advance();
        Ok(self.log.len())
    }

    /// Returns the next message for a backup, and whether it has entries.
    pub(super) fn append_request(&self, node: usize) -> Option<(Message, bool)> {
        let Role::Primary(primary) = &self.role else {
            return None;
        };
        let previous = primary.backups[node].previous;
        let mut size = 0;
        let entries = self.log[previous..].iter().take_while(|entry| {
            let is_first = size == 0;
            size += entry.size();
            is_first || size <= BATCH
        });
        let entries: Vec<Entry> = entries.cloned().collect();
        let has_entries = !entries.is_empty();
        let message = Message::Append {
            term: self.term,
            primary: self.me(),
            previous: self.position(previous),
            commit: self.commit,
            entries,
        };
        Some((message, has_entries))
    }

    /// Treats the answer of a node to a message that was sent at a time.
    pub(super) async fn receive_reply(
        &mut self,
        node: usize,
        message: &Message,
        sent: Instant,
        reply: Reply,
    ) -> io::Result<()> {
        self.follow(reply.term).await?;
        if self.term != message.term() {
            // The answer comes too late.
            return Ok(());
        }
        let len = self.log.len();
        match (message, &mut self.role) {
            (Message::Vote { .. }, Role::Candidate { .. }) => {
                self.add_vote(node, reply.accepted).await?;
            }
            (Message::Append { .. }, Role::Primary(primary)) => {
                let backup = &mut primary.backups[node];
                // The backup follows this term: otherwise its own would be later.
                backup.heard = backup.heard.max(Some(sent));
                if reply.accepted {
                    backup.agreed = backup.agreed.max(reply.agreed);
                }
                backup.previous = reply.agreed.min(len);
                self.advance();
            }
            _ => {}
        }
        Ok(())
    }

    /// Commits what a majority has, if the last of it is of the primary's own term.
    fn advance(&mut self) {
        let Role::Primary(primary) = &self.role else {
            return;
        };
        let agreed = primary.backups.iter().map(|backup| backup.agreed);
        let mut agreed: Vec<usize> = agreed.collect();
        agreed[self.me()] = self.log.len();
        agreed.sort_unstable_by(|one, other| other.cmp(one));
        let agreed = agreed[self.majority() - 1];
        if agreed >= primary.first {
            self.commit_to(agreed);
        }
    }

    /// Returns whether no other node can be the primary at this time.
    pub(super) fn has_lease(&self, now: Instant) -> bool {
        let Role::Primary(primary) = &self.role else {
            return false;
        };
        let heard = primary.backups.iter().map(|backup| backup.heard);
        let mut heard: Vec<Option<Instant>> = heard.collect();
        heard[self.me()] = Some(now);
        heard.sort_unstable_by(|one, other| other.cmp(one));
        let lease = self.options.timing.safe_lease(self.options.bug);
        heard[self.majority() - 1].is_some_and(|heard| now < heard + lease)
    }

    /// Returns the value of a key, if it is known to be the latest.
    pub(super) fn read(&self, key: &str) -> Result<Option<&Vec<u8>>, NotReady> {
        let Role::Primary(primary) = &self.role else {
            return Err(NotReady::NotPrimary);
        };
        let bug = self.options.bug;
        let has_lease = self.has_lease(anyrt::now()) || bug == Some(Bug::ReadsWithoutLease);
        if has_lease && self.commit >= primary.first {
            Ok(self.store.value(key))
        } else {
            Err(NotReady::NoLease)
        }
    }
}

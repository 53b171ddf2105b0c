//! The state of a node, and its rules as a backup and as a candidate.
//!
//! It has no tasks and no sockets. What has to survive a crash is written to the journal first, then changed in
//! memory, then answered.

use std::io;

use anyrt::Instant;

use super::journal::{Journal, Record};
use super::message::{Message, Position, Reply};
use super::primary::Primary;
use super::store::{Entry, Store};
use super::{Bug, Options};

pub(super) struct State {
    pub(super) options: Options,
    journal: Journal,
    /// The latest term that the node knows, and its vote in that term. In the journal.
    pub(super) term: u64,
    vote: Option<usize>,
    /// The entries, from number 1 on. In the journal.
    pub(super) log: Vec<Entry>,
    /// The number of entries that are committed, and applied to `store`.
    pub(super) commit: usize,
    pub(super) store: Store,
    pub(super) role: Role,
    /// The primary of the term, if the node knows it.
    pub(super) primary: Option<usize>,
    /// The time until which the node has promised to vote for no other primary.
    promise: Instant,
    /// The time at which the node stands for election. Not before `promise`.
    pub(super) election: Instant,
}

pub(super) enum Role {
    Backup,
    /// Whether each node has granted its vote.
    Candidate {
        votes: Vec<bool>,
    },
    Primary(Primary),
}

impl State {
    /// Reads the journal.
    pub(super) async fn open(options: Options) -> io::Result<State> {
        let (journal, recovered) = Journal::open(&options.dir, options.bug).await?;
        // Before the start, it may have promised a lease to a primary.
        let promise = anyrt::now() + options.timing.lease;
        let mut state = State {
            options,
            journal,
            term: recovered.term,
            vote: recovered.vote,
            log: recovered.log,
            commit: 0,
            store: Store::default(),
            role: Role::Backup,
            primary: None,
            promise,
            election: promise,
        };
        state.postpone_election(promise);
        Ok(state)
    }

    pub(super) fn me(&self) -> usize {
        self.options.me
    }

    /// Returns the number of nodes that are a majority.
    pub(super) fn majority(&self) -> usize {
        self.options.nodes.len() / 2 + 1
    }

    fn last(&self) -> Position {
        self.position(self.log.len())
    }

    pub(super) fn position(&self, index: usize) -> Position {
        let term = match index {
            0 => 0,
            _ => self.log[index - 1].term,
        };
        Position { term, index }
    }

    /// Sets the time of the next election: at `earliest`, and later on nodes that are later in the list, so that two
    /// seldom stand at the same time.
    fn postpone_election(&mut self, earliest: Instant) {
        let turn = self.options.me as u32;
        self.election = earliest + self.options.timing.lease * turn / 4;
    }

    /// Answers a message of another node.
    pub(super) async fn receive(&mut self, message: Message) -> io::Result<Reply> {
        match message {
            Message::Append {
                term,
                primary,
                previous,
                commit,
                entries,
            } => {
                if term < self.term && self.options.bug != Some(Bug::AcceptsOldTerms) {
                    return Ok(self.refusal(0));
                }
                self.follow(term).await?;
                self.role = Role::Backup;
                self.primary = Some(primary);
                self.promise = anyrt::now() + self.options.timing.lease;
                self.postpone_election(self.promise);
                let mut reply = self.append(previous, entries).await?;
                if reply.accepted {
                    self.commit_to(commit.min(reply.agreed));
                }
                // Differs for a planted bug alone.
                reply.term = term;
                Ok(reply)
            }
            Message::Vote {
                term,
                candidate,
                last,
            } => {
                let now = anyrt::now();
                // A vote would break the promise of a lease, or end the lease of this node.
                if now < self.promise || self.has_lease(now) {
                    return Ok(self.refusal(0));
                }
                self.follow(term).await?;
                let is_free = self.vote.is_none_or(|vote| vote == candidate);
                if term < self.term || !is_free || last < self.last() {
                    return Ok(self.refusal(0));
                }
                if self.vote.is_none() {
                    self.set_term(term, Some(candidate)).await?;
                }
                self.postpone_election(now + self.options.timing.lease);
                Ok(Reply {
                    accepted: true,
                    ..self.refusal(0)
                })
            }
        }
    }

    fn refusal(&self, agreed: usize) -> Reply {
        Reply {
            term: self.term,
            accepted: false,
            agreed,
        }
    }

    /// Appends entries of a primary after the entry that it states, if this log has that one.
    async fn append(&mut self, previous: Position, entries: Vec<Entry>) -> io::Result<Reply> {
        if previous.index > self.log.len() {
            return Ok(self.refusal(self.log.len()));
        }
        if self.position(previous.index) != previous {
            return Ok(self.refusal(previous.index - 1));
        }
        let agreed = previous.index + entries.len();
        // Entries that are there already stay: a message may arrive late, after one with more entries.
        let is_new = |(offset, entry): &(usize, &Entry)| {
            let found = self.log.get(previous.index + offset);
            found.is_none_or(|found| found.term != entry.term)
        };
        let new = entries.iter().enumerate().find(is_new);
        if let Some((offset, _)) = new {
            let first = previous.index + offset;
            self.write_entries(first, entries.into_iter().skip(offset).collect())
                .await?;
        }
        Ok(Reply {
            accepted: true,
            ..self.refusal(agreed)
        })
    }

    /// Writes entries after the first `keep` ones, which replace the entries there.
    pub(super) async fn write_entries(
        &mut self,
        keep: usize,
        entries: Vec<Entry>,
    ) -> io::Result<()> {
        let records = entries.iter().enumerate().map(|(offset, entry)| {
            let index = keep + offset + 1;
            Record::Entry { index, entry }
        });
        let records: Vec<Record<'_>> = records.collect();
        self.journal.append(&records).await?;
        self.log.truncate(keep);
        self.log.extend(entries);
        Ok(())
    }

    /// Follows a term if it is later than the node's own.
    pub(super) async fn follow(&mut self, term: u64) -> io::Result<()> {
        if term > self.term {
            self.set_term(term, None).await?;
            self.role = Role::Backup;
            self.primary = None;
            self.postpone_election(
                self.promise
                    .max(anyrt::now() + self.options.timing.lease / 4),
            );
        }
        Ok(())
    }

    async fn set_term(&mut self, term: u64, vote: Option<usize>) -> io::Result<()> {
        self.journal.append(&[Record::Term { term, vote }]).await?;
        (self.term, self.vote) = (term, vote);
        Ok(())
    }

    /// Commits the entries up to this number, and applies them.
    pub(super) fn commit_to(&mut self, commit: usize) {
        for index in self.commit + 1..=commit {
            if let Some(write) = &self.log[index - 1].write {
                self.store.apply(index, write, self.options.bug);
            }
            self.commit = index;
        }
    }

    /// Stands for election, in a new term.
    pub(super) async fn stand(&mut self) -> io::Result<()> {
        self.set_term(self.term + 1, Some(self.me())).await?;
        self.primary = None;
        self.postpone_election(anyrt::now() + self.options.timing.lease);
        let mut votes = vec![false; self.options.nodes.len()];
        votes[self.me()] = true;
        self.role = Role::Candidate { votes };
        self.count_votes().await
    }

    /// Returns the request for a vote, for a node that has not granted it. A node that refuses it may grant it later, when
    /// a promise has ended.
    pub(super) fn vote_request(&self, node: usize) -> Option<Message> {
        match &self.role {
            Role::Candidate { votes } if !votes[node] => Some(Message::Vote {
                term: self.term,
                candidate: self.me(),
                last: self.last(),
            }),
            _ => None,
        }
    }

    /// Counts the vote of a node.
    pub(super) async fn add_vote(&mut self, node: usize, granted: bool) -> io::Result<()> {
        if let Role::Candidate { votes } = &mut self.role {
            votes[node] |= granted;
            self.count_votes().await?;
        }
        Ok(())
    }

    async fn count_votes(&mut self) -> io::Result<()> {
        if let Role::Candidate { votes } = &self.role
            && votes.iter().filter(|vote| **vote).count() >= self.majority()
        {
            self.lead().await?;
        }
        Ok(())
    }
}

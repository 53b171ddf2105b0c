//! The journal of a node: a file to which records are appended.
//!
//! A record has its length and a checksum in front. A crash can leave a record that is not complete, only at the
//! end, since the file is synced after each call. Such a record is cut off at the next start.

use std::io;
use std::path::Path;

use anyrt::fs::{self, File};

use super::Bug;
use super::codec::{Decoder, Encoder, invalid};
use super::store::Entry;

/// The first line of a journal.
const HEADER: &[u8] = b"anyrt kv journal 1\n";

/// A record, as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Record<'a> {
    /// The term that the node follows, and the node that it has voted for in it.
    Term { term: u64, vote: Option<usize> },
    /// An entry of the log. It replaces the one with this number, and all after it.
    Entry { index: usize, entry: &'a Entry },
}

/// The contents of a journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recovered {
    pub(super) term: u64,
    pub(super) vote: Option<usize>,
    pub(super) log: Vec<Entry>,
}

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    bug: Option<Bug>,
}

impl Journal {
    /// Opens the journal in a directory, which is created if it is missing, and returns the contents.
    pub(super) async fn open(dir: &Path, bug: Option<Bug>) -> io::Result<(Journal, Recovered)> {
        fs::create_dir_all(dir).await?;
        let path = dir.join("journal");
        if !fs::exists(&path).await? {
            fs::write_atomic(&path, HEADER).await?;
        }
        let bytes = fs::read(&path).await?;
        let (recovered, end) = recover(&bytes).map_err(|error| {
            let text = format!("{}: not a journal: {error}", path.display());
            io::Error::new(error.kind(), text)
        })?;
        let mut file = File::options().append(true).open(&path).await?;
        if end < bytes.len() {
            file.set_len(end as u64).await?;
            file.sync_all().await?;
        }
        Ok((Journal { file, bug }, recovered))
    }

    /// Appends records, and waits until they are on the disk.
    pub(super) async fn append(&mut self, records: &[Record<'_>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            let record = record.encode();
            bytes.extend_from_slice(&(record.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&checksum(&record).to_le_bytes());
            bytes.extend(record);
        }
        self.file.write_all(&bytes).await?;
        if self.bug == Some(Bug::AnswersBeforeSync) {
            // The system has the bytes, the disk may not.
            return self.file.flush().await;
        }
        self.file.sync_data().await
    }
}

impl Record<'_> {
    fn encode(&self) -> Vec<u8> {
        let mut to = Encoder::default();
        match self {
            Record::Term { term, vote } => {
                to.number(0);
                to.number(*term);
                if let Some(vote) = to.option(vote) {
                    to.number(*vote as u64);
                }
            }
            Record::Entry { index, entry } => {
                to.number(*index as u64);
                entry.encode(&mut to);
            }
        }
        to.0
    }
}

/// Returns the contents of a journal, and the position after the last complete record.
fn recover(bytes: &[u8]) -> io::Result<(Recovered, usize)> {
    let mut rest = Decoder(bytes.strip_prefix(HEADER).ok_or_else(invalid)?);
    let mut recovered = Recovered::default();
    loop {
        let end = bytes.len() - rest.0.len();
        match next_record(&mut rest) {
            Some(record) => recovered.add(record)?,
            None => return Ok((recovered, end)),
        }
    }
}

/// Returns the next record, or `None` if there is no complete one.
fn next_record<'a>(rest: &mut Decoder<'a>) -> Option<Decoder<'a>> {
    let (length, sum) = (rest.position().ok()?, rest.number().ok()?);
    let record = rest.take(length).ok()?;
    (length > 0 && checksum(record) == sum).then_some(Decoder(record))
}

impl Recovered {
    fn add(&mut self, mut record: Decoder<'_>) -> io::Result<()> {
        let index = record.position()?;
        if index == 0 {
            self.term = record.number()?;
            self.vote = match record.flag()? {
                true => Some(record.position()?),
                false => None,
            };
        } else if index <= self.log.len() + 1 {
            self.log.truncate(index - 1);
            self.log.push(Entry::decode(&mut record)?);
        } else {
            return Err(invalid());
        }
        record.end()
    }
}

/// FNV-1a: it has to distinguish a complete record from one that is not, not to resist an attack.
fn checksum(bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::store::Write;

    fn entry(term: u64, value: &str) -> Entry {
        let write = Write {
            request: None,
            key: "key".to_owned(),
            value: Some(value.into()),
        };
        Entry {
            term,
            write: Some(write),
        }
    }

    #[anyrt::test]
    async fn a_journal_is_read_as_it_was_written_and_a_torn_record_is_cut_off() {
        let dir = anyrt::temp::dir()
            .await
            .expect("there is a temporary directory");
        let path = dir.path().join("journal");
        let (mut journal, recovered) = Journal::open(dir.path(), None).await.expect("it is new");
        assert_eq!(recovered, Recovered::default());
        let (one, two, three) = (entry(1, "one"), entry(1, "two"), entry(2, "three"));
        let vote = Some(1);
        let (one, two) = (&one, &two);
        let records = [
            Record::Term { term: 1, vote },
            Record::Entry {
                index: 1,
                entry: one,
            },
            Record::Entry {
                index: 2,
                entry: two,
            },
        ];
        journal.append(&records).await.expect("there is space");
        let complete = fs::read(&path).await.expect("it exists").len();
        let records = [
            Record::Term {
                term: 2,
                vote: None,
            },
            Record::Entry {
                index: 2,
                entry: &three,
            },
        ];
        journal.append(&records[..1]).await.expect("there is space");
        let middle = fs::read(&path).await.expect("it exists").len();
        journal.append(&records[1..]).await.expect("there is space");
        drop(journal);

        let bytes = fs::read(&path).await.expect("it exists");
        for end in (complete..=bytes.len()).rev() {
            let torn = bytes[..end].to_vec();
            fs::write(&path, torn).await.expect("there is space");
            let (_, found) = Journal::open(dir.path(), None)
                .await
                .expect("it is a journal");
            let (term, vote) = if end < middle { (1, vote) } else { (2, None) };
            let second = if end < bytes.len() { two } else { &three };
            let log = vec![one.clone(), second.clone()];
            assert_eq!(found, Recovered { term, vote, log }, "{end}");
            let rest = fs::read(&path).await.expect("it exists").len();
            assert!([complete, middle, bytes.len()].contains(&rest) && rest <= end);
        }
        dir.close().await.expect("it can be removed");
    }

    #[anyrt::test]
    async fn another_file_is_not_taken_for_a_journal() {
        let dir = anyrt::temp::dir()
            .await
            .expect("there is a temporary directory");
        fs::write(dir.path().join("journal"), "a letter")
            .await
            .expect("there is space");
        let error = Journal::open(dir.path(), None)
            .await
            .expect_err("it is none");
        assert!(error.to_string().contains("not a journal"), "{error}");
        dir.close().await.expect("it can be removed");
    }
}

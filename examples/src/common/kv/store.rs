//! Keys and their values, and the requests that were applied to them.

use std::collections::BTreeMap;
use std::io;

use super::Bug;
use super::codec::{Decoder, Encoder, invalid};

/// The number of clients whose latest request is remembered. A retry of another client is applied again.
pub const MAX_CLIENTS: usize = 10_000;

/// The name of a request, which is the same in each retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestId {
    pub(super) client: u64,
    /// Higher than that of all earlier requests of the client.
    pub(super) number: u64,
}

/// A write, as a client requests it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Write {
    /// `None` from a client that does not try again.
    pub(super) request: Option<RequestId>,
    pub(super) key: String,
    /// The new value. `None` deletes the key.
    pub(super) value: Option<Vec<u8>>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The term of the primary that has created it.
    pub(super) term: u64,
    /// `None` in the first entry of a primary.
    pub(super) write: Option<Write>,
}

impl Entry {
    pub(super) fn encode(&self, to: &mut Encoder) {
        to.number(self.term);
        if let Some(write) = to.option(&self.write) {
            if let Some(request) = to.option(&write.request) {
                to.number(request.client);
                to.number(request.number);
            }
            to.bytes(write.key.as_bytes());
            if let Some(value) = to.option(&write.value) {
                to.bytes(value);
            }
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> io::Result<Entry> {
        let term = from.number()?;
        if !from.flag()? {
            return Ok(Entry { term, write: None });
        }
        let request = match from.flag()? {
            true => Some(RequestId {
                client: from.number()?,
                number: from.number()?,
            }),
            false => None,
        };
        let key = str::from_utf8(from.bytes()?).map_err(|_| invalid())?;
        let value = match from.flag()? {
            true => Some(from.bytes()?.to_vec()),
            false => None,
        };
        let key = key.to_owned();
        let write = Some(Write {
            request,
            key,
            value,
        });
        Ok(Entry { term, write })
    }

    /// Returns about how many bytes it needs in a message.
    pub(super) fn size(&self) -> usize {
        let write = self.write.as_ref();
        let content = |write: &Write| write.key.len() + write.value.as_ref().map_or(0, Vec::len);
        64 + write.map_or(0, content)
    }
}

/// The result of all entries that were applied. The same on each node, for the same entries.
#[derive(Debug, Default)]
pub(super) struct Store {
    values: BTreeMap<String, Vec<u8>>,
    /// The latest request of each client, and the number of the entry.
    clients: BTreeMap<u64, (u64, usize)>,
    /// The clients by the number of the entry of their latest request.
    by_entry: BTreeMap<usize, u64>,
}

impl Store {
    pub(super) fn value(&self, key: &str) -> Option<&Vec<u8>> {
        self.values.get(key)
    }

    /// Returns whether this request, or a later one of its client, was applied.
    pub(super) fn has_applied(&self, request: RequestId) -> bool {
        let latest = self.clients.get(&request.client);
        latest.is_some_and(|(number, _)| *number >= request.number)
    }

    /// Applies the entry with this number.
    pub(super) fn apply(&mut self, index: usize, write: &Write, bug: Option<Bug>) {
        if let Some(request) = write.request {
            if self.has_applied(request) && bug != Some(Bug::AppliesRetries) {
                return;
            }
            let latest = (request.number, index);
            if let Some((_, earlier)) = self.clients.insert(request.client, latest) {
                self.by_entry.remove(&earlier);
            }
            self.by_entry.insert(index, request.client);
            if self.clients.len() > MAX_CLIENTS
                && let Some((_, oldest)) = self.by_entry.pop_first()
            {
                self.clients.remove(&oldest);
            }
        }
        match &write.value {
            Some(value) => self.values.insert(write.key.clone(), value.clone()),
            None => self.values.remove(&write.key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(client: u64, number: u64, value: &str) -> Write {
        Write {
            request: Some(RequestId { client, number }),
            key: "key".to_owned(),
            value: Some(value.into()),
        }
    }

    #[test]
    fn a_retry_is_applied_once() {
        let mut store = Store::default();
        store.apply(1, &put(1, 1, "one"), None);
        store.apply(2, &put(2, 1, "two"), None);
        store.apply(3, &put(1, 1, "one"), None);
        assert_eq!(store.value("key"), Some(&b"two".to_vec()));
        store.apply(4, &put(1, 2, "three"), None);
        store.apply(5, &put(1, 1, "one"), None);
        assert_eq!(store.value("key"), Some(&b"three".to_vec()));
    }

    #[test]
    fn the_clients_that_were_idle_for_longest_are_forgotten() {
        let mut store = Store::default();
        for client in 0..MAX_CLIENTS as u64 + 5 {
            store.apply(client as usize + 1, &put(client, 1, "value"), None);
            // The first client stays active.
            let index = MAX_CLIENTS * 2 + client as usize;
            store.apply(index, &put(0, client + 2, "value"), None);
        }
        assert_eq!(store.clients.len(), MAX_CLIENTS);
        assert_eq!(store.by_entry.len(), MAX_CLIENTS);
        let applied = |client| store.has_applied(RequestId { client, number: 1 });
        assert!(applied(0) && !applied(1) && !applied(5) && applied(6));
    }

    #[test]
    fn an_entry_is_decoded_as_it_was_encoded() {
        let deleted = Write {
            request: None,
            key: "ä".to_owned(),
            value: None,
        };
        for write in [None, Some(put(u64::MAX, 7, "")), Some(deleted)] {
            let entry = Entry { term: 3, write };
            let mut encoder = Encoder::default();
            entry.encode(&mut encoder);
            let mut decoder = Decoder(&encoder.0);
            assert_eq!(Entry::decode(&mut decoder).expect("it is complete"), entry);
            decoder.end().expect("nothing is left");
            for end in 0..encoder.0.len() {
                let mut decoder = Decoder(&encoder.0[..end]);
                assert!(Entry::decode(&mut decoder).is_err(), "{end}");
            }
        }
    }
}

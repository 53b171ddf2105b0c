//! The model: what has to come of an operation, seen from all bytes that are there.

/// What has to come of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// So many bytes go out, and so many behind them are dropped.
    Bytes {
        out: usize,
        dropped: usize,
    },
    /// The stream ended too early.
    Incomplete,
    NotFound,
    Invalid,
}

/// What comes of receiving exactly so many, if these bytes are there.
pub(super) fn exactly(bytes: &[u8], count: usize, ended: bool) -> Option<Outcome> {
    if bytes.len() >= count {
        let (out, dropped) = (count, 0);
        return Some(Outcome::Bytes { out, dropped });
    }
    ended.then_some(Outcome::Incomplete)
}

/// What comes of receiving up to a delimiter: if it begins nowhere where it may, it is not found; as
/// long as it could still begin there, that is not decided.
pub(super) fn until(bytes: &[u8], delimiter: &[u8], max: usize, ended: bool) -> Option<Outcome> {
    if delimiter.is_empty() {
        return Some(Outcome::Invalid);
    }
    let allowed = max.min(bytes.len());
    for out in 0..=allowed {
        let rest = &bytes[out..];
        if rest.starts_with(delimiter) {
            let dropped = delimiter.len();
            return Some(Outcome::Bytes { out, dropped });
        }
    }
    // Only its last bytes can be a beginning of it.
    let first = bytes.len().saturating_sub(delimiter.len() - 1);
    let possible = (first..=allowed).any(|place| delimiter.starts_with(&bytes[place..]));
    match (possible, ended) {
        (false, _) => Some(Outcome::NotFound),
        (true, true) => Some(Outcome::Incomplete),
        (true, false) => None,
    }
}

//! The model: the required result of an operation, computed from all available bytes.

/// The required result of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The first `out` bytes are returned, and the next `dropped` bytes are removed.
    Bytes {
        out: usize,
        dropped: usize,
    },
    /// The stream ended too early.
    Incomplete,
    NotFound,
    Invalid,
}

/// Returns the result of receiving exactly `count` bytes, if these bytes are available.
pub(super) fn exactly(bytes: &[u8], count: usize, ended: bool) -> Option<Outcome> {
    if bytes.len() >= count {
        let (out, dropped) = (count, 0);
        return Some(Outcome::Bytes { out, dropped });
    }
    ended.then_some(Outcome::Incomplete)
}

/// Returns the result of receiving up to a delimiter. If the delimiter begins at no allowed place, it is
/// not found; as long as it could still begin at one, the result is not decided.
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
    // Only the last bytes can be the beginning of a delimiter.
    let first = bytes.len().saturating_sub(delimiter.len() - 1);
    let possible = (first..=allowed).any(|place| delimiter.starts_with(&bytes[place..]));
    match (possible, ended) {
        (false, _) => Some(Outcome::NotFound),
        (true, true) => Some(Outcome::Incomplete),
        (true, false) => None,
    }
}

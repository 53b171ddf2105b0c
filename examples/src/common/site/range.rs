//! Range requests (RFC 9110, section 14), with one range each.

use std::ops::Range;

/// The part of a file to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything: the request has no range of bytes, or several, which a server may ignore.
    Whole,
    /// These bytes, at least one.
    Bytes(Range<u64>),
    /// No byte of the range exists.
    Outside,
}

/// Returns the part that the value of the header `Range` requests, of a file of `size` bytes.
pub(super) fn part(value: &str, size: u64) -> Part {
    match parse(value) {
        // A number that is too large counts as the largest possible one.
        Some((Some(first), last)) if first < size => {
            let end = last.map_or(size, |last| last.saturating_add(1).min(size));
            Part::Bytes(first..end)
        }
        Some((None, Some(length))) if length > 0 && size > 0 => {
            Part::Bytes(size.saturating_sub(length)..size)
        }
        Some(_) => Part::Outside,
        None => Part::Whole,
    }
}

/// Parses the first byte and the last. Without a first one, the last is a number of bytes at the end.
fn parse(value: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    match (number(first.trim())?, number(last.trim())?) {
        (None, None) => None,
        (Some(first), Some(last)) if last < first => None,
        range => Some(range),
    }
}

/// Parses a number. Returns `Some(None)` for an empty text, and `None` for anything else.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::{Part, part};

    #[test]
    fn one_range_is_answered() {
        for (value, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-5", 2..6),
            ("bytes=2-", 2..10),
            ("bytes=9-", 9..10),
            ("bytes=0-99", 0..10),
            ("bytes=5-18446744073709551615", 5..10),
            ("bytes=5-99999999999999999999999", 5..10),
            ("bytes=-3", 7..10),
            ("bytes=-10", 0..10),
            ("bytes=-99999999999999999999999", 0..10),
            ("Bytes = 2-5 ", 2..6),
        ] {
            assert_eq!(part(value, 10), Part::Bytes(expected), "{value}");
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        for value in [
            "bytes=10-",
            "bytes=10-20",
            "bytes=99999999999999999999-",
            "bytes=-0",
        ] {
            assert_eq!(part(value, 10), Part::Outside, "{value}");
        }
        for value in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(part(value, 0), Part::Outside, "{value}");
        }
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-2",
            "bytes=+1-2",
            "bytes=1-2,4-5",
            "bytes=1",
            "lines=1-2",
            "bytes=--1",
            "bytes=1-2-3",
        ] {
            assert_eq!(part(value, 10), Part::Whole, "{value}");
        }
    }
}

//! The version of a file that the client has (RFC 9110, section 13).

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE};

/// The last second that HTTP can represent; it is in the year 9999.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// A version of a file, identified by size and time.
#[derive(Debug)]
pub(super) struct FileVersion {
    /// The value of the header `ETag`.
    pub(super) tag: String,
    /// The time of the last change, in whole seconds, if HTTP can represent it.
    modified: Option<SystemTime>,
}

impl FileVersion {
    /// Returns the version, or `None` if the system does not know when the file was written.
    pub(super) fn of(metadata: &Metadata) -> Option<FileVersion> {
        Some(FileVersion::new(metadata.len(), metadata.modified().ok()?))
    }

    fn new(size: u64, modified: SystemTime) -> FileVersion {
        let (sign, time) = match modified.duration_since(UNIX_EPOCH) {
            Ok(after) => ("", after),
            Err(before) => ("-", before.duration()),
        };
        FileVersion {
            tag: format!("\"{size:x}-{sign}{:x}\"", time.as_nanos()),
            modified: (sign.is_empty() && time <= LAST)
                .then(|| UNIX_EPOCH + Duration::from_secs(time.as_secs())),
        }
    }

    /// Returns the value of the header `Last-Modified`.
    pub(super) fn date(&self) -> Option<String> {
        self.modified.map(httpdate::fmt_http_date)
    }

    /// Returns whether the client already has this version, and requests only another one.
    pub(super) fn is_known(&self, headers: &HeaderMap) -> bool {
        // A tag is more exact than a date: if there is one, the date is ignored.
        if headers.contains_key(IF_NONE_MATCH) {
            let values = headers.get_all(IF_NONE_MATCH).iter();
            let mut tags = values
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(str::trim);
            return tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag);
        }
        match (self.modified, date(headers, &IF_MODIFIED_SINCE)) {
            (Some(modified), Some(since)) => modified <= since,
            _ => false,
        }
    }

    /// Returns whether the client can use a part of this version: not if it has a part of another one.
    pub(super) fn may_be_in_parts(&self, headers: &HeaderMap) -> bool {
        match text(headers, &IF_RANGE) {
            None => !headers.contains_key(IF_RANGE),
            Some(tag) if tag.starts_with(['"', 'W']) => tag == self.tag,
            Some(_) => self.modified.is_some() && self.modified == date(headers, &IF_RANGE),
        }
    }
}

/// Returns the value of a header, if it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::FileVersion;
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE};
    use std::time::{Duration, UNIX_EPOCH};

    /// Returns a version that was written half a second after the first day.
    fn version() -> FileVersion {
        FileVersion::new(255, UNIX_EPOCH + Duration::from_millis(86_400_500))
    }

    fn headers<const N: usize>(values: [(HeaderName, &'static str); N]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(name, value.parse().expect("a value"));
        }
        headers
    }

    const DAY: &str = "Fri, 02 Jan 1970 00:00:00 GMT";
    const BEFORE: &str = "Thu, 01 Jan 1970 23:59:59 GMT";

    #[test]
    fn a_version_has_a_tag_and_a_date() {
        assert_eq!(
            version().tag,
            format!("\"ff-{:x}\"", 86_400_500_000_000_u64)
        );
        assert_eq!(version().date().as_deref(), Some(DAY));
    }

    #[test]
    fn times_that_http_cannot_write_are_left_out() {
        let before = FileVersion::new(1, UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(before.tag, "\"1--3b9aca00\"");
        assert_eq!(before.date(), None);
        let far = FileVersion::new(1, UNIX_EPOCH + super::LAST + Duration::from_secs(1));
        assert_eq!(far.date(), None);
        let last = FileVersion::new(1, UNIX_EPOCH + super::LAST);
        assert_eq!(
            last.date().as_deref(),
            Some("Fri, 31 Dec 9999 23:59:59 GMT")
        );
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let tag: &'static str = version().tag.leak();
        let weak: &'static str = format!("W/{tag}").leak();
        let several: &'static str = format!("\"x\" , {tag}").leak();
        for (name, value, known) in [
            (IF_NONE_MATCH, tag, true),
            (IF_NONE_MATCH, weak, true),
            (IF_NONE_MATCH, several, true),
            (IF_NONE_MATCH, "*", true),
            (IF_NONE_MATCH, "\"x\"", false),
            (IF_NONE_MATCH, "", false),
            (IF_MODIFIED_SINCE, DAY, true),
            (IF_MODIFIED_SINCE, BEFORE, false),
            (IF_MODIFIED_SINCE, "yesterday", false),
        ] {
            let headers = headers([(name.clone(), value)]);
            assert_eq!(version().is_known(&headers), known, "{name}: {value}");
        }
        assert!(!version().is_known(&HeaderMap::new()));
        let both = headers([(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, DAY)]);
        assert!(!version().is_known(&both), "the tag decides");
    }

    #[test]
    fn parts_of_another_version_are_of_no_use() {
        let tag: &'static str = version().tag.leak();
        let weak: &'static str = format!("W/{tag}").leak();
        for (value, expected) in [
            (tag, true),
            (weak, false),
            ("\"x\"", false),
            (DAY, true),
            (BEFORE, false),
            ("yesterday", false),
        ] {
            let headers = headers([(IF_RANGE, value)]);
            assert_eq!(version().may_be_in_parts(&headers), expected, "{value}");
        }
        assert!(version().may_be_in_parts(&HeaderMap::new()));
    }
}

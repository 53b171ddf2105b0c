//! Names of files in URLs (RFC 3986): decoding and encoding.

#[cfg_attr(not(unix), path = "other.rs")]
mod unix;

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use self::unix::from_bytes;

/// The characters that are encoded: all that are not unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Decodes the names in the path of a URL. Returns `None` if one of them cannot be the name of a file,
/// such as `.`, `..`, or a name with an encoded separator: no list of names leads upwards.
pub(super) fn decode(path: &str) -> Option<Vec<OsString>> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            let name = from_bytes(percent_decode_str(segment).collect())?;
            let mut parts = Path::new(&name).components();
            let is_name = match (parts.next(), parts.next()) {
                // A part is shorter if separators were removed from it.
                (Some(Component::Normal(part)), None) => part == name,
                _ => false,
            };
            (is_name && !name.as_encoded_bytes().contains(&0)).then_some(name)
        })
        .collect()
}

/// Encodes a name for a URL.
pub(super) fn encode(name: &OsStr) -> String {
    percent_encode(name.as_encoded_bytes(), ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use std::ffi::OsStr;

    #[test]
    fn names_are_decoded() {
        for (path, expected) in [
            ("/", &[][..]),
            ("", &[]),
            ("/a/b", &["a", "b"]),
            ("//a///b/", &["a", "b"]),
            ("/a%20b/%C3%BC%2e", &["a b", "ü."]),
            ("/100%/%zz", &["100%", "%zz"]),
            ("/...", &["..."]),
            ("/%252e%252e", &["%2e%2e"]),
            ("/a+b", &["a+b"]),
        ] {
            let names = decode(path).unwrap_or_else(|| panic!("{path} is refused"));
            assert_eq!(names, expected, "{path}");
        }
    }

    #[test]
    fn nothing_leads_upwards() {
        for path in [
            "/..",
            "/../etc/passwd",
            "/a/..",
            "/a/../b",
            "/.",
            "/a/./b",
            "/%2e%2e/x",
            "/.%2E",
            "/..%2fetc",
            "/a%2fb",
            "/%2f",
            "/a%2f",
            "/a%2f.",
            "/a%00",
            "/%00",
        ] {
            assert_eq!(decode(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        for name in [
            "a",
            "ä b",
            "100%",
            "a?b#c",
            "\"<>&'",
            "a:b",
            "new\nline",
            "...",
        ] {
            let encoded = encode(OsStr::new(name));
            assert!(
                encoded
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
            );
            assert_eq!(decode(&encoded).unwrap(), [name]);
        }
    }
}

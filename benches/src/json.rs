//! The small part of JSON that is written here.

use std::fmt::Write as _;

/// An object that is being written.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Object {
        Object(String::new())
    }

    fn key(&mut self, key: &str) {
        self.0.push_str(if self.0.is_empty() { "{" } else { ", " });
        self.string(key);
        self.0.push_str(": ");
    }

    fn string(&mut self, text: &str) {
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.0.extend(['\\', character]),
                character if character.is_control() => {
                    // Writing to a string cannot fail.
                    let _ = write!(self.0, "\\u{:04x}", u32::from(character));
                }
                character => self.0.push(character),
            }
        }
        self.0.push('"');
    }

    pub(crate) fn text(mut self, key: &str, text: &str) -> Object {
        self.key(key);
        self.string(text);
        self
    }

    pub(crate) fn number(mut self, key: &str, number: f64) -> Object {
        self.key(key);
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number:.3}");
        self
    }
}

/// Returns an array with one object per line.
pub(crate) fn array(objects: impl Iterator<Item = Object>) -> String {
    let lines: Vec<_> = objects.map(|object| format!("  {}}}", object.0)).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let object = Object::new().text("a", "x\"y\\z\n").number("b", 1.5);
        let written = array([object].into_iter());
        assert_eq!(
            written,
            "[\n  {\"a\": \"x\\\"y\\\\z\\u000a\", \"b\": 1.500}\n]\n"
        );
    }
}

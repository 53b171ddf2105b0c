//! A writer of JSON.

use std::fmt::{Display, Write as _};

/// A JSON object that is being written.
#[derive(Debug)]
pub(super) struct Object<'a> {
    text: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(text: &'a mut String) -> Object<'a> {
        text.push('{');
        Object { text, first: true }
    }

    pub(super) fn end(self) {
        self.text.push('}');
    }

    /// Writes a member whose value is text.
    pub(super) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        escape(self.text, value);
        self
    }

    /// Writes a member whose value is text, or null.
    pub(super) fn text_or_null(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.literal(name, "null"),
        }
    }

    /// Writes a member whose value is a number, `true` or `false`.
    pub(super) fn literal(mut self, name: &str, value: impl Display) -> Self {
        self.name(name);
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        self
    }

    /// Writes a member whose value is a number, or null.
    pub(super) fn number_or_null(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.literal(name, value),
            None => self.literal(name, "null"),
        }
    }

    /// Writes a member whose value is an array that `write` fills.
    pub(super) fn array(mut self, name: &str, write: impl FnOnce(&mut String)) -> Self {
        self.name(name);
        self.text.push('[');
        write(self.text);
        self.text.push(']');
        self
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.text.push(',');
        }
        self.first = false;
        escape(self.text, name);
        self.text.push(':');
    }
}

/// Writes a text in quotes.
fn escape(into: &mut String, text: &str) {
    into.push('"');
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            // The line separators of Unicode are escaped as well, for readers that split lines at them.
            '\0'..='\x1f' | '\x7f' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(into, "\\u{:04x}", u32::from(character));
            }
            character => into.push(character),
        }
    }
    into.push('"');
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Object;

    #[test]
    fn text_is_escaped() {
        let mut text = String::new();
        let object = Object::begin(&mut text)
            .text("a", "q\" b\\ n\n t\t é \u{1f}")
            .text_or_null("b", None)
            .literal("c", true)
            .number_or_null("d", Some(-3))
            .array("e", |text| text.push('1'));
        object.end();
        let expected = r#"{"a":"q\" b\\ n\n t\u0009 é \u001f","b":null,"c":true,"d":-3,"e":[1]}"#;
        assert_eq!(text, expected);
    }
}

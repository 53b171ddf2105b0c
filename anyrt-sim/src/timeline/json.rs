//! The data of a page, as JSON that can stand in a script element.

use std::fmt::Write;

use crate::events::{Detail, Event, SentPacket};

/// An object in the making.
pub(super) struct Json(String);

impl Json {
    pub(super) fn new() -> Json {
        Json("{".to_owned())
    }

    fn key(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push_str(",\n");
        }
        string(&mut self.0, name);
        self.0.push(':');
    }

    pub(super) fn text(&mut self, name: &str, value: Option<&str>) {
        self.key(name);
        match value {
            Some(value) => string(&mut self.0, value),
            None => self.0.push_str("null"),
        }
    }

    pub(super) fn number(&mut self, name: &str, value: u128) {
        self.key(name);
        append(&mut self.0, format_args!("{value}"));
    }

    pub(super) fn texts(&mut self, name: &str, values: &[impl AsRef<str>]) {
        self.key(name);
        list(&mut self.0, values, |out, value| {
            string(out, value.as_ref());
        });
    }

    /// Appends the events: each as its time, kind, host and number, and perhaps a detail.
    pub(super) fn events(&mut self, events: &[Event]) {
        self.key("events");
        list(&mut self.0, events, event);
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string accepts everything");
}

fn list<T>(out: &mut String, values: &[T], mut item: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (number, value) in values.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        item(out, value);
    }
    out.push(']');
}

fn event(out: &mut String, event: &Event) {
    let (at, kind, host) = (event.at.as_nanos(), event.kind as u8, event.host);
    append(out, format_args!("[{at},{kind},{host},{}", event.id));
    match &event.detail {
        Detail::None => {}
        Detail::Text(text) => {
            out.push(',');
            string(out, text);
        }
        Detail::Place(place) => {
            out.push(',');
            string(out, &place.to_string());
        }
        Detail::Host(other) => append(out, format_args!(",{other}")),
        Detail::Packet(packet) => self::packet(out, packet),
    }
    out.push(']');
}

fn packet(out: &mut String, packet: &SentPacket) {
    let SentPacket {
        to,
        ports: [from_port, to_port],
        number,
        length,
        attempts,
        kind,
        fate,
    } = packet;
    let (kind, fate) = (*kind as u8, *fate as u8);
    append(
        out,
        format_args!(",[{to},{from_port},{to_port},{number},{length},{attempts},{kind},{fate}]"),
    );
}

/// Appends a string. Nothing in it ends a script element, or a line.
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                append(out, format_args!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_element_that_it_is_in() {
        let mut out = String::new();
        string(&mut out, "</script><!-- \"\\\n\u{1}\u{2028}ä");
        let expected = r#""\u003c/script\u003e\u003c!-- \"\\\n\u0001\u2028ä""#;
        assert_eq!(out, expected);
    }
}

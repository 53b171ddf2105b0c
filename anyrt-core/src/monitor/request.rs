//! The requests of clients.
//!
//! A request is one object in one line, whose members are texts or whole numbers. That is all the parser knows of
//! JSON. Unknown members are an error, so that a later version can give them a meaning.

use std::time::Duration;

/// The shortest interval between two answers to a `watch`.
const SHORTEST: u64 = 50;

/// The longest interval: an hour.
const LONGEST: u64 = 60 * 60 * 1000;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The version of the protocol, and the program.
    Version,
    /// The tree, once.
    Tree,
    /// The tree, now and after each interval.
    Watch(Duration),
}

/// A value in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(u64),
}

impl Request {
    /// Parses a line. Returns a reason for the client if it is not a request.
    pub(super) fn parse(line: &[u8]) -> Result<Request, String> {
        let line = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())?;
        let mut members = Members::parse(line)?;
        let request = match (members.take("get"), members.take("watch")) {
            (Some(Value::Text(what)), None) if what == "tree" => Request::Tree,
            (Some(Value::Text(what)), None) if what == "version" => Request::Version,
            (None, Some(Value::Text(what))) if what == "tree" => match members.take("every_ms") {
                Some(Value::Number(every @ SHORTEST..=LONGEST)) => {
                    Request::Watch(Duration::from_millis(every))
                }
                _ => {
                    return Err(format!(
                        "`every_ms` is a number of milliseconds from {SHORTEST} to {LONGEST}"
                    ));
                }
            },
            (Some(_), Some(_)) => return Err("a request has `get` or `watch`, not both".to_owned()),
            (Some(_), None) => return Err("`get` is \"tree\" or \"version\"".to_owned()),
            (None, Some(_)) => return Err("`watch` is \"tree\"".to_owned()),
            (None, None) => return Err("a request has `get` or `watch`".to_owned()),
        };
        match members.0.first() {
            None => Ok(request),
            Some((name, _)) => Err(format!("`{name}` is not a member of this request")),
        }
    }
}

/// The members of an object that were not taken yet.
struct Members(Vec<(String, Value)>);

impl Members {
    fn parse(line: &str) -> Result<Members, String> {
        let mut rest = Rest(line);
        let mut members = Members(Vec::new());
        rest.expect('{')?;
        // Ends: each round consumes a member.
        if !rest.skip('}') {
            loop {
                let name = rest.text()?;
                rest.expect(':')?;
                let value = rest.value()?;
                if members.0.iter().any(|(known, _)| *known == name) {
                    return Err(format!("`{name}` stands twice"));
                }
                members.0.push((name, value));
                if !rest.skip(',') {
                    rest.expect('}')?;
                    break;
                }
            }
        }
        if rest.peek().is_some() {
            return Err("something follows the object".to_owned());
        }
        Ok(members)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

/// The rest of a line.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// Skips white space. Returns the next character.
    fn peek(&mut self) -> Option<char> {
        self.0 = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
        self.0.chars().next()
    }

    /// Skips a character, if it is the next one.
    fn skip(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.0 = &self.0[character.len_utf8()..];
        }
        found
    }

    fn expect(&mut self, character: char) -> Result<(), String> {
        match self.skip(character) {
            true => Ok(()),
            false => Err(match self.peek() {
                Some(found) => format!("`{character}` is expected, and not `{found}`"),
                None => format!("the line ends where `{character}` is expected"),
            }),
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.peek() {
            Some('"') => self.text().map(Value::Text),
            Some('0'..='9') => self.number().map(Value::Number),
            _ => Err("a value is a text or a whole number".to_owned()),
        }
    }

    /// Reads a text. No text of a request needs an escape, so there are none.
    fn text(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let (text, rest) = self.0.split_once('"').ok_or("a text does not end")?;
        if text.contains('\\') {
            return Err("a text of a request has no escapes".to_owned());
        }
        self.0 = rest;
        Ok(text.to_owned())
    }

    fn number(&mut self) -> Result<u64, String> {
        let end = self.0.find(|next: char| !next.is_ascii_digit());
        let (digits, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        digits
            .parse()
            .map_err(|_| format!("{digits} is too large a number"))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::Request;

    fn refused(line: &str) -> String {
        Request::parse(line.as_bytes()).expect_err(line)
    }

    #[test]
    fn requests_are_parsed() {
        let parse = |line: &str| Request::parse(line.as_bytes());
        assert_eq!(parse(r#"{"get":"tree"}"#), Ok(Request::Tree));
        assert_eq!(
            parse(" { \"get\" : \"version\" }\r\n"),
            Ok(Request::Version)
        );
        let watch = Ok(Request::Watch(Duration::from_millis(500)));
        assert_eq!(parse(r#"{"watch":"tree","every_ms":500}"#), watch);
        assert_eq!(parse(r#"{"every_ms":500,"watch":"tree"}"#), watch);
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        for (line, reason) in [
            ("", "the line ends"),
            ("tree", "`{` is expected, and not `t`"),
            ("{}", "a request has"),
            (r#"{"get":"trees"}"#, "`get` is"),
            (r#"{"get":1}"#, "`get` is"),
            (r#"{"get":null}"#, "a value is"),
            (r#"{"get":-1}"#, "a value is"),
            (r#"{"get":{"get":"tree"}}"#, "a value is"),
            (r#"{"get":"tree"#, "does not end"),
            (r#"{"get":"tr\u0065e"}"#, "no escapes"),
            (r#"{"get":"tree"} {"#, "something follows"),
            (r#"{"get":"tree",}"#, "`\"` is expected"),
            (r#"{"get":"tree","get":"tree"}"#, "stands twice"),
            (r#"{"get":"tree","watch":"tree"}"#, "not both"),
            (r#"{"get":"tree","depth":1}"#, "`depth` is not"),
            (r#"{"watch":"tree"}"#, "`every_ms`"),
            (r#"{"watch":"tree","every_ms":1}"#, "`every_ms`"),
            (r#"{"watch":"tree","every_ms":"500"}"#, "`every_ms`"),
            (
                r#"{"watch":"tree","every_ms":99999999999999999999}"#,
                "too large",
            ),
            (r#"{"watch":"version","every_ms":500}"#, "`watch` is"),
        ] {
            assert!(refused(line).contains(reason), "{line}: {}", refused(line));
        }
        assert!(Request::parse(b"{\xff}").is_err());
    }
}

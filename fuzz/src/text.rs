//! Checks [`TextStream`] against the standard library's decoding of all the bytes at once.

use std::io;

use anyrt_core::stream::{
    AttributesExt, HalfClose, InvalidUtf8, TextStream, is_closed, is_end_of_stream,
};
use arbitrary::{Arbitrary, Result, Unstructured};

use crate::content::{AlmostText, few, many};
use crate::polling::{Patience, poll_for};
use crate::scripted::{Event, Known, Name, Observer, Script, Scripted, is_failure};

/// The operations on the stream, and the behaviour of the stream beneath.
#[derive(Arbitrary, Debug)]
pub struct Input {
    content: AlmostText,
    lossy: bool,
    known: Known,
    reads: Script,
    writes: Script,
    #[arbitrary(with = many)]
    operations: Vec<Operation>,
    end: End,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    Receive(Patience),
    Send(#[arbitrary(with = sentence)] String, Patience),
    SendEof(Patience),
}

#[derive(Arbitrary, Debug)]
enum End {
    ReceiveAll,
    Close,
    IntoParts,
}

fn sentence(input: &mut Unstructured<'_>) -> Result<String> {
    Ok(few::<char>(input)?.into_iter().collect())
}

/// Runs the input.
///
/// # Panics
///
/// If the stream breaks its contract.
pub fn check(input: &Input) {
    let content = input.content.bytes();
    // The contract does not cover a failure in the middle of a text.
    let writes = input.writes.without_failures();
    let stream = Scripted::new(content.clone(), &input.reads, &writes, input.known);
    let mut run = Run {
        inside: stream.observer(),
        stream: match input.lossy {
            true => TextStream::lossy(stream),
            false => TextStream::new(stream),
        },
        expected: Expected::new(&content, input.lossy),
        came: 0,
        received: 0,
        ended: false,
        sent: String::new(),
    };
    for operation in &input.operations {
        run.perform(operation);
        assert_eq!(run.stream.attribute::<Name>().ok(), input.known.name);
    }
    match input.end {
        End::ReceiveAll => run.receive_all(),
        End::Close => run.close(),
        End::IntoParts => {
            let received = run
                .expected
                .place(run.received)
                .expect("it was a whole character");
            let (_, undecoded) = run.stream.into_parts();
            assert!(undecoded == content[received..run.came]);
        }
    }
}

struct Run {
    stream: TextStream<Scripted>,
    inside: Observer,
    expected: Expected,
    /// The number of bytes that were read.
    came: usize,
    /// The number of bytes of text that were returned.
    received: usize,
    ended: bool,
    /// All text that was sent, and all that was begun.
    sent: String,
}

/// The text that the stream has to return.
struct Expected {
    content: Vec<u8>,
    text: String,
    /// The places where characters begin, and the end: the place in the text, and in the content.
    places: Vec<(usize, usize)>,
    invalid: Option<std::str::Utf8Error>,
}

impl Expected {
    fn new(content: &[u8], lossy: bool) -> Expected {
        let invalid = match lossy {
            true => None,
            false => std::str::from_utf8(content).err(),
        };
        let valid = invalid.map_or(content.len(), |error| error.valid_up_to());
        let text = String::from_utf8_lossy(&content[..valid]).into_owned();
        let mut places = vec![(0, 0)];
        let (mut there, mut here) = (0, 0);
        for chunk in content[..valid].utf8_chunks() {
            for character in chunk.valid().chars() {
                there += character.len_utf8();
                here += character.len_utf8();
                places.push((there, here));
            }
            if !chunk.invalid().is_empty() {
                there += char::REPLACEMENT_CHARACTER.len_utf8();
                here += chunk.invalid().len();
                places.push((there, here));
            }
        }
        assert_eq!(there, text.len());
        let content = content.to_vec();
        Expected {
            content,
            text,
            places,
            invalid,
        }
    }

    /// Returns the place in the content at which the first `text` bytes of text end.
    fn place(&self, text: usize) -> Option<usize> {
        let at = self.places.binary_search_by_key(&text, |place| place.0);
        at.ok().map(|at| self.places[at].1)
    }

    /// Returns whether the bytes between the two places can be decoded, if more may come.
    fn is_decided(&self, received: usize, came: usize) -> bool {
        let bytes = &self.content[received..came];
        // A character is complete after 4 bytes.
        match std::str::from_utf8(&bytes[..bytes.len().min(4)]) {
            Ok(text) => !text.is_empty(),
            Err(error) => error.valid_up_to() > 0 || error.error_len().is_some(),
        }
    }
}

impl Run {
    fn perform(&mut self, operation: &Operation) {
        let inside = self.inside.clone();
        let wake = || inside.wake();
        match operation {
            Operation::Receive(patience) => {
                self.receive(*patience);
            }
            Operation::Send(text, patience) => {
                let was_closed = inside.record().is_closed;
                let result = poll_for(self.stream.send(text), *patience, wake);
                let record = inside.record();
                match result {
                    Some(Ok(())) => {
                        assert!(!was_closed);
                        self.sent.push_str(text);
                        assert!(record.written == self.sent.as_bytes(), "all of it is sent");
                        assert_eq!(record.flushed, record.written.len());
                    }
                    Some(Err(error)) => {
                        assert!(was_closed && is_closed(&error), "{error}");
                    }
                    // Sending was begun, and the next operation has to finish it; or it was not begun.
                    None if record.written.len() > self.sent.len() => self.sent.push_str(text),
                    None => {}
                }
                assert!(self.sent.as_bytes().starts_with(&record.written));
            }
            Operation::SendEof(patience) => {
                let was_closed = inside.record().is_closed;
                let can = self.stream.attribute_or::<HalfClose>(true);
                let result = poll_for(self.stream.send_eof(), *patience, wake);
                let record = inside.record();
                match result {
                    Some(Ok(())) => {
                        assert!(can && record.is_closed, "receiving has to go on");
                        assert!(
                            record.written == self.sent.as_bytes(),
                            "the rest goes out first"
                        );
                    }
                    Some(Err(error)) => {
                        assert!(
                            !can && error.kind() == io::ErrorKind::Unsupported,
                            "{error}"
                        );
                        assert_eq!(record.is_closed, was_closed);
                    }
                    None => {}
                }
            }
        }
    }

    /// Receives once. Returns whether the result was the end, or a permanent error.
    fn receive(&mut self, patience: Patience) -> bool {
        let inside = self.inside.clone();
        let result = poll_for(self.stream.receive(), patience, || inside.wake());
        let start = self
            .expected
            .place(self.received)
            .expect("it was a whole character");
        let mut failed = false;
        for event in inside.take_events() {
            let decided = self.expected.is_decided(start, self.came);
            assert!(
                !decided && !failed && !self.ended,
                "nothing more was needed"
            );
            match event {
                Event::Gave(bytes) => self.came += bytes.len(),
                Event::Waited => {}
                Event::Failed => failed = true,
                Event::Ended => self.ended = true,
            }
        }
        match result {
            None => {
                assert!(!failed);
                false
            }
            Some(Ok(text)) => {
                assert!(!text.is_empty());
                let rest = &self.expected.text[self.received..];
                assert!(rest.starts_with(&text), "{text:?} in place of {rest:?}");
                self.received += text.len();
                let received = self.expected.place(self.received);
                assert!(received.is_some_and(|received| received <= self.came));
                false
            }
            Some(Err(error)) if failed => {
                assert!(is_failure(&error), "{error}");
                false
            }
            Some(Err(error)) => {
                assert_eq!(self.received, self.expected.text.len(), "{error}");
                match self.expected.invalid {
                    Some(expected) => {
                        let error = error.get_ref().and_then(|error| error.downcast_ref());
                        let error: &InvalidUtf8 = error.expect("it is no text");
                        assert_eq!(error.valid_up_to(), expected.valid_up_to() as u64);
                        assert_eq!(error.is_at_the_end(), expected.error_len().is_none());
                    }
                    None => assert!(self.ended && is_end_of_stream(&error), "{error}"),
                }
                true
            }
        }
    }

    /// Receives all text, and then the end or the error, several times.
    fn receive_all(mut self) {
        while !self.receive(Patience::Endless) {}
        for _ in 0..3 {
            assert!(self.receive(Patience::Endless));
        }
    }

    /// Closes the stream, which finishes a text that was begun.
    fn close(self) {
        let closing = self.stream.close();
        let result = poll_for(closing, Patience::Endless, || self.inside.wake());
        assert!(result.expect("there was time").is_ok());
        let record = self.inside.record();
        assert!(record.is_closed);
        assert!(
            record.written == self.sent.as_bytes(),
            "all that was begun is finished"
        );
    }
}

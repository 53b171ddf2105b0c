//! Checks [`BufferedByteStream`] against a list of the bytes that it has read and not returned.

mod input;
mod outcome;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use anyrt_core::stream::{
    AttributesExt, BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, DelimiterNotFound,
    HalfClose, IncompleteRead, ReceiveError, is_closed, is_end_of_stream,
};
use futures_io::{AsyncBufRead, AsyncRead};

pub use self::input::Input;
use self::input::{Count, Delimiter, Operation};
use self::outcome::{Outcome, exactly, until};
use crate::polling::{Patience, poll_for};
use crate::scripted::{Event, Known, Name, Observer, Script, Scripted, is_failure};

/// Runs the input.
///
/// # Panics
///
/// If the stream breaks its contract.
pub fn check(input: &Input) {
    let stream = Scripted::new(
        input.content.bytes(),
        &input.reads,
        &input.writes,
        input.known,
    );
    let mut run = Run {
        inside: stream.observer(),
        stream: BufferedByteStream::new(stream),
        pending: Vec::new(),
        last_delimiter: Vec::new(),
        sent: Vec::new(),
    };
    for operation in &input.operations {
        run.perform(operation);
        let buffered = run.stream.buffered();
        assert!(
            buffered == run.pending,
            "what is buffered is what came and was not used"
        );
        assert_eq!(run.stream.attribute::<Name>().ok(), input.known.name);
    }
    run.finish();
}

/// How many bytes may be buffered in addition to the requested ones.
const CHUNK: usize = 64 * 1024;

struct Run {
    stream: BufferedByteStream<Scripted>,
    inside: Observer,
    /// The bytes that were read, or fed, and not returned.
    pending: Vec<u8>,
    last_delimiter: Vec<u8>,
    /// All bytes that were sent, and those that may have been.
    sent: Vec<u8>,
}

impl Run {
    fn perform(&mut self, operation: &Operation) {
        let inside = self.inside.clone();
        let wake = || inside.wake();
        match operation {
            Operation::ReceiveExactly(count, patience) => {
                let count = self.count(*count);
                let result = poll_for(self.stream.receive_exactly(count), *patience, wake);
                self.compare(result, *patience, |bytes, ended| {
                    exactly(bytes, count, ended)
                });
            }
            Operation::ReceiveUntil(delimiter, max, patience) => {
                let (delimiter, max) = (self.delimiter(delimiter), self.count(*max));
                self.last_delimiter.clone_from(&delimiter);
                let before = self.pending.len();
                let result = poll_for(self.stream.receive_until(&delimiter, max), *patience, wake);
                let most = before
                    .saturating_add(max)
                    .saturating_add(delimiter.len() + CHUNK);
                assert!(self.stream.buffered().len() <= most, "too much is held");
                if let Some(Err(error)) = &result
                    && let Some(error) = inner::<DelimiterNotFound>(error)
                {
                    assert_eq!(error.max(), max);
                }
                self.compare(result, *patience, |bytes, ended| {
                    until(bytes, &delimiter, max, ended)
                });
            }
            Operation::Receive(max, patience) => {
                let max = self.count(*max);
                let result = poll_for(self.stream.receive(max), *patience, wake);
                if max == 0 {
                    let error = result.map(Result::unwrap_err);
                    assert!(error.is_none_or(|error| error.kind() == io::ErrorKind::InvalidInput));
                } else {
                    self.take_some(result, max.min(CHUNK));
                }
            }
            Operation::Read(count, patience) => {
                let mut buffer = vec![0; self.count(*count).min(3 * CHUNK)];
                let stream = &mut self.stream;
                let read = poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer));
                let result = poll_for(read, *patience, wake);
                let most = buffer.len();
                if let Some(Ok(0)) = result
                    && most == 0
                {
                    self.take_in();
                    return;
                }
                self.take_some(result.map(|count| end_as_error(buffer, count)), most);
            }
            Operation::FillBuffer { used, patience } => {
                let used = self.count(*used);
                let stream = &mut self.stream;
                let fill = poll_fn(|cx| {
                    Pin::new(&mut *stream)
                        .poll_fill_buf(cx)
                        .map_ok(<[u8]>::to_vec)
                });
                let result = poll_for(fill, *patience, wake);
                let mut result = result.map(|bytes| {
                    bytes.and_then(|bytes| {
                        let count = bytes.len();
                        end_as_error(bytes, Ok(count))
                    })
                });
                if let Some(Ok(bytes)) = &mut result {
                    bytes.truncate(used);
                    Pin::new(&mut self.stream).consume(used);
                }
                self.take_some(result, usize::MAX);
            }
            Operation::ReadInside(count, patience) => {
                let mut buffer = vec![0; usize::from(*count) + 1];
                let stream = self.stream.stream_mut();
                let read = poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer));
                poll_for(read, *patience, wake);
                // Bytes that are read past the buffer do not count.
                self.inside.take_events();
            }
            Operation::Feed(content) => {
                let bytes = content.bytes();
                self.stream.feed_data(&bytes);
                self.pending.extend(bytes);
            }
            Operation::Send(bytes, patience) => {
                let result = poll_for(self.stream.send(bytes), *patience, wake);
                self.sent(bytes, result);
            }
            Operation::SendEof(patience) => {
                let result = poll_for(self.stream.send_eof(), *patience, wake);
                let can = self.stream.attribute_or::<HalfClose>(true);
                match result {
                    Some(Ok(())) => assert!(can && self.inside.record().is_closed),
                    Some(Err(error)) if error.kind() == io::ErrorKind::Unsupported => {
                        assert!(!can);
                    }
                    Some(Err(error)) => assert!(is_failure(&error)),
                    None => {}
                }
            }
            Operation::WrapAgain => {
                let other = Scripted::new(
                    Vec::new(),
                    &Script::default(),
                    &Script::default(),
                    Known::default(),
                );
                let old = std::mem::replace(&mut self.stream, BufferedByteStream::new(other));
                let (stream, unused) = old.into_parts();
                assert!(unused == self.pending, "what was not used is handed out");
                self.stream = BufferedByteStream::new(stream);
                self.stream.feed_data(&unused);
            }
        }
    }

    fn sent(&mut self, bytes: &[u8], result: Option<io::Result<()>>) {
        let record = self.inside.record();
        match result {
            Some(Ok(())) => {
                self.sent.extend(bytes);
                assert!(record.written == self.sent, "all of it is sent");
                assert_eq!(record.flushed, record.written.len());
            }
            outcome => {
                if let Some(Err(error)) = outcome {
                    assert!(is_failure(&error) || is_closed(&error) && record.is_closed);
                }
                // A prefix of the bytes was sent.
                let new = &record.written[self.sent.len()..];
                assert!(bytes.starts_with(new));
                self.sent.extend(new);
            }
        }
    }

    /// Receives all bytes that are left, and then the end.
    fn finish(mut self) {
        let inside = self.inside.clone();
        while !self.pending.is_empty() || !inside.record().not_given().is_empty() {
            let receiving = self.stream.receive(usize::MAX);
            let result = poll_for(receiving, Patience::Endless, || inside.wake());
            self.take_some(result, CHUNK);
        }
        for _ in 0..3 {
            let receiving = self.stream.receive_exactly(1);
            let result = poll_for(receiving, Patience::Endless, || inside.wake());
            self.compare(result, Patience::Endless, |bytes, ended| {
                exactly(bytes, 1, ended)
            });
            assert!(self.pending.is_empty());
        }
    }

    /// Compares the result of an operation with the result that the model requires. For that, all events of
    /// the stream beneath are replayed: the operation may have read on as long as the result was not
    /// decided, and no longer.
    fn compare(
        &mut self,
        result: Option<io::Result<Vec<u8>>>,
        patience: Patience,
        decide: impl Fn(&[u8], bool) -> Option<Outcome>,
    ) {
        let mut expected = None;
        let mut failed = false;
        let events = self.inside.take_events();
        // In a task's first poll without a budget, an operation does not even begin.
        let may_wait = events.is_empty() && patience.polls() < 2;
        for event in events {
            assert!(
                !failed && expected.is_none(),
                "it went on after all was decided"
            );
            assert_eq!(
                decide(&self.pending, false),
                None,
                "nothing more was needed"
            );
            match event {
                Event::Gave(bytes) => self.pending.extend(bytes),
                Event::Waited => {}
                Event::Failed => failed = true,
                Event::Ended => expected = decide(&self.pending, true),
            }
        }
        if expected.is_none() && !failed {
            expected = decide(&self.pending, false);
        }
        match result {
            None => assert!(
                may_wait || expected.is_none() && !failed,
                "there is no need to wait"
            ),
            Some(Ok(bytes)) => {
                let Some(Outcome::Bytes { out, dropped }) = expected else {
                    panic!("{} bytes in place of {expected:?}", bytes.len());
                };
                assert!(bytes == self.pending[..out], "other bytes than came in");
                self.pending.drain(..out + dropped);
            }
            Some(Err(error)) => {
                let found = if let Some(error) = inner::<IncompleteRead>(&error) {
                    assert_eq!(error.buffered(), self.pending.len());
                    Some(Outcome::Incomplete)
                } else if inner::<DelimiterNotFound>(&error).is_some() {
                    Some(Outcome::NotFound)
                } else if error.kind() == io::ErrorKind::InvalidInput {
                    Some(Outcome::Invalid)
                } else {
                    assert!(failed && is_failure(&error), "{error}");
                    None
                };
                assert_eq!(found, expected);
            }
        }
    }

    /// Compares as [`compare`](Run::compare) does, for operations that may return any number of bytes.
    fn take_some(&mut self, result: Option<io::Result<Vec<u8>>>, most: usize) {
        let last = self.take_in();
        match result {
            None => {}
            Some(Ok(bytes)) => {
                assert!(bytes.len() <= most);
                assert!(self.pending.starts_with(&bytes), "other bytes than came in");
                self.pending.drain(..bytes.len());
            }
            Some(Err(error)) => {
                assert!(self.pending.is_empty(), "there was something to receive");
                match last {
                    Some(Event::Failed) => assert!(is_failure(&error)),
                    Some(Event::Ended) => assert!(is_end_of_stream(&error)),
                    _ => panic!("nothing failed inside: {error}"),
                }
            }
        }
    }

    /// Adds the bytes that were read, for an operation that needs one piece at most. Returns the last
    /// event.
    fn take_in(&mut self) -> Option<Event> {
        let mut last = None;
        for event in self.inside.take_events() {
            assert!(self.pending.is_empty(), "there was something already");
            if let Event::Gave(bytes) = &event {
                self.pending.extend(bytes);
            }
            last = Some(event);
        }
        last
    }

    fn count(&self, count: Count) -> usize {
        let near = |count: usize, more: i8| count.saturating_add_signed(more.into());
        match count {
            Count::Few(count) => count.into(),
            Count::Some(count) => count.into(),
            Count::Many(count) => count as usize % (4 * CHUNK),
            Count::AsBuffered(more) => near(self.pending.len(), more),
            Count::All(more) => {
                let left = self.inside.record().not_given().len();
                near(self.pending.len() + left, more)
            }
            Count::Limitless => usize::MAX,
        }
    }

    fn delimiter(&self, delimiter: &Delimiter) -> Vec<u8> {
        match delimiter {
            Delimiter::Given(bytes) => bytes.clone(),
            Delimiter::Again => self.last_delimiter.clone(),
            Delimiter::Found { at, length } => {
                let record = self.inside.record();
                let all = [&self.pending, record.not_given()].concat();
                let at = usize::from(*at) % (all.len() + 1);
                all[at..]
                    .iter()
                    .take(usize::from(*length % 16))
                    .copied()
                    .collect()
            }
        }
    }
}

fn end_as_error(mut bytes: Vec<u8>, count: io::Result<usize>) -> io::Result<Vec<u8>> {
    match count? {
        0 => Err(ReceiveError::EndOfStream.into()),
        count => {
            bytes.truncate(count);
            Ok(bytes)
        }
    }
}

fn inner<E: std::error::Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

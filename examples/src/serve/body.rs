//! The body of a response, which is sent in chunks, and the log line at its end.

use std::io::{self, ErrorKind};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyrt::stream::FileReadStream;
use anyrt_examples::site::Content;
use futures_io::AsyncRead;
use hyper::body::{self, Bytes, Frame, SizeHint};

use crate::respond::Entry;

/// The part that is still to be sent.
enum Rest {
    Text(Bytes),
    File(Box<FilePart>),
}

/// A part of a file, which begins at its position. At most one chunk of it is in memory: the next one is
/// read when hyper has space for it.
struct FilePart {
    file: FileReadStream,
    rest: u64,
    buffer: Vec<u8>,
}

impl FilePart {
    fn new(file: FileReadStream, length: u64) -> FilePart {
        FilePart {
            file,
            rest: length,
            buffer: Vec::new(),
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>, size: usize) -> Poll<io::Result<Bytes>> {
        if self.buffer.is_empty() {
            let rest = usize::try_from(self.rest).unwrap_or(usize::MAX);
            self.buffer.resize(rest.min(size), 0);
        }
        let read = ready!(Pin::new(&mut self.file).poll_read(cx, &mut self.buffer))?;
        if read == 0 {
            // The length was already sent in the head.
            let error = io::Error::new(ErrorKind::UnexpectedEof, "the file has become shorter");
            return Poll::Ready(Err(error));
        }
        self.rest -= read as u64;
        let mut chunk = mem::take(&mut self.buffer);
        chunk.truncate(read);
        Poll::Ready(Ok(chunk.into()))
    }
}

impl Rest {
    fn of(content: Content) -> Rest {
        match content {
            Content::Nothing => Rest::Text(Bytes::new()),
            Content::Text(text) => Rest::Text(text),
            Content::File(file, length) => {
                let file = FileReadStream::from_std(file);
                Rest::File(Box::new(FilePart::new(file, length)))
            }
        }
    }

    fn length(&self) -> u64 {
        match self {
            Rest::Text(text) => text.len() as u64,
            Rest::File(part) => part.rest,
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>, size: usize) -> Poll<Option<io::Result<Bytes>>> {
        if self.length() == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(match self {
            Rest::Text(text) => Ok(text.split_to(text.len().min(size))),
            Rest::File(part) => ready!(part.poll_chunk(cx, size)),
        }))
    }
}

/// The body of a response. It is dropped when hyper has received the last chunk, or accepts no more.
pub(crate) struct Body {
    rest: Rest,
    /// The largest size of a chunk.
    chunk: usize,
    entry: Entry,
}

impl Body {
    pub(crate) fn new(content: Content, chunk: usize, entry: Entry) -> Body {
        Body {
            rest: Rest::of(content),
            chunk,
            entry,
        }
    }
}

impl body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let chunk = ready!(this.rest.poll_chunk(cx, this.chunk));
        if let Some(Ok(chunk)) = &chunk {
            this.entry.count(chunk.len());
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.length())
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.entry.say(self.rest.length() == 0);
    }
}

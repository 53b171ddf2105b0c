//! The lines of a file, and its pieces between other delimiters, as streams.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::File;
use crate::engine::FallibleOperation;
use crate::runtime::Runtime;

/// The lines of a file, as a stream.
///
/// Lines do not include `\n` or `\r\n`; a last line without an end is included, with a `\r` at its end. A line
/// that is not UTF-8 or is too long is an error item, and the stream continues with the next line.
///
/// # Cancel safety
///
/// The stream is cancel safe: the beginning of a line that was read is kept.
pub struct Lines<R: Runtime> {
    pieces: Split<R>,
}

impl<R: Runtime> Lines<R> {
    pub(super) fn new(file: File<R>) -> Lines<R> {
        let mut pieces = Split::new(file, b'\n');
        pieces.is_lines = true;
        Lines { pieces }
    }

    /// Sets the maximum length of a line in bytes. Longer lines are errors; they are skipped, and not kept in
    /// memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// path.write("a very long line\nshort\n").await?;
    /// let mut lines = path.open().await?.lines().max_length(8);
    /// assert!(lines.next().await.unwrap().is_err());
    /// assert_eq!(lines.next().await.unwrap()?, "short");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> Self {
        self.pieces.max_length = bytes;
        self
    }

    /// Returns the next line; `None` at the end of the file. If the file grows, there are more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the beginning that was read is kept.
    ///
    /// # Errors
    ///
    /// - [`InvalidData`](io::ErrorKind::InvalidData) for a line that is not UTF-8, or too long.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut lines = File::open("Cargo.toml").await?.lines();
    /// let mut count = 0;
    /// while let Some(line) = lines.next().await {
    ///     count += usize::from(!line?.is_empty());
    /// }
    /// assert!(count > 10);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn next(&mut self) -> Option<io::Result<String>> {
        self.pieces.next().await.map(text)
    }

    /// Returns the file. The bytes of an incomplete line that were read are lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut lines = File::open("Cargo.toml").await?.lines();
    /// lines.next().await;
    /// let mut file = lines.into_inner();
    /// assert!(file.tell().await? > 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> File<R> {
        self.pieces.file
    }
}

fn text(line: io::Result<Vec<u8>>) -> io::Result<String> {
    String::from_utf8(line?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

impl<R: Runtime> Stream for Lines<R> {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pieces = Pin::new(&mut self.get_mut().pieces);
        pieces.poll_next(cx).map(|line| line.map(text))
    }
}

impl<R: Runtime> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("pieces", &self.pieces)
            .finish()
    }
}

/// The pieces of a file between delimiters, as a stream.
///
/// # Cancel safety
///
/// The stream is cancel safe: the beginning of a piece that was read is kept.
pub struct Split<R: Runtime> {
    file: File<R>,
    delimiter: u8,
    /// Whether `\r` before the delimiter belongs to it.
    is_lines: bool,
    max_length: usize,
    /// The beginning of the next piece.
    begun: Vec<u8>,
    /// Whether the piece is too long, and is skipped.
    skips: bool,
}

impl<R: Runtime> Split<R> {
    pub(super) fn new(file: File<R>, delimiter: u8) -> Split<R> {
        Split {
            file,
            delimiter,
            is_lines: false,
            max_length: usize::MAX,
            begun: Vec::new(),
            skips: false,
        }
    }

    /// Returns the next piece, without its delimiter; `None` at the end of the file.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the beginning that was read is kept.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("fields");
    /// path.write("1;2;3").await?;
    /// let mut fields = path.open().await?.split(b';');
    /// let mut count = 0;
    /// while let Some(field) = fields.next().await {
    ///     assert_eq!(field?.len(), 1);
    ///     count += 1;
    /// }
    /// assert_eq!(count, 3);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        let mut operation = FallibleOperation::new();
        let next =
            poll_fn(|cx| operation.poll(cx, |cx| self.poll_piece(cx).map(Option::transpose)));
        next.await.transpose()
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Vec<u8>>>> {
        loop {
            let bytes = match ready!(self.file.poll_fill_some(cx, 0)) {
                Ok(bytes) => bytes,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            let at_end = bytes.is_empty();
            let found = bytes.iter().position(|byte| *byte == self.delimiter);
            let piece = &bytes[..found.unwrap_or(bytes.len())];
            // Room for the `\r` of a line of exactly the maximum length.
            if self.begun.len() + piece.len() > self.max_length.saturating_add(1) {
                self.skips = true;
                self.begun = Vec::new();
            }
            if !self.skips {
                self.begun.extend_from_slice(piece);
            }
            let count = found.map_or(bytes.len(), |found| found + 1);
            self.file.consume_some(count);
            if found.is_none() && !at_end {
                continue;
            }
            if at_end && self.begun.is_empty() && !self.skips {
                return Poll::Ready(None);
            }
            let mut piece = std::mem::take(&mut self.begun);
            if self.is_lines && found.is_some() && piece.last() == Some(&b'\r') {
                piece.pop();
            }
            if std::mem::take(&mut self.skips) || piece.len() > self.max_length {
                let max = self.max_length;
                let message = format!("the line has more than {max} bytes");
                let error = io::Error::new(io::ErrorKind::InvalidData, message);
                return Poll::Ready(Some(Err(error)));
            }
            return Poll::Ready(Some(Ok(piece)));
        }
    }
}

impl<R: Runtime> Stream for Split<R> {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_piece(cx)
    }
}

impl<R: Runtime> fmt::Debug for Split<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split")
            .field("file", &self.file)
            .field("delimiter", &self.delimiter)
            .finish_non_exhaustive()
    }
}

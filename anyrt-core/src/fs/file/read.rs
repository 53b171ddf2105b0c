//! Reading.

use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};

use super::File;
use crate::disk::Handle;
use crate::engine::FallibleOperation;
use crate::fs::lines::{Lines, Split};
use crate::runtime::Runtime;
use crate::stream::IncompleteRead;
use crate::stream::file::engine::MOST;

impl<R: Runtime> File<R> {
    /// Reads some bytes. Returns 0 at the end of the file.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut file = File::open("Cargo.toml").await?;
    /// let mut buffer = [0; 64];
    /// let count = file.read(&mut buffer).await?;
    /// assert!(buffer[..count].starts_with(b"["));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| operation.poll(cx, |cx| self.poll_read_some(cx, buffer))).await
    }

    /// Reads until the buffer is full.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// - [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) at the end of the file, as an
    ///   [`IncompleteRead`] with the number of bytes that there are. They remain unread.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut start = [0; 9];
    /// File::open("Cargo.toml").await?.read_exact(&mut start).await?;
    /// assert_eq!(&start, b"[package]");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let wanted = buffer.len();
        let mut taken = Taken::new(self);
        while taken.bytes.len() < wanted {
            let missing = wanted - taken.bytes.len();
            if taken.fill(missing).await? == 0 {
                return Err(IncompleteRead::with(taken.bytes.len()).into());
            }
        }
        buffer.copy_from_slice(&taken.keep());
        Ok(())
    }

    /// Reads up to the end of the file, and appends to the buffer; returns the number of bytes.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the buffer has the bytes that were read.
    ///
    /// # Errors
    ///
    /// - [`OutOfMemory`](io::ErrorKind::OutOfMemory) if the buffer cannot grow.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut bytes = Vec::new();
    /// let count = File::open("Cargo.toml").await?.read_to_end(&mut bytes).await?;
    /// assert_eq!(count, bytes.len());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let before = buffer.len();
        while self.read_chunk(buffer, usize::MAX).await? > 0 {}
        Ok(buffer.len() - before)
    }

    /// Reads text up to the end of the file, and appends it; returns the number of bytes.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// - [`InvalidData`](io::ErrorKind::InvalidData) if it is not UTF-8; it remains unread.
    /// - Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut text = String::from("# A copy\n");
    /// File::open("Cargo.toml").await?.read_to_string(&mut text).await?;
    /// assert!(text.starts_with("# A copy\n[package]"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        let mut taken = Taken::new(self);
        while taken.fill(usize::MAX).await? > 0 {}
        let more = std::str::from_utf8(&taken.bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        text.push_str(more);
        Ok(taken.keep().len())
    }

    /// Reads at most `most` bytes, and appends them.
    async fn read_chunk(&mut self, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let mut operation = FallibleOperation::new();
        poll_fn(|cx| {
            operation.poll(cx, |cx| {
                let bytes = ready!(self.poll_fill_some(cx, most.min(MOST)))?;
                let count = bytes.len().min(most);
                buffer
                    .try_reserve(count)
                    .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
                buffer.extend_from_slice(&bytes[..count]);
                self.engine.consume(count);
                Poll::Ready(Ok(count))
            })
        })
        .await
    }

    /// Returns the lines as a stream: without `\n` or `\r\n`, including a last line without an end.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut lines = File::open("Cargo.toml").await?.lines();
    /// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("[package]"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn lines(self) -> Lines<R> {
        Lines::new(self)
    }

    /// Returns the pieces between bytes of this value as a stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("names");
    /// path.write("ada\0grace\0").await?;
    /// let mut names = path.open().await?.split(0);
    /// assert_eq!(names.next().await.transpose()?.as_deref(), Some(&b"ada"[..]));
    /// assert_eq!(names.next().await.transpose()?.as_deref(), Some(&b"grace"[..]));
    /// assert!(names.next().await.is_none());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn split(self, delimiter: u8) -> Split<R> {
        Split::new(self, delimiter)
    }

    /// Reads at a given offset, without moving the position; at most 512 KiB in one call. On systems other
    /// than Unix the position may be moved if the future is dropped.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was read.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; pipes and terminals do not have offsets.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"to be or not").await?;
    /// let mut word = [0; 2];
    /// assert_eq!(file.read_at(&mut word, 6).await?, 2);
    /// assert_eq!(&word, b"or");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut room = vec![0; buffer.len().min(MOST)];
        let read = move |file: &Handle, _| {
            let count = file.read_at(&mut room, offset)?;
            room.truncate(count);
            Ok(room)
        };
        let bytes = self.call("read", false, read).await?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// Bytes that an operation has read, and that are given back unless it keeps them.
struct Taken<'a, R: Runtime> {
    file: &'a mut File<R>,
    bytes: Vec<u8>,
}

impl<'a, R: Runtime> Taken<'a, R> {
    fn new(file: &'a mut File<R>) -> Taken<'a, R> {
        Taken {
            file,
            bytes: Vec::new(),
        }
    }

    async fn fill(&mut self, most: usize) -> io::Result<usize> {
        self.file.read_chunk(&mut self.bytes, most).await
    }

    fn keep(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl<R: Runtime> Drop for Taken<'_, R> {
    fn drop(&mut self) {
        self.file.engine.give_back(std::mem::take(&mut self.bytes));
    }
}

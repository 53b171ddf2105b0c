//! The messages of PostgreSQL's protocol, as a server reads and writes them.

use std::io;

use tokio_postgres::types::Type;

use super::statement::Value;

/// The version of the protocol, in a message of start-up.
pub(super) const VERSION: i32 = 3 << 16;

/// The code of a request for a cancellation, in place of the version.
pub(super) const CANCEL: i32 = 80_877_102;

/// The code of a request for TLS, in place of the version.
pub(super) const TLS: i32 = 80_877_103;

/// Returns the error of a client that does not keep to the protocol.
pub(super) fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed message")
}

/// The rest of a message.
#[derive(Clone, Copy)]
pub(super) struct Body<'a>(pub(super) &'a [u8]);

impl<'a> Body<'a> {
    fn bytes(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> io::Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn int2(&mut self) -> io::Result<i16> {
        let bytes = self.bytes(2)?.try_into();
        Ok(i16::from_be_bytes(bytes.expect("it has two bytes")))
    }

    pub(super) fn int4(&mut self) -> io::Result<i32> {
        let bytes = self.bytes(4)?.try_into();
        Ok(i32::from_be_bytes(bytes.expect("it has four bytes")))
    }

    pub(super) fn int2_list(&mut self) -> io::Result<Vec<i16>> {
        let count = self.int2()?;
        (0..count).map(|_| self.int2()).collect()
    }

    /// Reads a text up to its end.
    pub(super) fn text(&mut self) -> io::Result<&'a str> {
        let length = self.0.iter().position(|&byte| byte == 0);
        let bytes = self.bytes(length.ok_or_else(malformed)?)?;
        self.byte()?;
        std::str::from_utf8(bytes).map_err(|_| malformed())
    }

    /// Reads a value, which is `None` if it is null.
    pub(super) fn value(&mut self) -> io::Result<Option<&'a [u8]>> {
        match usize::try_from(self.int4()?) {
            Ok(length) => self.bytes(length).map(Some),
            Err(_) => Ok(None),
        }
    }
}

/// Messages that have not been sent yet.
#[derive(Debug, Default)]
pub(super) struct Output(Vec<u8>);

impl Output {
    /// Takes the bytes to send.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        self.0.push(kind);
        self.0.extend(length(4 + body.len()));
        self.0.extend(body);
    }

    /// Adds a message without a body.
    pub(super) fn empty(&mut self, kind: u8) {
        self.message(kind, &[]);
    }

    pub(super) fn authentication_ok(&mut self) {
        self.message(b'R', &0_i32.to_be_bytes());
    }

    pub(super) fn parameter_status(&mut self, name: &str, value: &str) {
        self.message(b'S', format!("{name}\0{value}\0").as_bytes());
    }

    pub(super) fn key_data(&mut self, process: i32, secret: i32) {
        self.message(
            b'K',
            &[process.to_be_bytes(), secret.to_be_bytes()].concat(),
        );
    }

    pub(super) fn ready_for_query(&mut self, status: u8) {
        self.message(b'Z', &[status]);
    }

    pub(super) fn error(&mut self, code: &str, message: &str) {
        let fields = format!("SERROR\0VERROR\0C{code}\0M{message}\0\0");
        self.message(b'E', fields.as_bytes());
    }

    pub(super) fn parameter_description(&mut self, parameters: &[Type]) {
        let mut body = count(parameters.len()).to_vec();
        for kind in parameters {
            body.extend(kind.oid().to_be_bytes());
        }
        self.message(b't', &body);
    }

    /// Adds the description of columns, if there are any.
    pub(super) fn row_description(&mut self, columns: &[(&str, Type)], is_binary: bool) {
        if columns.is_empty() {
            return;
        }
        let mut body = count(columns.len()).to_vec();
        for (name, kind) in columns {
            body.extend(format!("{name}\0").as_bytes());
            // Not the column of a table.
            body.extend([0; 6]);
            body.extend(kind.oid().to_be_bytes());
            // A size that varies, without a modifier.
            body.extend((-1_i16).to_be_bytes());
            body.extend((-1_i32).to_be_bytes());
            body.extend(i16::from(is_binary).to_be_bytes());
        }
        self.message(b'T', &body);
    }

    pub(super) fn data_row(&mut self, values: &[Value], is_binary: bool) {
        let mut body = count(values.len()).to_vec();
        for value in values {
            let bytes = if is_binary {
                value.to_binary()
            } else {
                value.to_text()
            };
            match bytes {
                Some(bytes) => {
                    body.extend(length(bytes.len()));
                    body.extend(bytes);
                }
                None => body.extend((-1_i32).to_be_bytes()),
            }
        }
        self.message(b'D', &body);
    }

    pub(super) fn command_complete(&mut self, tag: &str) {
        self.message(b'C', format!("{tag}\0").as_bytes());
    }
}

fn length(length: usize) -> [u8; 4] {
    let length = i32::try_from(length).expect("messages are short");
    length.to_be_bytes()
}

fn count(count: usize) -> [u8; 2] {
    let count = i16::try_from(count).expect("rows have few columns");
    count.to_be_bytes()
}

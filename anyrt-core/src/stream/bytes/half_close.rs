//! The attribute [`HalfClose`].

use std::io;

use crate::stream::{Attribute, Attributes, AttributesExt};

/// Whether a stream can end its sending direction alone, in its current state. Without this attribute, it
/// can.
///
/// [`send_eof`](super::ByteSendStreamExt::send_eof) checks it before it closes anything. TLS 1.2 cannot end
/// one direction alone.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HalfClose;

impl Attribute for HalfClose {
    type Value = bool;
    const NAME: &'static str = "half close";
}

pub(in crate::stream) fn refuse_without_half_close<S: Attributes + ?Sized>(
    stream: &S,
) -> io::Result<()> {
    if stream.attribute_or::<HalfClose>(true) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this stream cannot end one direction alone: `close` ends both",
    ))
}

use std::io;

use crate::stream::{Attribute, Attributes, AttributesExt};

/// Whether a stream can end its sending direction alone, as it is now. A stream that does not say
/// can.
///
/// What [`send_eof`](super::ByteSendStreamExt::send_eof) asks for before it closes anything.
/// TLS 1.2 is what cannot.
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

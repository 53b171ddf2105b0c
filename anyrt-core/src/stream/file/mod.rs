//! Files as byte streams. All calls on a file run on worker threads.

mod attributes;
#[cfg_attr(
    not(feature = "fs"),
    expect(dead_code, reason = "file streams use a part of it")
)]
pub(crate) mod engine;
mod read;
mod write;

pub use self::attributes::{FileHandle, FilePath};
pub use self::read::FileReadStream;
pub use self::write::FileWriteStream;

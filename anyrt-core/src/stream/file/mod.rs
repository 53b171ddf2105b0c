//! Files as byte streams. What is done with a file is done on a worker thread.

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

//! Files as byte streams. What is done with a file is done on a worker thread.

mod attributes;
pub(crate) mod engine;
mod read;
mod write;

pub use self::attributes::{FileHandle, FilePath};
pub use self::read::FileReadStream;
pub use self::write::FileWriteStream;

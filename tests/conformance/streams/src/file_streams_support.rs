//! Files for the cases about streams of files.

use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::runtime::Runtime;
use anyrt_core::stream::{ByteReceiveStreamExt, FileReadStream, is_end_of_stream};

/// A folder for files, which is removed with all its contents.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("anyrt-file-streams-{}-{number}", process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    /// Creates a file with these bytes.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}

pub(crate) async fn receive_all<R: Runtime>(stream: &mut FileReadStream<R>, max: usize) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        match stream.receive(max).await {
            Ok(some) => {
                assert!((1..=max).contains(&some.len()));
                received.extend(some);
            }
            Err(error) => {
                assert!(is_end_of_stream(&error), "{error}");
                return received;
            }
        }
    }
}

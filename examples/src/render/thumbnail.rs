//! The work of a worker process on one image.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufReader, Cursor};
use std::panic::{catch_unwind, set_hook};
use std::sync::Once;

use image::ImageReader;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The arguments of a worker. Paths are unchanged, also if they are not UTF-8.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) image: OsString,
    pub(crate) size: u32,
    /// In bytes, for the whole process.
    pub(crate) memory: u64,
}

/// Returns the thumbnail of an image, encoded in the format of the image.
///
/// This process is limited to some memory. The system ends it if the image needs more.
#[anyrt::process_fn]
pub(crate) fn thumbnail(job: Job) -> Result<Vec<u8>, String> {
    static CONFINED: Once = Once::new();
    CONFINED.call_once(|| confine(job.memory));
    catch_unwind(|| make(&job)).unwrap_or_else(|_| Err("the decoder panicked".to_owned()))
}

/// Limits the memory of this process. The output of panics and failed allocations is not useful for the
/// user.
fn confine(memory: u64) {
    let limit = Rlimit {
        current: Some(memory),
        maximum: Some(memory),
    };
    // A limit that is already lower stays.
    let _ = setrlimit(Resource::As, limit);
    set_hook(Box::new(|_| {}));
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stderr(null);
    }
}

fn make(job: &Job) -> Result<Vec<u8>, String> {
    let file = File::open(&job.image).map(BufReader::new);
    // The format is detected by the content, because the name may be wrong.
    let reader = file.and_then(|file| ImageReader::new(file).with_guessed_format());
    let mut reader = reader.map_err(reason)?;
    let format = reader.format().ok_or("this is not an image")?;
    // The limit of the process applies to the whole decoder.
    reader.no_limits();
    let image = reader.decode().map_err(reason)?;
    let mut thumbnail = Vec::new();
    let small = image.thumbnail(job.size, job.size);
    let written = small.write_to(&mut Cursor::new(&mut thumbnail), format);
    written.map_err(reason)?;
    Ok(thumbnail)
}

/// Returns the text of an error, without the newline that some have at the end.
fn reason(error: impl Display) -> String {
    error.to_string().trim_end().to_owned()
}

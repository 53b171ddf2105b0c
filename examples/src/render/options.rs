//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use anyrt::Backend;
use anyrt_examples::at_least_one;
use lexopt::{Arg, Parser, ValueExt};

pub(crate) struct Options {
    pub(crate) backend: Option<Backend>,
    pub(crate) jobs: NonZeroUsize,
    pub(crate) out: PathBuf,
    pub(crate) size: u32,
    /// In bytes.
    pub(crate) memory: u64,
    pub(crate) images: Vec<PathBuf>,
}

/// Reads the command line. Returns `None` if help is requested.
pub(crate) fn read(mut parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut backend = None;
    let mut jobs = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let (mut out, mut images) = (None, Vec::new());
    let (mut size, mut memory) = (256, 1024);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('b') | Arg::Long("backend") => backend = Some(parser.value()?.parse()?),
            Arg::Short('j') | Arg::Long("jobs") => jobs = at_least_one(&parser.value()?, "job")?,
            Arg::Short('o') | Arg::Long("out") => out = Some(parser.value()?.into()),
            Arg::Short('s') | Arg::Long("size") => {
                let pixels = at_least_one(&parser.value()?, "pixel")?.get();
                size = u32::try_from(pixels).map_err(|_| "a thumbnail is not that large")?;
            }
            Arg::Short('m') | Arg::Long("memory") => {
                memory = at_least_one(&parser.value()?, "MiB")?.get();
            }
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(path) => images.push(path.into()),
            unknown => return Err(unknown.unexpected()),
        }
    }
    if images.is_empty() {
        return Err("no IMAGE was given".into());
    }
    Ok(Some(Options {
        backend,
        jobs,
        out: out.ok_or("no folder was given with --out")?,
        size,
        memory: (memory as u64).saturating_mul(1 << 20),
        images,
    }))
}

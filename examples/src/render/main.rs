//! Makes thumbnails of PNG and JPEG images: `render [--backend NAME] [--jobs N] --out DIR IMAGE…`.
//!
//! Images are decoded in worker processes. A broken image that makes the decoder panic, crash or exhaust
//! its memory affects only that image. Read the files in this order:
//!
//! | file | contents |
//! | --- | --- |
//! | `main`, `options` | the command line |
//! | `render` | the tasks: one call of a worker for each image, writing, showing progress |
//! | `thumbnail` | the work of a worker process on one image |
//!
//! The parts that it shares with the other programs are in `common`: above all the run, Ctrl-C and the
//! exit status.

mod options;
mod render;
mod thumbnail;

use std::process::ExitCode;

use anyrt_examples::Messages;

use self::render::{Summary, render};

const HELP: &str = "\
Makes thumbnails of PNG and JPEG images, in worker processes.

Usage: render [OPTIONS] --out DIR IMAGE...

Each thumbnail has the name and the format of its IMAGE. A broken image is reported, and the others are
made nevertheless: even if it crashes the decoder, or needs more memory than is allowed.

Options:
  -o, --out DIR       where to put the thumbnails; made if it is missing
  -s, --size N        how many pixels a thumbnail is wide and high at most, 256 by default
  -m, --memory MIB    how much memory a worker process may use, 1024 MiB by default
  -j, --jobs N        how many worker processes to use; by default one for each processor
  -b, --backend NAME  tokio, smol or async-std; by default the one that the environment
                      variable ANYRT_BACKEND names, else tokio
  -h, --help          this text

Exit status: 0 if all thumbnails were made, 1 if not, 2 for a wrong command line, 130 after Ctrl-C.
";

fn main() -> ExitCode {
    // In a worker process, this call does not return.
    anyrt::to_process::serve();
    let messages = Messages::new("render");
    let options = match anyrt_examples::command_line(HELP, options::read, &messages) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let backend = options.backend;
    let summary = Summary::default();
    let work = render(options, &summary, &messages);
    anyrt_examples::run(backend, work, &summary, &messages)
}

//! The example `serve` under `wrk`, against the same service on hyper and tokio alone.

mod plain;
mod server;
mod wrk;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::json;
use crate::overhead::median;

pub(crate) use self::plain::run as run_plain;

use self::server::Server;

/// The options of the command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// The duration of each round of `wrk`.
    pub(crate) seconds: usize,
    pub(crate) connections: usize,
    pub(crate) json: Option<PathBuf>,
}

/// The first word of the command line of the process that serves without anyrt.
pub(crate) const PLAIN: &str = "plain-serve";

/// The largest ratio of requests per second, theirs to ours.
const FLOOR: f64 = 1.05;

/// The backend that the floor applies to: the runtime of the other side.
const SAME_RUNTIME: &str = "tokio";

/// The requested files, by size.
const FILES: [(&str, usize); 2] = [("1 KiB", 1024), ("64 KiB", 64 * 1024)];

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let site = Site::new()?;
    let plain = Server::plain(&site.0)?;
    let mut rows = Vec::new();
    let mut text = format!(
        "requests per second, of {} connections that each ask anew when they are answered\n\n\
         | file | backend | ours | theirs | theirs / ours | floor |\n\
         | --- | --- | ---: | ---: | ---: | --- |\n",
        options.connections
    );
    for backend in [SAME_RUNTIME, "smol", "async-std"] {
        let example = Server::example(backend, &site.0)?;
        for (file, _) in FILES {
            eprintln!("serve on {backend}, {file}");
            let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for server in [&example, &plain] {
                wrk::ask(&server.url(file), 1, options.connections)?;
            }
            for round in 0..options.rounds {
                let ask = |server: &Server| {
                    wrk::ask(&server.url(file), options.seconds, options.connections)
                };
                let (us, them);
                if round % 2 == 0 {
                    us = ask(&example)?;
                    them = ask(&plain)?;
                } else {
                    them = ask(&plain)?;
                    us = ask(&example)?;
                }
                ours.push(us);
                theirs.push(them);
                ratios.push(them / us);
            }
            let (ours, theirs, ratio) = (median(ours), median(theirs), median(ratios));
            let verdict = match (backend == SAME_RUNTIME, ratio <= FLOOR) {
                (false, _) => String::new(),
                (true, true) => format!("{FLOOR:.2} ok"),
                (true, false) => format!("{FLOOR:.2} MISSED"),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {file} | {backend} | {ours:.0} | {theirs:.0} | {ratio:.3} | {verdict} |"
            );
            rows.push(
                json::Object::new()
                    .text("case", &format!("serve, {file}"))
                    .text("backend", backend)
                    .number("ours_per_second", ours)
                    .number("theirs_per_second", theirs)
                    .number("ratio", ratio),
            );
        }
    }
    print!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, json::array(rows.into_iter()))?;
    }
    Ok(())
}

/// A directory with the files, which is removed when this is dropped.
struct Site(PathBuf);

impl Site {
    fn new() -> io::Result<Site> {
        let site = Site(env::temp_dir().join(format!("anyrt-bench-{}", process::id())));
        fs::create_dir(&site.0)?;
        for (name, size) in FILES {
            fs::write(site.0.join(file_name(name)), vec![b'x'; size])?;
        }
        Ok(site)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // If it fails, the files stay in the system's temporary folder.
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}

/// Returns a file name that needs no escapes in a URL.
fn file_name(name: &str) -> String {
    name.replace(' ', "-") + ".txt"
}

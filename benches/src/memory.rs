//! What a blocked child costs in memory, and whether cancelling children is linear.
//!
//! Each number comes from a process of its own, which runs this program again: memory that was
//! freed by one measurement would be counted as free in the next.

use std::convert::Infallible;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;

use crate::cases::Side;
use crate::cases::cancel;
use crate::futures::{Blocked, Countdown};
use crate::json;
use crate::lane::{self, AsyncStdShared, Lane, Native, SmolOne, TokioCurrent};

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) children: usize,
    pub(crate) rounds: usize,
    pub(crate) json: Option<PathBuf>,
}

/// More than these a child may not cost (section 8 of the design).
const FLOOR: f64 = 200.0;

/// The first word of the command line of a process that measures.
pub(crate) const PART: &str = "memory-part";

struct Backend {
    name: &'static str,
    bytes: fn(Side, usize) -> usize,
}

const BACKENDS: &[Backend] = &[
    backend::<TokioCurrent>(),
    backend::<SmolOne>(),
    backend::<AsyncStdShared>(),
];

const fn backend<L: Lane>() -> Backend {
    Backend {
        name: L::NAME,
        bytes: |side, count| match side {
            Side::Ours => lane::ours::<L, _>(bytes_of_group::<L::Runtime>(count)),
            Side::Theirs => lane::native::<L, _, _>(|native| bytes_of_tasks(native, count)),
        },
    }
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let count = options.children;
    let mut rows = Vec::new();
    let mut text = format!(
        "{count} blocked children in one group, against the same tasks spawned natively\n\n\
         | backend | ours | theirs | beyond, per child | floor |\n\
         | --- | ---: | ---: | ---: | --- |\n"
    );
    for (index, backend) in BACKENDS.iter().enumerate() {
        eprintln!("memory on {}", backend.name);
        let ours = part("bytes", index, Side::Ours, count)?;
        let theirs = part("bytes", index, Side::Theirs, count)?;
        let beyond = (ours - theirs) / count as f64;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} bytes | {:.0} bytes | {beyond:.0} bytes | {FLOOR:.0} {} |",
            backend.name,
            ours / count as f64,
            theirs / count as f64,
            if beyond <= FLOOR { "ok" } else { "MISSED" },
        );
        rows.push(
            json::Object::new()
                .text("case", "bytes per blocked child")
                .text("backend", backend.name)
                .number("children", count as f64)
                .number("ours_bytes", ours / count as f64)
                .number("theirs_bytes", theirs / count as f64)
                .number("beyond_bytes", beyond),
        );
    }
    text.push_str(
        "\nCancelling them and waiting for the end, on tokio's current thread, against JoinSet\n\n\
         | children | ours, per child | theirs, per child | ratio |\n\
         | ---: | ---: | ---: | ---: |\n",
    );
    for children in [count / 4, count / 2, count] {
        eprintln!("cancelling {children}");
        let ours = fastest(options.rounds, Side::Ours, children)?;
        let theirs = fastest(options.rounds, Side::Theirs, children)?;
        let _ = writeln!(
            text,
            "| {children} | {:.1} ns | {:.1} ns | {:.3} |",
            ours / children as f64,
            theirs / children as f64,
            ours / theirs,
        );
        rows.push(
            json::Object::new()
                .text("case", "cancel and join blocked children")
                .text("backend", TokioCurrent::NAME)
                .number("children", children as f64)
                .number("ours_ns", ours / children as f64)
                .number("theirs_ns", theirs / children as f64)
                .text("theirs", "JoinSet::abort_all + join_next")
                .number("ratio", ours / theirs),
        );
    }
    print!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, json::array(rows.into_iter()))?;
    }
    Ok(())
}

/// Of several runs the fastest is the one that was disturbed least.
fn fastest(rounds: usize, side: Side, count: usize) -> io::Result<f64> {
    let mut fastest = f64::INFINITY;
    for _ in 0..rounds {
        fastest = fastest.min(part("cancel", 0, side, count)?);
    }
    Ok(fastest)
}

/// Measures in a process of its own.
fn part(what: &str, backend: usize, side: Side, count: usize) -> io::Result<f64> {
    let side = match side {
        Side::Ours => "ours",
        Side::Theirs => "theirs",
    };
    let output = Command::new(env::current_exe()?)
        .args([PART, what, &backend.to_string(), side, &count.to_string()])
        .output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    answer.trim().parse().map_err(|_| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("{PART} {what} {side} {count} failed: {complaint}"))
    })
}

/// What the processes that measure do.
pub(crate) fn run_part(arguments: &[String]) -> Option<usize> {
    let [what, backend, side, count] = arguments else {
        return None;
    };
    let side = match &**side {
        "ours" => Side::Ours,
        "theirs" => Side::Theirs,
        _ => return None,
    };
    let count = count.parse().ok()?;
    match &**what {
        "bytes" => {
            let backend = BACKENDS.get(backend.parse::<usize>().ok()?)?;
            Some((backend.bytes)(side, count))
        }
        "cancel" => {
            let taken = match side {
                Side::Ours => {
                    lane::ours::<TokioCurrent, _>(cancel::group::<anyrt_tokio::Tokio>(count))
                }
                Side::Theirs => lane::native::<TokioCurrent, _, _>(|_| cancel::join_set(count)),
            };
            usize::try_from(taken.as_nanos()).ok()
        }
        _ => None,
    }
}

async fn bytes_of_group<R: Runtime>(count: usize) -> usize {
    let before = resident();
    let bytes = task_group::<R, Infallible, _, _>(|group| async move {
        let countdown = Countdown::new(count);
        for _ in 0..count {
            group.spawn(Blocked::new(&countdown));
        }
        countdown.wait().await;
        let bytes = resident().saturating_sub(before);
        group.cancel();
        Ok(bytes)
    })
    .await;
    bytes.expect("the body ends by itself")
}

async fn bytes_of_tasks<N: Native>(native: N, count: usize) -> usize {
    let before = resident();
    let countdown = Countdown::new(count);
    for _ in 0..count {
        native.detach(Blocked::new(&countdown));
    }
    countdown.wait().await;
    resident().saturating_sub(before)
}

/// How much memory this process occupies, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("this is measured on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: usize = kilobytes
        .and_then(|number| number.parse().ok())
        .expect("the kernel says how much is resident");
    kilobytes * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs() {
        for what in ["bytes", "cancel"] {
            for backend in 0..BACKENDS.len() {
                for side in ["ours", "theirs"] {
                    let arguments = [what, &backend.to_string(), side, "1000"];
                    let arguments = arguments.map(str::to_owned);
                    assert!(run_part(&arguments).is_some(), "{arguments:?}");
                }
            }
        }
    }
}

//! The memory of a blocked child, the cost of cancelling many children, which must be linear, and the
//! behaviour of a semaphore with many waiting tasks, which must not lose a permit or a task.
//!
//! Each number comes from a separate process, which runs this program again: memory that one measurement
//! has freed would count as free in the next.

use std::convert::Infallible;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyrt_core::cancel::checkpoint;
use anyrt_core::runtime::Runtime;
use anyrt_core::sync::Semaphore;
use anyrt_core::task::{TaskStatus, task_group};

use crate::cases::cancel;
use crate::clock::Start;
use crate::futures::{Blocked, Countdown, YieldOnce};
use crate::json;
use crate::setup::{self, AsyncStdShared, Native, Setup, Side, SmolOne, TokioCurrent};

/// The options of the command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) children: usize,
    pub(crate) rounds: usize,
    pub(crate) json: Option<PathBuf>,
}

/// The largest memory of a child, in bytes ("Performance targets" in `ARCHITECTURE.md`).
const FLOOR: f64 = 128.0;

/// The number of permits of the semaphore that the crowd waits for.
const PERMITS: usize = 16;

/// The number of blocked children for each task in the crowd.
const CROWD: usize = 10;

/// The first word of the command line of a process that measures.
pub(crate) const PART: &str = "memory-part";

/// The sizes of the futures that are blocked, in bytes.
const SIZES: [usize; 3] = [16, 104, 400];

/// A function that measures the memory of blocked futures, of which there are as many as its argument.
type Bytes = fn(Side, usize) -> usize;

struct Backend {
    name: &'static str,
    /// One function for each of the sizes.
    bytes: [Bytes; SIZES.len()],
    crowd: fn(usize) -> [usize; 5],
}

const BACKENDS: &[Backend] = &[
    backend::<TokioCurrent>(),
    backend::<SmolOne>(),
    backend::<AsyncStdShared>(),
];

const fn backend<L: Setup>() -> Backend {
    Backend {
        name: L::NAME,
        bytes: [bytes::<L, 1>, bytes::<L, 12>, bytes::<L, 49>],
        crowd: |count| setup::ours::<L, _>(crowd::<L::Runtime>(count)),
    }
}

/// Measures the memory of `count` blocked futures of `WORDS` words and a pointer.
fn bytes<L: Setup, const WORDS: usize>(side: Side, count: usize) -> usize {
    debug_assert!(SIZES.contains(&size_of::<Blocked<WORDS>>()), "a known size");
    match side {
        Side::Ours => setup::ours::<L, _>(bytes_of_group::<L::Runtime, WORDS>(count)),
        Side::Theirs => {
            setup::native::<L, _, _>(|native| bytes_of_tasks::<L::Native, WORDS>(native, count))
        }
    }
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let count = options.children;
    let mut rows = Vec::new();
    let mut text = format!(
        "{count} blocked children in one group, against the same tasks spawned natively\n\n\
         | backend | future | ours | theirs | beyond, per child | floor |\n\
         | --- | ---: | ---: | ---: | ---: | --- |\n"
    );
    for (index, backend) in BACKENDS.iter().enumerate() {
        for (number, size) in SIZES.iter().enumerate() {
            eprintln!("memory on {}, futures of {size} bytes", backend.name);
            let what = format!("bytes-{number}");
            let [ours] = part(&what, index, Side::Ours, count)?;
            let [theirs] = part(&what, index, Side::Theirs, count)?;
            let beyond = (ours - theirs) / count as f64;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {size} bytes | {:.0} bytes | {:.0} bytes | {beyond:.0} bytes | {FLOOR:.0} {} |",
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
                    .number("future_bytes", *size as f64)
                    .number("ours_bytes", ours / count as f64)
                    .number("theirs_bytes", theirs / count as f64)
                    .number("beyond_bytes", beyond),
            );
        }
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
    add_crowds(count / CROWD, &mut text, &mut rows)?;
    print!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, json::array(rows.into_iter()))?;
    }
    Ok(())
}

/// Measures a crowd that waits for one semaphore, and is partly cancelled.
fn add_crowds(count: usize, text: &mut String, rows: &mut Vec<json::Object>) -> io::Result<()> {
    let _ = writeln!(
        text,
        "\n{count} tasks that wait for one semaphore of {PERMITS} permits; half of them, chosen at \
         random, are\ncancelled while the others get their turn: each is accounted for, and all \
         permits are back\n\n\
         | backend | acquired | cancelled | time | peak memory | per task |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    );
    for (index, backend) in BACKENDS.iter().enumerate() {
        eprintln!("{count} waiting on {}", backend.name);
        let [acquired, cancelled, nanoseconds, peak, beyond] =
            part("crowd", index, Side::Ours, count)?;
        let per_task = beyond / count as f64;
        let _ = writeln!(
            text,
            "| {} | {acquired} | {cancelled} | {:.1} ms | {:.1} MiB | {per_task:.0} bytes |",
            backend.name,
            nanoseconds / 1e6,
            peak / f64::from(1 << 20),
        );
        rows.push(
            json::Object::new()
                .text(
                    "case",
                    "tasks that wait for one semaphore, half of them cancelled",
                )
                .text("backend", backend.name)
                .number("tasks", count as f64)
                .number("acquired", acquired)
                .number("cancelled", cancelled)
                .number("ours_ns", nanoseconds)
                .number("peak_bytes", peak)
                .number("bytes_per_task", per_task),
        );
    }
    Ok(())
}

/// Returns the fastest of several runs, which is the one with the least disturbance.
fn fastest(rounds: usize, side: Side, count: usize) -> io::Result<f64> {
    let mut fastest = f64::INFINITY;
    for _ in 0..rounds {
        let [taken] = part("cancel", 0, side, count)?;
        fastest = fastest.min(taken);
    }
    Ok(fastest)
}

/// Measures `N` numbers in a separate process.
fn part<const N: usize>(
    what: &str,
    backend: usize,
    side: Side,
    count: usize,
) -> io::Result<[f64; N]> {
    let side = side.name();
    let output = Command::new(env::current_exe()?)
        .args([PART, what, &backend.to_string(), side, &count.to_string()])
        .output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let numbers: Result<Vec<f64>, _> = answer.split_whitespace().map(str::parse).collect();
    let numbers = numbers.ok().and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("{PART} {what} {side} {count} failed: {complaint}"))
    })
}

/// Runs the measurement of a separate process.
pub(crate) fn run_part(arguments: &[String]) -> Option<Vec<usize>> {
    let [what, backend, side, count] = arguments else {
        return None;
    };
    let side = match &**side {
        "ours" => Side::Ours,
        "theirs" => Side::Theirs,
        _ => return None,
    };
    let count = count.parse().ok()?;
    if let Some(number) = what.strip_prefix("bytes-") {
        let backend = BACKENDS.get(backend.parse::<usize>().ok()?)?;
        let bytes = backend.bytes.get(number.parse::<usize>().ok()?)?;
        return Some(vec![bytes(side, count)]);
    }
    match &**what {
        "crowd" => {
            let backend = BACKENDS.get(backend.parse::<usize>().ok()?)?;
            Some((backend.crowd)(count).to_vec())
        }
        "cancel" => {
            let taken = match side {
                Side::Ours => {
                    setup::ours::<TokioCurrent, _>(cancel::group::<anyrt_tokio::Tokio>(count))
                }
                Side::Theirs => setup::native::<TokioCurrent, _, _>(|_| cancel::join_set(count)),
            };
            Some(vec![usize::try_from(taken.as_nanos()).ok()?])
        }
        _ => None,
    }
}

async fn bytes_of_group<R: Runtime, const WORDS: usize>(count: usize) -> usize {
    let before = resident();
    let bytes = task_group::<R, Infallible, _, _>(|group| async move {
        let countdown = Countdown::new(count);
        for _ in 0..count {
            group.spawn(Blocked::<WORDS>::new(&countdown));
        }
        countdown.wait().await;
        let bytes = resident().saturating_sub(before);
        group.cancel();
        Ok(bytes)
    })
    .await;
    bytes.expect("the body ends by itself")
}

async fn bytes_of_tasks<N: Native, const WORDS: usize>(native: N, count: usize) -> usize {
    let before = resident();
    let countdown = Countdown::new(count);
    for _ in 0..count {
        native.detach(Blocked::<WORDS>::new(&countdown));
    }
    countdown.wait().await;
    resident().saturating_sub(before)
}

/// Runs `count` tasks that wait for one semaphore. Then the permits are passed on, and half of the tasks
/// are cancelled at the same time. Returns how many got a permit, how many were cancelled, the
/// nanoseconds from the first spawn to the last end, the peak of memory, and how much of that belongs to
/// the tasks.
async fn crowd<R: Runtime>(count: usize) -> [usize; 5] {
    let before = resident();
    let start = Start::now();
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let mut held = Vec::new();
    for _ in 0..PERMITS {
        held.push(semaphore.acquire_arc().await);
    }
    let (acquired, cancelled) = task_group::<R, Infallible, _, _>(async |group| {
        let handles: Vec<_> = (0..count)
            .map(|_| {
                let semaphore = semaphore.clone();
                group.spawn(async move {
                    let _permit = semaphore.acquire().await;
                    YieldOnce::default().await;
                })
            })
            .collect();
        while semaphore.statistics().waiting < count {
            checkpoint().await;
        }
        drop(held);
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let mut left: Vec<_> = handles.iter().collect();
        for number in 0..count / 2 {
            left.swap_remove(random.below(left.len())).cancel();
            // Waits from time to time, so that tasks are cancelled that already have a permit.
            if number % 64 == 0 {
                checkpoint().await;
            }
        }
        let (mut acquired, mut cancelled) = (0, 0);
        for handle in &handles {
            handle.wait().await;
            match handle.status() {
                TaskStatus::Finished => acquired += 1,
                TaskStatus::Cancelled => cancelled += 1,
                other => panic!("a task that waits for a permit ended as {other:?}"),
            }
        }
        Ok((acquired, cancelled))
    })
    .await
    .expect("nothing cancels the group");
    let nanoseconds = start.elapsed().as_nanos();
    assert_eq!(acquired + cancelled, count, "each task is accounted for");
    assert!(
        acquired >= count - count / 2,
        "who is not cancelled gets in"
    );
    assert_eq!(semaphore.available(), PERMITS, "all permits are back");
    assert_eq!(semaphore.statistics().waiting, 0, "nobody is left");
    let peak = memory("VmHWM:");
    [
        acquired,
        cancelled,
        usize::try_from(nanoseconds).expect("it does not take centuries"),
        peak,
        peak.saturating_sub(before),
    ]
}

/// A generator of pseudo-random numbers, the same each time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Returns the memory that this process occupies, in bytes.
fn resident() -> usize {
    memory("VmRSS:")
}

/// Returns a value of the kernel about the memory of this process, in bytes.
fn memory(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("this is measured on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: usize = kilobytes
        .and_then(|number| number.parse().ok())
        .expect("the kernel says how much that is");
    kilobytes * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs() {
        for what in ["bytes-0", "bytes-1", "bytes-2", "cancel", "crowd"] {
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

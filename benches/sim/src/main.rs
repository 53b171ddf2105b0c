//! The speed of the simulation backend, beside madsim and turmoil, in one process.

#[cfg(not(madsim))]
compile_error!(
    "madsim needs `--cfg madsim` for all crates: run cargo in the folder benches/sim, whose \
     .cargo/config.toml sets it, or set RUSTFLAGS"
);

mod cases;
mod madsim_side;
mod ours;
mod table;
mod turmoil_side;

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::cases::{Case, Side};

const HELP: &str = "\
usage: cargo run --release -- [OPTION]...     in the folder benches/sim

Measures anyrt-sim beside madsim and turmoil: the same work on each side, written as its users write
it, in turn, in rounds. Times are the processor time of the one thread that simulates. The table has
the median of each side, and the median of the rounds' ratios beside the floor, which must be
reached, and the aim. Fails if a floor is missed.

  --rounds N    rounds per case (default 9)
  --scale F     times the size of each round (default 1)
  --case TEXT   only cases with TEXT in their name
  --only SIDE   runs `ours`, `madsim` or `turmoil` alone, and prints nothing: for a profiler
  --seeds N     simulates that many tiny seeds, and prints nothing: a part of `two processes`
  --no-fail     succeeds even if a floor is missed

What is measured. Packets take the same virtual time on each side, in an order and with times that
the seed decides: 1 to 10 ms, which is the default of anyrt-sim and of madsim, or 0 to 100 ms, which
is turmoil's. A floor is on the lines with the default of the other side; the lines of turmoil with
1 to 10 ms are there to compare, without a floor. turmoil moves time by ticks of a millisecond, which
is its default: its cost is one per tick, not one per packet, so that it is better with packets that
arrive close to each other.

  timers            100 tasks that sleep 1 to 10 ms again and again
  round trips       64 bytes to another host and back, over one TCP connection, or 100 at once
  tiny seeds        a world with two hosts, a connection, ten echoes of 64 bytes, and its end
  events and draws  what keeping all events and draws for the report costs; the hash is always on
  idle day          a virtual day with ten hosts that sleep. turmoil: 8.64 s, extrapolated
  1,000 hosts       ten datagrams a second from each to the next, for a minute; not on turmoil, which
                    takes minutes
  two threads       tiny seeds on two threads against one, in wall-clock time; needs two idle
                    processors
  two processes     tiny seeds in two processes against one, each with one thread: what two threads
                    could reach on this machine at best
";

/// The options of the command line.
#[derive(Debug)]
pub(crate) struct Options {
    rounds: usize,
    scale: f64,
    filter: String,
    only: Option<Side>,
    seeds: Option<u64>,
    may_miss: bool,
}

fn main() -> ExitCode {
    let options = match parse(env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("anyrt-bench-sim: {message}; see --help");
            return ExitCode::from(2);
        }
    };
    if let Some(seeds) = options.seeds {
        ours::tiny_seeds(seeds);
        return ExitCode::SUCCESS;
    }
    let cases = cases::all();
    let mut cases: Vec<_> = cases
        .into_iter()
        .filter(|case| case.name.contains(&options.filter))
        .collect();
    if let Some(side) = options.only {
        for case in &mut cases {
            run_side(case, side, &options);
        }
        return ExitCode::SUCCESS;
    }
    let mut rows = Vec::new();
    for case in cases {
        eprintln!("{}", case.name);
        rows.push(measure(case, &options));
    }
    if table::print(&rows) || options.may_miss {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        rounds: 9,
        scale: 1.0,
        filter: String::new(),
        only: None,
        seeds: None,
        may_miss: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("`{argument}` needs a value"))
        };
        let wrong = |value: &str| format!("`{argument}` does not take `{value}`");
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--rounds" => {
                let value = value()?;
                let rounds = value.parse().ok().filter(|&rounds| rounds > 0);
                options.rounds = rounds.ok_or_else(|| wrong(&value))?;
            }
            "--scale" => {
                let value = value()?;
                let scale = value.parse().ok().filter(|&scale| scale > 0.0);
                options.scale = scale.ok_or_else(|| wrong(&value))?;
            }
            "--case" => options.filter = value()?,
            "--only" => {
                let value = value()?;
                let side = Side::ALL.into_iter().find(|side| side.name() == value);
                options.only = Some(side.ok_or_else(|| wrong(&value))?);
            }
            "--seeds" => {
                let value = value()?;
                options.seeds = Some(value.parse().map_err(|_| wrong(&value))?);
            }
            "--no-fail" => options.may_miss = true,
            _ => return Err(format!("there is no option `{argument}`")),
        }
    }
    Ok(Some(options))
}

/// The seconds that an operation takes on each side, in each round.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) rounds: Vec<[Option<f64>; 3]>,
}

fn measure(mut case: Case, options: &Options) -> Row {
    let mut rounds = Vec::new();
    for round in 0..=options.rounds {
        let mut times = [None; 3];
        let mut order = Side::ALL;
        order.rotate_left(round % 3);
        for side in order {
            times[side as usize] = run_side(&mut case, side, options);
        }
        // The first round warms up.
        if round > 0 {
            rounds.push(times);
        }
    }
    Row { case, rounds }
}

/// Returns the seconds per operation, or `None` if the case does not have this side.
fn run_side(case: &mut Case, side: Side, options: &Options) -> Option<f64> {
    let lane = case.lanes[side as usize].as_mut()?;
    let count = ((lane.count as f64 * options.scale) as u64).max(lane.least);
    let (wall, start) = (Instant::now(), processor_time());
    (lane.run)(count);
    let spent = if case.wall {
        wall.elapsed()
    } else {
        processor_time() - start
    };
    Some(spent.as_secs_f64() * lane.parts / count as f64)
}

/// Returns the processor time of this thread so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

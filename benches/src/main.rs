//! The cost of anyrt: each operation against its native counterpart or a peer, measured in turn in one
//! process, so that other load of the machine affects both equally.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

mod cases;
mod clock;
mod futures;
mod instructions;
mod json;
mod memory;
mod overhead;
mod serve;
mod setup;
mod work;

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use crate::setup::Side;

const HELP: &str = "\
usage: anyrt-bench overhead [OPTION]...
       anyrt-bench memory [OPTION]...
       anyrt-bench instructions [OPTION]...
       anyrt-bench serve [OPTION]...

overhead   times each operation of anyrt's beside its counterpart, alternately, in rounds whose
           order alternates too, and prints the median of each and of the rounds' ratios
memory     what a blocked child takes beyond a native task, with futures of three sizes, and the
           time of cancelling 1/4, 1/2 and all of them; and a tenth as many tasks (100,000) that wait
           for one semaphore, half of them cancelled at random while its permits go round: how many
           got in and how many were cancelled, that no task and no permit is lost, the time, and the
           most memory that the process had (VmHWM), also beyond what it had before, for each task.
           Each number is from a process of its own
instructions  counts the instructions that a child costs beyond a native task on tokio's current
           thread, and how many of them lock the memory bus, under `valgrind`, which has to be
           installed, as has `objdump`; takes seconds. Fails if a child costs more than its bound,
           which is what was reached and a little more
serve      requests per second of the example `serve`, which has to be built, on each backend, under
           `wrk`, which has to be installed; against the same service on hyper and tokio alone:
           the same options of hyper and the same code that finds the file and makes the head of the
           response, with spawn_blocking and tokio::fs::File for to_thread and FileReadStream. Each
           server is a process of its own, with a thread for each processor

  --quick        few rounds of a twentieth of the size: whether all works, not what it costs
  --rounds N     rounds per case (default 15; memory: 3; serve: 7; not for instructions)
  --json FILE    writes the rows to FILE too
overhead:
  --list         prints the cases and ends
  --case TEXT    only cases with TEXT in their line of --list
  --scale F      times the size of each round, such as 0.1
  --cpu          measures the time of processors instead of the wall's, on a machine that is busy
                 with something else; what waits costs nothing then
  --only SIDE    runs `ours` or `theirs` alone, once, and prints nothing: for a profiler
memory, instructions:
  --children N   how many (default 1000000; instructions: 25000)
serve:
  --seconds N    how long `wrk` asks in each round (default 4)
  --connections N  how many connections it has (default 64)

What is compared. Each side has a fresh runtime with the same settings, is warm before the clock
starts, and works from within a task. The tasks are the same futures.

  spawn and join      100,000 tasks that yield once, all at once, or 1,000 after 1,000. Without handles: children of a group that
                      nobody asks for, against detached tasks with a shared counter whose last
                      wakes the waiter. With handles: each is awaited for its value, on both
                      sides. JoinSet: spawn, and join_next until it is empty. TaskTracker: each
                      task in token.run_until_cancelled_owned, as its authors advise.
  cancel and join     100,000 tasks that block for ever; the time from the cancellation to the end
                      of all. The tasks exist and have been polled before.
  timeout             fail_after(an hour), against tokio's timeout, and on smol and async-std
                      against futures_lite's `or` with an async_io::Timer; around a future that
                      is ready at once; yields to the scheduler once; is polled twice in one
                      poll of the task; is polled once and dropped; and per poll while pending.
  poll in N scopes    a future that does nothing, in N nested scopes, against the same without;
                      the last column has what one scope adds. Without timer: move_on_at with
                      no deadline; with timers: with a deadline in an hour.
  to_thread::run      an empty function, against the runtime's own call: one by one, and with 16 of
                      them under way; and 16 functions that wait until all of them are at work.
  portal call         BlockingPortal::call by one or eight threads outside the run, with a future
                      that is ready at once; against spawning it and waiting for its handle, which
                      is the same work, and against Handle::block_on, which polls it right there.
  Mutex, RwLock,      Alone: one task, and nobody to wait for. In turn: eight tasks that each keep
  Semaphore, Event    their turn across a yield, so that all others wait; the semaphore has two
                      permits. Event, alone: made, set and waited for; in turn: one task sets it,
                      and the others wait.
  stream              objects of a word, with so many senders:receivers in tasks of their own.
                      Sending is awaited, or with no limit to the capacity a plain call; where it
                      says so, it is awaited there too.
  ..., same tasks     what is measured in several tasks, once more, with anyrt's locks and streams
                      in native tasks as well: only the operation differs. In the other rows they
                      run in anyrt's tasks, whose price is in the ratio then.

  TCP                 over loopback, both ends in one task, as the library's own users write it, with
                      TCP_NODELAY on both sides. Echo: a message there and back; with 100
                      connections, all at once. Connect: connecting, accepting, closing both.
  TLS                 the same, encrypted, against tokio-rustls: TLS 1.3 with the same configurations
                     of rustls. Every message is flushed.
  to_process::run     a number there and back, to an idle worker process; against a message to `cat` and back,
                     through a socket pair that blocks.
  run_process         starting `true` with all its streams null, and waiting for its end: one by
                     one, and with 8 of them under way.
  files               from the system's cache. 1 GiB in order, with buffers of two sizes, per MiB; 20,000
                      files of 2,000 bytes, each read as a whole, one by one and with 16 of them
                      under way; listing a folder, against std::fs on the thread of the task, too.

Times are nanoseconds per message, task, call, poll, turn or object. The floors are those of
ARCHITECTURE.md; locks and streams have one against peers that serve senders, or who waits for a
lock, in the order of arrival, and where no more than one can wait.
";

fn main() -> ExitCode {
    anyrt_core::to_process::serve();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some((memory::PART, rest)) = arguments.split_first().map(|(a, b)| (&**a, b)) {
        return match memory::run_part(rest) {
            Some(measured) => {
                let numbers: Vec<_> = measured.iter().map(usize::to_string).collect();
                println!("{}", numbers.join(" "));
                ExitCode::SUCCESS
            }
            None => complain("this is for the program itself"),
        };
    }
    if let Some((instructions::PART, rest)) = arguments.split_first().map(|(a, b)| (&**a, b)) {
        return match instructions::run_part(rest) {
            Some(()) => ExitCode::SUCCESS,
            None => complain("this is for the program itself"),
        };
    }
    if let Some((serve::PLAIN, [dir])) = arguments.split_first().map(|(a, b)| (&**a, b)) {
        return finish(serve::run_plain(Path::new(dir)));
    }
    match parse(&arguments) {
        Ok(command) => finish(carry_out(&command)),
        Err(message) => complain(&message),
    }
}

fn finish(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("anyrt-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn complain(message: &str) -> ExitCode {
    eprintln!("anyrt-bench: {message}; see --help");
    ExitCode::from(2)
}

#[derive(Debug)]
enum Command {
    Help,
    List,
    Overhead(overhead::Options),
    Memory(memory::Options),
    Instructions(instructions::Options),
    Serve(serve::Options),
}

fn carry_out(command: &Command) -> io::Result<()> {
    match command {
        Command::Help => print!("{HELP}"),
        Command::List => overhead::list(),
        Command::Overhead(options) => overhead::run(options)?,
        Command::Memory(options) => memory::run(options)?,
        Command::Instructions(options) => instructions::run(options)?,
        Command::Serve(options) => serve::run(options)?,
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Command, String> {
    let mut arguments = arguments.iter();
    let command = match arguments.next().map(String::as_str) {
        Some("overhead") => Which::Overhead,
        Some("memory") => Which::Memory,
        Some("instructions") => Which::Instructions,
        Some("serve") => Which::Serve,
        Some("--help" | "-h" | "help") => return Ok(Command::Help),
        Some(other) => return Err(format!("there is no command `{other}`")),
        None => {
            return Err(
                "a command is missing: `overhead`, `memory`, `instructions` or `serve`".to_owned(),
            );
        }
    };
    let (mut quick, mut cpu) = (false, false);
    let (mut rounds, mut scale, mut children) = (None, None, None);
    let (mut json, mut filter, mut only) = (None, None, None);
    let (mut seconds, mut connections) = (None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("`{argument}` needs a value"))
        };
        match (command, argument.as_str()) {
            (_, "--help" | "-h") => return Ok(Command::Help),
            (_, "--quick") => quick = true,
            (Which::Overhead | Which::Memory | Which::Serve, "--rounds") => {
                rounds = Some(positive(argument, value()?)?)
            }
            (_, "--json") => json = Some(value()?.into()),
            (Which::Overhead, "--list") => return Ok(Command::List),
            (Which::Overhead, "--case") => filter = Some(value()?.clone()),
            (Which::Overhead, "--scale") => scale = Some(number(argument, value()?)?),
            (Which::Overhead, "--cpu") => cpu = true,
            (Which::Overhead, "--only") => only = Some(side(value()?)?),
            (Which::Memory | Which::Instructions, "--children") => {
                children = Some(positive(argument, value()?)?)
            }
            (Which::Serve, "--seconds") => seconds = Some(positive(argument, value()?)?),
            (Which::Serve, "--connections") => connections = Some(positive(argument, value()?)?),
            _ => return Err(format!("there is no option `{argument}` here")),
        }
    }
    Ok(match command {
        Which::Overhead => Command::Overhead(overhead::Options {
            rounds: rounds.unwrap_or(if quick { 3 } else { 15 }),
            scale: scale.unwrap_or(if quick { 0.05 } else { 1.0 }),
            filter,
            json,
            only,
            cpu,
        }),
        Which::Memory => Command::Memory(memory::Options {
            children: children.unwrap_or(if quick { 50_000 } else { 1_000_000 }),
            rounds: rounds.unwrap_or(if quick { 1 } else { 3 }),
            json,
        }),
        Which::Instructions => Command::Instructions(instructions::Options {
            children: children.unwrap_or(if quick { 5_000 } else { 25_000 }),
            json,
        }),
        Which::Serve => Command::Serve(serve::Options {
            rounds: rounds.unwrap_or(if quick { 1 } else { 7 }),
            seconds: seconds.unwrap_or(if quick { 1 } else { 4 }),
            connections: connections.unwrap_or(64),
            json,
        }),
    })
}

#[derive(Clone, Copy)]
enum Which {
    Overhead,
    Memory,
    Instructions,
    Serve,
}

fn number<T: FromStr + PartialOrd + Default>(option: &str, value: &str) -> Result<T, String> {
    match value.parse() {
        Ok(number) if number > T::default() => Ok(number),
        _ => Err(format!(
            "`{option}` needs a number above zero, not `{value}`"
        )),
    }
}

fn positive(option: &str, value: &str) -> Result<usize, String> {
    number(option, value)
}

fn side(value: &str) -> Result<Side, String> {
    match value {
        "ours" => Ok(Side::Ours),
        "theirs" => Ok(Side::Theirs),
        _ => Err(format!("`--only` takes `ours` or `theirs`, not `{value}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn mistakes_are_named() {
        for (line, message) in [
            ("", "a command is missing"),
            ("overheat", "no command `overheat`"),
            ("overhead --round 3", "no option `--round`"),
            ("overhead --rounds", "`--rounds` needs a value"),
            ("overhead --rounds 0", "above zero, not `0`"),
            ("overhead --scale x", "above zero, not `x`"),
            ("overhead --only both", "not `both`"),
            ("memory --case x", "no option `--case`"),
            ("instructions --rounds 3", "no option `--rounds`"),
            ("serve --seconds 0", "above zero, not `0`"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(message), "{line}: {error}");
        }
    }

    #[test]
    fn the_help_has_every_kind_of_case() {
        for case in cases::all() {
            let kind = case.name.split([' ', ',']).next().unwrap_or_default();
            assert!(HELP.contains(kind), "{case:?}");
        }
    }

    #[test]
    fn quick_is_small_unless_said_otherwise() {
        let Ok(Command::Overhead(options)) = parsed("overhead --quick --rounds 7") else {
            panic!("it is a command");
        };
        assert_eq!(options.rounds, 7);
        assert!(options.scale < 1.0);
    }
}

//! The number of instructions of a child, counted by callgrind, which gives the same numbers on a busy
//! machine as on an idle one.
//!
//! Each count comes from a separate process, which runs this program under `valgrind`. The cost of a
//! child is the difference of two runs with different numbers of children, so that the start and the end
//! of the program cancel out. The cost of anyrt is the difference to native tasks.

use std::collections::HashSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;

use crate::cases::spawn::{Join, spawn_and_join};
use crate::json;
use crate::setup::{Side, TokioCurrent};

/// Options of the command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) children: usize,
    pub(crate) json: Option<PathBuf>,
}

/// The first word of the command line of a process that is counted.
pub(crate) const PART: &str = "instructions-part";

/// The number of children of the larger run, divided by that of the smaller one.
const SMALLER: usize = 5;

struct Case {
    name: &'static str,
    join: Join,
    floor: Cost,
    /// The measured cost, and a little more: above it, the command fails. Lower it when the cost falls.
    bound: Cost,
}

/// The cost of a child.
#[derive(Clone, Copy)]
struct Cost {
    instructions: f64,
    /// The number of instructions that lock the memory bus: atomic operations that change memory.
    locked: f64,
}

/// The cases. "Performance targets" in `ARCHITECTURE.md` has the floors. A child with a handle has no floor
/// for its locked operations.
const CASES: &[Case] = &[
    Case {
        name: "no handles",
        join: Join::Counted,
        floor: Cost {
            instructions: 600.0,
            locked: 12.0,
        },
        bound: Cost {
            instructions: 580.0,
            locked: 10.0,
        },
    },
    Case {
        name: "handles",
        join: Join::Handles,
        floor: Cost {
            instructions: 1_000.0,
            locked: f64::INFINITY,
        },
        bound: Cost {
            instructions: 1000.0,
            locked: 15.3,
        },
    },
];

impl Cost {
    fn is_within(self, limit: Cost) -> bool {
        self.instructions <= limit.instructions && self.locked <= limit.locked
    }
}

/// Counts, and prints the result also if a bound is exceeded.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let locked = Locked::of_this_program()?;
    let mut text = format!(
        "What a child costs on tokio's current thread, counted with {} children\n\n\
         | case | instructions: ours | native | beyond | locked: ours | native | beyond | floor | bound |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n",
        options.children
    );
    let (mut rows, mut exceeded) = (Vec::new(), Vec::new());
    for case in CASES {
        let ours = per_child(case.join, Side::Ours, options.children, &locked)?;
        let theirs = per_child(case.join, Side::Theirs, options.children, &locked)?;
        let beyond = Cost {
            instructions: ours.instructions - theirs.instructions,
            locked: ours.locked - theirs.locked,
        };
        let reached = beyond.is_within(case.floor);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} | {} {} | {} |",
            case.name,
            ours.instructions,
            theirs.instructions,
            beyond.instructions,
            ours.locked,
            theirs.locked,
            beyond.locked,
            limit(case.floor),
            if reached { "ok" } else { "MISSED" },
            limit(case.bound),
        );
        if !beyond.is_within(case.bound) {
            exceeded.push(case.name);
        }
        rows.push(
            json::Object::new()
                .text("case", case.name)
                .number("children", options.children as f64)
                .number("ours", ours.instructions)
                .number("theirs", theirs.instructions)
                .number("beyond", beyond.instructions)
                .number("ours_locked", ours.locked)
                .number("theirs_locked", theirs.locked)
                .number("beyond_locked", beyond.locked),
        );
    }
    print!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, json::array(rows.into_iter()))?;
    }
    if cfg!(debug_assertions) {
        eprintln!("the bounds are for `--release` and were not checked");
        return Ok(());
    }
    if exceeded.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "a child costs more than the bound in {}: make it cheaper, or raise the bound in \
         benches/src/instructions.rs and give the reason",
        exceeded.join(" and ")
    )))
}

fn limit(limit: Cost) -> String {
    if limit.locked.is_infinite() {
        format!("{:.0}", limit.instructions)
    } else {
        format!("{:.0}; {:.1}", limit.instructions, limit.locked)
    }
}

fn per_child(join: Join, side: Side, children: usize, locked: &Locked) -> io::Result<Cost> {
    let fewer = (children / SMALLER).max(1);
    eprintln!("counting {join:?}, {side:?}");
    // Runs both at the same time, since counts do not depend on the load of the machine.
    let (few, many) = thread::scope(|scope| {
        let few = scope.spawn(|| count(join, side, fewer, "few", locked));
        let many = count(join, side, children, "many", locked);
        (
            few.join().unwrap_or_else(|panic| resume_unwind(panic)),
            many,
        )
    });
    let (few, many) = (few?, many?);
    let more = (children - fewer).max(1) as f64;
    Ok(Cost {
        instructions: (many.instructions - few.instructions) / more,
        locked: (many.locked - few.locked) / more,
    })
}

/// Counts a whole run of a process. `name` distinguishes its file from others at the same time.
fn count(join: Join, side: Side, children: usize, name: &str, locked: &Locked) -> io::Result<Cost> {
    let file = format!("anyrt-bench-callgrind-{}-{name}", process::id());
    let file = env::temp_dir().join(file);
    let mut out_file = std::ffi::OsString::from("--callgrind-out-file=");
    out_file.push(&file);
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--dump-instr=yes"])
        .args([
            "--dump-line=no",
            "--compress-pos=no",
            "--compress-strings=no",
        ])
        .arg(out_file)
        .arg(env::current_exe()?)
        .args([PART, join.name(), side.name(), &children.to_string()])
        .output()
        .map_err(|error| {
            io::Error::other(format!("`valgrind` does not start ({error}): install it"))
        })?;
    let profile = fs::read_to_string(&file);
    // The file may not exist.
    let _ = fs::remove_file(&file);
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("valgrind failed: {complaint}")));
    }
    read_profile(&profile?, locked)
        .ok_or_else(|| io::Error::other("valgrind's profile has no counts"))
}

/// Runs the part that is counted.
pub(crate) fn run_part(arguments: &[String]) -> Option<()> {
    let [join, side, children] = arguments else {
        return None;
    };
    let join = [Join::Counted, Join::Handles]
        .into_iter()
        .find(|known| known.name() == join)?;
    let side = [Side::Ours, Side::Theirs]
        .into_iter()
        .find(|known| known.name() == side)?;
    spawn_and_join::<TokioCurrent>(join, side, children.parse().ok()?);
    Some(())
}

/// The addresses of this program's instructions that lock the memory bus.
struct Locked {
    program: PathBuf,
    addresses: HashSet<u64>,
}

impl Locked {
    fn of_this_program() -> io::Result<Locked> {
        let program = env::current_exe()?;
        let output = Command::new("objdump")
            .args(["--disassemble", "--no-show-raw-insn", "--wide"])
            .arg(&program)
            .output()
            .map_err(|error| {
                io::Error::other(format!(
                    "`objdump` does not start ({error}): install binutils"
                ))
            })?;
        let listing = String::from_utf8_lossy(&output.stdout);
        let addresses: HashSet<u64> = listing.lines().filter_map(locked_instruction).collect();
        if addresses.is_empty() {
            return Err(io::Error::other(
                "`objdump` shows no locked instruction: they are counted on x86 alone",
            ));
        }
        Ok(Locked { program, addresses })
    }
}

/// Returns the address of an instruction that locks the memory bus: one with the prefix, or an exchange
/// with memory, which needs no prefix.
fn locked_instruction(line: &str) -> Option<u64> {
    let (address, instruction) = line.trim_start().split_once(':')?;
    let instruction = instruction.trim_start();
    let exchanges = instruction.starts_with("xchg") && instruction.contains('(');
    if !exchanges && !instruction.starts_with("lock") {
        return None;
    }
    u64::from_str_radix(address, 16).ok()
}

/// Reads the output of callgrind. Each line of costs begins with the address of an instruction and ends
/// with its number of executions. A line after `calls=` has the costs of the called function instead,
/// which are counted there.
fn read_profile(profile: &str, locked: &Locked) -> Option<Cost> {
    let mut cost = Cost {
        instructions: 0.0,
        locked: 0.0,
    };
    let (mut in_program, mut is_call, mut counted) = (false, false, false);
    for line in profile.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            in_program = Path::new(object) == locked.program;
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if let Some(line) = line.strip_prefix("0x") {
            if std::mem::take(&mut is_call) {
                continue;
            }
            let (address, _) = line.split_once(' ')?;
            let (_, times) = line.rsplit_once(' ')?;
            let times: f64 = times.parse().ok()?;
            cost.instructions += times;
            counted = true;
            if in_program
                && locked
                    .addresses
                    .contains(&u64::from_str_radix(address, 16).ok()?)
            {
                cost.locked += times;
            }
        }
    }
    counted.then_some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_instructions_are_found() {
        for (line, address) in [
            ("  4dea61:\tlock xadd %rax,(%rbx)", Some(0x4d_ea61)),
            ("  4dea66:\txchg   %al,0x18(%rbx)", Some(0x4d_ea66)),
            ("  4dea69:\txchg   %ax,%ax", None),
            ("  4dea6b:\tmov    %al,0x18(%rbx)", None),
            ("00000000004dea60 <lock>:", None),
        ] {
            assert_eq!(locked_instruction(line), address, "{line}");
        }
    }

    #[test]
    fn a_profile_is_summed_up() {
        let profile = "events: Ir\n\nob=/bin/program\nfn=main\n0x10 0 3\n0x14 0 2\n\
                       cob=/lib/other\ncfn=f\ncalls=1 0x20 0\n0x18 0 900\n\n\
                       ob=/lib/other\nfn=f\n0x10 0 7\n";
        let locked = Locked {
            program: "/bin/program".into(),
            addresses: [0x10, 0x18].into(),
        };
        let cost = read_profile(profile, &locked).expect("it has counts");
        assert_eq!((cost.instructions, cost.locked), (12.0, 3.0));
        assert!(read_profile("events: Ir\n", &locked).is_none());
    }

    #[test]
    fn every_part_runs() {
        for join in ["counted", "handles"] {
            for side in ["ours", "theirs"] {
                let arguments = [join, side, "100"].map(str::to_owned);
                assert!(run_part(&arguments).is_some(), "{arguments:?}");
            }
        }
    }
}

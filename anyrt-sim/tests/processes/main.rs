//! Two processes run the same seeds: addresses of objects, keys of hash maps and numbers of threads differ between
//! them, and the courses of the runs must not.
//!
//! A test starts itself again as a child process, which writes the hashes of its runs to a file. With
//! `ANYRT_LONG_TESTS=1` there are ten thousand seeds.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod program;

use std::env;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyrt_sim::{Config, Faults, Seeds, Simulation};

/// The variable with the file of a child process.
const FILE: &str = "ANYRT_TEST_PROCESSES_FILE";

/// The variable with the seeds of a child process.
const SEEDS: &str = "ANYRT_TEST_PROCESSES_SEEDS";

/// The number of seeds that one hash is for.
const BLOCK: u64 = 100;

/// The options of the runs.
fn config() -> Config {
    Config::default()
        .faults(Faults::rough())
        .time_limit(Duration::from_secs(86_400))
}

/// Returns a line with the hash of each block of seeds.
fn lines<F>(seeds: Range<u64>, program: &(impl Fn() -> F + Sync)) -> Vec<String>
where
    F: Future<Output = ()>,
{
    // One seed has its events instead.
    if seeds.end == seeds.start + 1 {
        let config = config().with_seed(seeds.start).keep_events(true);
        let outcome = config.run(program());
        let events = outcome.events.iter().map(|event| event.to_string());
        return events.chain([format!("{:?}", outcome.result)]).collect();
    }
    let blocks = seeds.clone().step_by(BLOCK as usize);
    let blocks = blocks.map(|start| start..(start + BLOCK).min(seeds.end));
    blocks
        .map(|block| {
            let report = Seeds::range(block)
                .config(config())
                .jobs(2)
                .check_determinism(false)
                .shrink_for(Duration::ZERO)
                .run(program);
            format!("{:016x} {}", report.hash, report.failures.len())
        })
        .collect()
}

/// Starts this test as a child process, for some seeds.
fn start(test: &str, seeds: &Range<u64>) -> (Child, PathBuf) {
    let name = format!("anyrt-processes-{}-{}", std::process::id(), seeds.start);
    let file = env::temp_dir().join(format!("{name}-{test}"));
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FILE, &file)
        .env(SEEDS, format!("{}..{}", seeds.start, seeds.end))
        .stdout(Stdio::null())
        .spawn();
    (child.unwrap(), file)
}

/// Runs seeds here and in a child process at the same time. Returns the lines of both.
fn in_two_processes<F>(
    test: &str,
    seeds: Range<u64>,
    program: &(impl Fn() -> F + Sync),
) -> [Vec<String>; 2]
where
    F: Future<Output = ()>,
{
    let (mut child, file) = start(test, &seeds);
    let here = lines(seeds, program);
    assert!(child.wait().unwrap().success(), "the child process failed");
    let there = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    [here, there.lines().map(str::to_owned).collect()]
}

/// Does the work of a child process, and returns true, if this is one.
fn is_child<F>(program: &(impl Fn() -> F + Sync)) -> bool
where
    F: Future<Output = ()>,
{
    let Some(file) = env::var_os(FILE) else {
        return false;
    };
    // Threads have other numbers than in the parent, and memory is in use in other places.
    for _ in 0..7 {
        thread::spawn(|| vec![0; 1000]).join().unwrap();
    }
    let kept: Vec<Box<[u8]>> = (1..1000).map(|size| vec![0; size].into()).collect();
    let seeds = env::var(SEEDS).unwrap();
    let (start, end) = seeds.split_once("..").unwrap();
    let seeds = start.parse().unwrap()..end.parse().unwrap();
    fs::write(file, lines(seeds, program).join("\n")).unwrap();
    drop(kept);
    true
}

/// Returns a description of the first event that differs between two processes, if one does.
fn difference<F>(test: &str, seeds: Range<u64>, program: impl Fn() -> F + Sync) -> Option<String>
where
    F: Future<Output = ()>,
{
    let [here, there] = in_two_processes(test, seeds.clone(), &program);
    assert_eq!(here.len(), there.len());
    let differs = here.iter().zip(&there).position(|(a, b)| a != b)?;
    let start = seeds.start + differs as u64 * BLOCK;
    for seed in start..(start + BLOCK).min(seeds.end) {
        let [here, there] = in_two_processes(test, seed..seed + 1, &program);
        let longest = here.len().max(there.len());
        let mut events = (0..longest).map(|at| (here.get(at), there.get(at)));
        if let Some((a, b)) = events.find(|(a, b)| a != b) {
            return Some(format!("seed {seed}: {a:?} here, {b:?} there"));
        }
    }
    Some(format!(
        "block {differs}: {} here, {} there",
        here[differs], there[differs]
    ))
}

#[test]
fn seeds_do_not_differ_between_two_processes() {
    let program = program::run;
    if is_child(&program) {
        return;
    }
    let count = if env::var_os("ANYRT_LONG_TESTS").is_some() {
        10_000
    } else {
        400
    };
    let test = "seeds_do_not_differ_between_two_processes";
    assert_eq!(difference(test, 0..count, program), None);
    // The program does not fail: the hashes are those of whole runs.
    Seeds::range(0..20).config(config()).run(program).unwrap();
}

#[test]
fn an_address_in_the_course_of_a_run_is_found() {
    let program = || async {
        let sim = Simulation::current().unwrap();
        sim.note("begin");
        let object = Box::new(0_u8);
        sim.note(format_args!("at {:p}", &raw const *object));
    };
    if is_child(&program) {
        return;
    }
    let test = "an_address_in_the_course_of_a_run_is_found";
    let found = difference(test, 5..20, program).unwrap();
    assert!(
        found.contains("seed 5:") && found.contains("note: at 0x"),
        "{found}"
    );
}

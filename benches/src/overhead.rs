//! Measures each case in rounds, alternating both sides, and prints the results.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::cases::{self, Case, Floor};
use crate::clock;
use crate::json;
use crate::setup::Side;

/// The options of the command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// The factor for the number of operations of a round.
    pub(crate) scale: f64,
    /// A filter: cases with this in their name, backend or counterpart.
    pub(crate) filter: Option<String>,
    pub(crate) json: Option<PathBuf>,
    /// Set to run this side alone, once, for a profiler.
    pub(crate) only: Option<Side>,
    /// Set to measure processor time instead of wall-clock time.
    pub(crate) cpu: bool,
}

/// The medians of a case.
struct Row {
    case: Case,
    ours: f64,
    theirs: f64,
    ratio: f64,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let cases = selected(options);
    if cases.is_empty() {
        return Err(io::Error::other(
            "no case has that in its name; `overhead --list` lists them",
        ));
    }
    if options.cpu {
        clock::use_processor_time();
    }
    let mut rows = Vec::new();
    let count = cases.len();
    for (number, case) in cases.into_iter().enumerate() {
        eprintln!("[{}/{count}] {case:?} against {}", number + 1, case.theirs);
        if let Some(side) = options.only {
            case.measure(side, scaled(&case, options.scale));
            continue;
        }
        rows.push(measure(case, options));
    }
    if options.only.is_some() {
        return Ok(());
    }
    println!("{} profile, {}\n", profile(), allocator());
    print!("{}", table(&rows));
    if let Some(path) = &options.json {
        fs::write(path, to_json(&rows))?;
    }
    Ok(())
}

/// Returns the profile that this program was built with, as far as it can be detected.
fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}

/// Returns the name of the allocator: that of the system's library, or its replacement.
fn allocator() -> String {
    let library = match () {
        () if cfg!(target_env = "gnu") => "glibc's allocator",
        () if cfg!(target_env = "musl") => "musl's allocator",
        () => "the system's allocator",
    };
    match env::var("LD_PRELOAD") {
        Ok(preloaded) if !preloaded.is_empty() => format!("{library} or that of {preloaded}"),
        _ => library.to_owned(),
    }
}

pub(crate) fn list() {
    for case in cases::all() {
        println!("{case:?} against {}", case.theirs);
    }
}

fn selected(options: &Options) -> Vec<Case> {
    let mut cases = cases::all();
    if let Some(filter) = &options.filter {
        cases.retain(|case| format!("{case:?} against {}", case.theirs).contains(filter));
    }
    cases
}

fn scaled(case: &Case, scale: f64) -> usize {
    ((case.count as f64 * scale) as usize).max(10)
}

fn measure(case: Case, options: &Options) -> Row {
    let count = scaled(&case, options.scale);
    // Warms up the threads, the caches and the allocator.
    for side in [Side::Ours, Side::Theirs] {
        case.measure(side, (count / 10).max(1));
    }
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let (us, them);
        if round % 2 == 0 {
            us = case.measure(Side::Ours, count);
            them = case.measure(Side::Theirs, count);
        } else {
            them = case.measure(Side::Theirs, count);
            us = case.measure(Side::Ours, count);
        }
        ours.push(us);
        theirs.push(them);
        ratios.push(us / them);
    }
    Row {
        case,
        ours: median(ours),
        theirs: median(theirs),
        ratio: median(ratios),
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 0 {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    }
}

impl Row {
    /// Returns the cost of one scope for a poll.
    fn per_scope(&self) -> Option<f64> {
        match self.case.floor {
            Floor::PerScope { scopes, .. } => Some((self.ours - self.theirs) / f64::from(scopes)),
            _ => None,
        }
    }

    fn verdict(&self) -> String {
        let (reached, floor) = match self.case.floor {
            Floor::None => return String::new(),
            Floor::Ratio(floor) => (self.ratio <= floor, format!("{floor:.2}")),
            Floor::PerScope { at_most, .. } => {
                let added = self.per_scope().unwrap_or_default();
                if at_most.is_infinite() {
                    return format!("{added:.1} ns per scope");
                }
                let floor = format!("{added:.1} ns per scope, {at_most:.0}");
                (added <= at_most, floor)
            }
        };
        format!("{floor} {}", if reached { "ok" } else { "MISSED" })
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| case | backend | against | ours | theirs | ratio | floor |\n\
         | --- | --- | --- | ---: | ---: | ---: | --- |\n",
    );
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.1} ns | {:.1} ns | {:.3} | {} |",
            row.case.name,
            row.case.backend,
            row.case.theirs,
            row.ours,
            row.theirs,
            row.ratio,
            row.verdict(),
        );
    }
    text
}

fn to_json(rows: &[Row]) -> String {
    json::array(rows.iter().map(|row| {
        json::Object::new()
            .text("case", &row.case.name)
            .text("backend", row.case.backend)
            .number("ours_ns", row.ours)
            .number("theirs_ns", row.theirs)
            .text("theirs", row.case.theirs)
            .number("ratio", row.ratio)
            .text("profile", profile())
            .text("allocator", &allocator())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_runs() {
        // In a worker process, which runs this test, this call does not return.
        anyrt_core::to_process::serve_in_test(concat!(module_path!(), "::every_case_runs"));
        for case in cases::all() {
            let row = measure(
                case,
                &Options {
                    rounds: 2,
                    scale: 0.001,
                    filter: None,
                    json: None,
                    only: None,
                    cpu: false,
                },
            );
            assert!(row.ours > 0.0, "{:?}", row.case);
            assert!(row.theirs > 0.0, "{:?}", row.case);
        }
    }

    #[test]
    fn no_two_cases_are_the_same() {
        let mut names: Vec<_> = cases::all()
            .iter()
            .map(|case| format!("{case:?} {}", case.theirs))
            .collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}

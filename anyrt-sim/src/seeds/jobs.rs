//! The jobs that run seeds, each one seed after another.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::TestOutput;
use super::alone::{Loudness, Ran, namesake, run_alone, run_here};
use super::progress::Progress;
use super::report::{SeedFailure, SeedReport};
use crate::config::Config;
use crate::lock::lock;
use crate::misfit::Misfit;
use crate::stats::Stats;

/// What is to be run.
pub(super) struct Plan {
    pub(super) range: Range<u64>,
    pub(super) jobs: usize,
    pub(super) reuse_threads: bool,
    /// The time at which no further seed is started.
    pub(super) until: Option<Instant>,
    pub(super) loudness: Loudness,
}

/// What the jobs share. Both atomics are relaxed: a job that reads an older value runs one seed more, and the
/// end of the threads orders everything else.
struct Shared<'a> {
    plan: &'a Plan,
    /// The number of seeds that were started.
    started: AtomicU64,
    /// Whether a seed has failed: no further one is started.
    failed: AtomicBool,
    sums: Mutex<Sums>,
    progress: Progress,
}

#[derive(Default)]
struct Sums {
    seeds: u64,
    stats: Stats,
    hash: u64,
    failures: Vec<SeedFailure>,
    /// That of the latest run.
    misfit: Option<Misfit>,
}

impl Shared<'_> {
    /// Returns the next seed to run. Seeds are started in order.
    fn next(&self) -> Option<u64> {
        let is_late = self.plan.until.is_some_and(|until| Instant::now() >= until);
        if is_late || self.failed.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let seed = self.plan.range.start.checked_add(number)?;
        (seed < self.plan.range.end).then_some(seed)
    }

    fn add(&self, seed: u64, ran: Ran) {
        if ran.failed.is_some() {
            self.failed.store(true, Ordering::Relaxed);
        }
        let mut sums = lock(&self.sums);
        sums.seeds += 1;
        sums.misfit = ran.misfit;
        sums.stats.add(&ran.stats);
        // A sum, so that the order in which seeds end does not matter.
        let hash = (ran.hash ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sums.hash = sums.hash.wrapping_add(hash ^ (hash >> 29));
        if let Some((failure, place)) = ran.failed {
            sums.failures.push(SeedFailure {
                seed,
                failure,
                place,
                choices: ran.choices,
                stats: ran.stats,
                shrunk: None,
            });
        }
        let seeds = sums.seeds;
        drop(sums);
        self.progress.show(seeds);
    }
}

/// Runs the seeds. The failures are in the order of their seeds.
pub(super) fn run<F, Fut>(plan: &Plan, config: &Config, test: &F) -> SeedReport
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output: TestOutput>,
{
    let planned = plan.range.end.saturating_sub(plan.range.start);
    let shared = Shared {
        plan,
        started: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        sums: Mutex::default(),
        progress: Progress::new(planned),
    };
    let work = || {
        while let Some(seed) = shared.next() {
            let config = config.clone().with_seed(seed);
            let ran = if plan.reuse_threads {
                run_here(&config, plan.loudness, test)
            } else {
                run_alone(&config, plan.loudness, test)
            };
            shared.add(seed, ran);
        }
    };
    thread::scope(|scope| {
        // This thread is one of the jobs, if it does not run the test itself.
        for _ in usize::from(!plan.reuse_threads)..plan.jobs {
            namesake()
                .spawn_scoped(scope, work)
                .expect("the system starts a thread");
        }
        if !plan.reuse_threads {
            work();
        }
    });
    let mut sums = shared
        .sums
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    sums.failures.sort_by_key(|failure| failure.seed);
    SeedReport {
        seeds: sums.seeds,
        planned,
        failures: sums.failures,
        misfit: sums.misfit,
        nondeterminism: None,
        never: Vec::new(),
        elapsed: Duration::ZERO,
        stats: sums.stats,
        hash: sums.hash,
        test: thread::current()
            .name()
            .filter(|name| *name != "main")
            .map(str::to_owned),
        repeats: false,
        is_traced: false,
    }
}

//! Random trees of tasks, against a model.
//!
//! A [`Plan`] is a small program made from a seed: groups in scopes in clean-ups in groups, mixed with
//! failures, panics, deadlines, cancellations and drops. It is run, and these rules are checked:
//!
//! - when a group or a scope ends, every task below it has ended;
//! - by then every clean-up of a body that began has run to its end, once;
//! - every error arrives once: in the result of a group, or at the `unhandled` hook of the run; and where
//!   something panicked, a panic arrives, and only there;
//! - no operation passes once its own task has cancelled a scope around it.
//!
//! Below a future that is dropped from outside, or aborted, clean-ups and errors may be lost, as rules C10
//! and C12 state; the rest holds there too.
//!
//! Every violation is reported with the seed of the tree. `ANYRT_STRESS_SEED` runs the suite's case from
//! that seed on, `ANYRT_STRESS_TREES` sets the number of trees. A million trees:
//!
//! ```text
//! ANYRT_STRESS_TREES=1000000 ANYRT_CONFORMANCE_LIMIT=3600 \
//!     cargo test --release -p anyrt-smol --test conformance random_trees
//! ```

mod execute;
mod ledger;
mod plan;
mod shrink;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::runtime::Enter;

use self::ledger::Ledger;
pub use self::plan::{Children, Plan, Step};
pub use self::shrink::shrink;
use crate::harness::number;
use crate::random::seed;
use crate::support::message_of;

/// The number of trees that a run of the suite tries.
const TREES: u64 = 300;
/// The number of trees that share a run: starting one is slow on some backends.
const TREES_PER_RUN: u64 = 50;
/// How long a tree may take; no tree takes a hundredth of it.
const HANGING: Duration = Duration::from_secs(20);

/// Runs `trees` random trees, starting with this seed. A million take some minutes.
///
/// # Panics
///
/// If one of them breaks a rule; the message names its seed.
///
/// # Examples
///
/// ```
/// use anyrt_conformance_scopes::stress::stress;
/// use anyrt_core::runtime::Enter;
///
/// fn a_thousand_trees_keep_the_rules<B: Enter>(backend: &B) {
///     stress(backend, 7, 1000);
/// }
/// ```
pub fn stress<B: Enter>(backend: &B, seed: u64, trees: u64) {
    let progress = Progress::default();
    thread::scope(|threads| {
        threads.spawn(|| progress.watch());
        let _ended = crate::support::OnDrop::new(|| progress.ended.store(true, Ordering::SeqCst));
        let mut done = 0;
        while done < trees {
            let count = TREES_PER_RUN.min(trees - done);
            let seeds = (done..done + count).map(|n| seed.wrapping_add(n));
            let plans = seeds.map(|seed| (seed, Plan::random(seed)));
            let violations = several(backend, plans, &progress);
            assert!(violations.is_empty(), "{}", violations.join("\n"));
            done += count;
        }
    });
}

/// G1, G3, G4, C2, C6, C8, C10: every task ends before its group, every clean-up that began has
/// finished when its scope ends, and every error arrives once, in a few hundred random trees.
pub fn random_trees_keep_to_the_model<B: Enter>(backend: &B) {
    stress(
        backend,
        seed(backend),
        number("ANYRT_STRESS_TREES").unwrap_or(TREES),
    );
}

/// Runs several trees in one run, one after the other, and returns the violations.
fn several<B: Enter>(
    backend: &B,
    plans: impl Iterator<Item = (u64, Plan)>,
    progress: &Progress,
) -> Vec<String> {
    let ledger = Arc::new(Ledger::new());
    let hook = ledger.clone();
    let options = RunOptions::new().unhandled(move |unhandled| hook.unhandled(unhandled));
    let trees = async {
        for (seed, plan) in plans {
            progress.begin(seed);
            execute::tree::<B::Runtime>(plan, seed, &ledger).await;
        }
    };
    match catch_unwind(AssertUnwindSafe(|| {
        anyrt_core::run(backend, options, trees)
    })) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => ledger.violation(format!("the run did not start: {error}")),
        Err(payload) => {
            ledger.violation(format!("the run panicked: {}", message_of(&*payload)));
        }
    }
    ledger.close()
}

/// The seed of the tree that is being run, to name one that hangs.
#[derive(Default)]
struct Progress {
    seed: AtomicU64,
    ended: AtomicBool,
}

impl Progress {
    fn begin(&self, seed: u64) {
        self.seed.store(seed, Ordering::SeqCst);
    }

    fn watch(&self) {
        let tick = Duration::from_millis(10);
        let (mut seed, mut waited) = (self.seed.load(Ordering::SeqCst), Duration::ZERO);
        while !self.ended.load(Ordering::SeqCst) {
            thread::sleep(tick);
            waited += tick;
            let now = self.seed.load(Ordering::SeqCst);
            if now != seed {
                (seed, waited) = (now, Duration::ZERO);
            }
            if waited >= HANGING {
                eprintln!("the tree of seed {seed} hangs:\n{:#?}", Plan::random(seed));
                waited = Duration::ZERO;
            }
        }
    }
}

anyrt_conformance_kit::cases! { stress: generic,
    random_trees_keep_to_the_model,
}

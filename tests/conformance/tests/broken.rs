//! Runs the suite on a small runtime that is sound, and on broken runtimes: it has to notice the flaws.

mod support;

use std::time::Duration;

use anyrt_conformance::harness::{Outcome, watch};
use support::{Flaw, TinyRuntime};

mod sound {
    anyrt_conformance::suite! {
        runtime: super::TinyRuntime::sound(),
        facets: [spawn, time, blocking],
        failures: [anyrt_conformance::failures::ENGINE],
    }
}

#[test]
fn a_runtime_that_drops_tasks_is_noticed() {
    expect(
        Flaw::DropsTasks,
        &[
            "options::a_group_counts_its_living_children",
            "stress::random_trees_keep_to_the_model",
            "uniform::handles_may_be_dropped_at_any_time",
        ],
        &[
            "time::timers_are_never_early",
            "entry::run_gives_the_value_of_main",
        ],
    );
}

#[test]
fn a_runtime_that_loses_wake_ups_is_noticed() {
    expect(
        Flaw::LosesWakes,
        &[
            "context::many_tasks_do_not_mix_their_values",
            "operations::the_budget_is_renewed_with_each_turn",
        ],
        &[
            "time::timers_are_never_early",
            "blocking::functions_run_on_another_thread",
        ],
    );
}

#[test]
fn a_runtime_whose_timers_are_early_is_noticed() {
    expect(
        Flaw::EarlyTimers,
        &[
            "time::a_completed_timer_can_be_moved",
            "time::a_fresh_timer_can_be_moved",
            "time::many_timers_complete",
            "time::timers_are_never_early",
            "entry::deadlines_are_on_the_runs_clock",
        ],
        &[
            "uniform::dropping_a_handle_does_nothing",
            "time::the_clock_is_monotonic",
        ],
    );
}

#[test]
fn a_runtime_that_loses_calls_is_noticed() {
    expect(
        Flaw::LosesCalls,
        &["blocking::functions_run_although_nobody_waits"],
        &[
            "blocking::functions_run_on_another_thread",
            "time::timers_are_never_early",
        ],
    );
}

#[test]
fn a_runtime_that_polls_inside_spawn_is_noticed() {
    expect(
        Flaw::SpawnsInline,
        &["uniform::no_child_runs_inside_spawn"],
        &[
            "blocking::functions_run_on_another_thread",
            "time::timers_are_never_early",
        ],
    );
}

/// Makes the tree of `ANYRT_STRESS_SEED` smaller for as long as it fails. A tool, not a test.
#[test]
#[ignore = "a tool for whoever has found a tree that fails on the sound runtime"]
fn shrink() {
    let seed = std::env::var("ANYRT_STRESS_SEED").unwrap().parse().unwrap();
    println!(
        "{:#?}",
        anyrt_conformance::stress::shrink(TinyRuntime::sound, seed)
    );
}

/// Checks that the cases in `noticed_by` fail or hang on this runtime, and that those in `unaffected` pass.
fn expect(flaw: Flaw, noticed_by: &[&str], unaffected: &[&str]) {
    let all = anyrt_conformance::all::<TinyRuntime>();
    let mut wrong = Vec::new();
    for case in noticed_by.iter().chain(unaffected) {
        let found = all.iter().find(|known| known.name == *case);
        let found = *found.unwrap_or_else(|| panic!("there is no case {case}"));
        let attempt = || {
            watch(case, Duration::from_secs(3), move || {
                found.run(&TinyRuntime::broken(flaw));
            })
        };
        // A timer is only seen to be early if the machine was not busy with something else until the
        // deadline.
        let attempts = if noticed_by.contains(case) { 5 } else { 1 };
        let passed = (0..attempts).all(|_| matches!(attempt(), Outcome::Passed));
        if passed == noticed_by.contains(case) {
            wrong.push(format!("{case}: passed: {passed}"));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

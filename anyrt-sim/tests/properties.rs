//! Checks `sometimes!` and `always!`.

use std::time::Duration;

use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;
use anyrt_sim::{Config, Seeds, Sim, Simulation, always, sometimes};

#[test]
fn a_condition_that_is_true_once_is_enough() {
    let report = Seeds::range(0..20).run(|| async {
        let simulation = Simulation::current().expect("inside of a simulation");
        for step in 0..3 {
            sometimes!(simulation.seed() == 13 && step == 2);
        }
    });
    assert!(report.never.is_empty());
    report.unwrap();
}

#[test]
fn a_condition_that_is_never_true_is_reported_with_its_place() {
    let report = Seeds::range(0..20).check_determinism(false).run(|| async {
        for step in 0..3 {
            sometimes!(step == 3, "step {}", 3);
        }
    });
    assert_eq!(report.never.len(), 1);
    assert_eq!(report.never[0].text, "step 3");
    assert_eq!(report.never[0].reached, 60);
    assert!(report.never[0].place.contains("properties.rs"));
    assert!(!report.is_ok());
    assert!(report.to_string().contains("was never true"), "{report}");
}

#[test]
fn functions_on_threads_count_too() {
    let report = Seeds::range(0..5).run(|| async {
        to_thread::run::<Sim, _, _>(|| {
            sometimes!(false);
            sometimes!(true);
        })
        .await;
    });
    assert_eq!(report.never.len(), 1, "{report}");
    assert_eq!(report.never[0].text, "false");
}

#[test]
fn runs_over_seeds_do_not_share_their_records() {
    fn reached(condition: bool) {
        sometimes!(condition);
    }
    let met = Seeds::range(0..2).run(|| async { reached(true) });
    let missed = Seeds::range(0..2).run(|| async { reached(false) });
    assert!(met.never.is_empty());
    assert_eq!(missed.never.len(), 1);
}

#[test]
fn after_the_budget_it_is_not_a_failure() {
    let report = Seeds::range(0..u64::MAX)
        .budget(Duration::from_millis(20))
        .run(|| async { sometimes!(false) });
    assert_eq!(report.never.len(), 1);
    assert!(report.is_ok());
}

#[test]
fn elsewhere_only_the_condition_is_evaluated() {
    let mut evaluated = 0;
    sometimes!({
        evaluated += 1;
        false
    });
    always!({
        evaluated += 1;
        true
    });
    assert_eq!(evaluated, 2);
}

#[test]
#[should_panic(expected = "always!(1 + 1 == 3) at anyrt-sim/tests/properties.rs:")]
fn always_asserts_elsewhere() {
    always!(1 + 1 == 3);
}

#[test]
fn always_fails_a_run_with_the_time() {
    let outcome = Config::new(1).run(async {
        sleep::<Sim>(Duration::from_secs(2)).await;
        let count = 7;
        always!(count < 7, "the count is {count}");
    });
    let failure = outcome.result.expect_err("the count is 7").to_string();
    assert!(failure.contains("always!(the count is 7)"), "{failure}");
    assert!(failure.contains("was false after 2."), "{failure}");
}

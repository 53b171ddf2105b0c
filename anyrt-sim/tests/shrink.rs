//! Checks that failures are shrunk to what they need.

use std::time::Duration;

use anyrt_core::time::sleep;
use anyrt_sim::{Config, Failure, Policy, Seeds, Shrink, Sim, Simulation};

/// Fails if two of many choices are high, with numbers in its message that differ.
async fn two_choices() {
    let simulation = Simulation::current().expect("inside of a simulation");
    let mut draws = Vec::new();
    for _ in 0..20 {
        draws.push(simulation.choose(1000));
        sleep::<Sim>(Duration::from_millis(draws[0])).await;
    }
    if draws[3] >= 600 {
        assert!(draws[11] < 300, "{} and {}", draws[3], draws[11]);
    }
    assert!(draws[5] < 990, "another failure");
}

#[test]
fn a_failure_that_needs_two_choices_is_shrunk_to_them() {
    let report = Seeds::range(0..1000).run(two_choices);
    let failure = &report.failures[0];
    let shrunk = failure.shrunk.as_ref().expect("the choices repeat it");
    let expected = "user=0*3,600,0*7,300".parse().unwrap();
    assert_eq!(shrunk.choices, expected, "{report}");
    assert!(shrunk.is_complete);
    assert!(shrunk.runs < 500, "{}", shrunk.runs);
    let again = Config::new(failure.seed)
        .policy(Policy::Replay(shrunk.choices.clone()))
        .run(two_choices());
    let Err(failure) = again.result else {
        panic!("the shrunk list does not fail");
    };
    assert!(failure.to_string().contains("600 and 300"), "{failure}");
}

#[test]
fn another_kind_of_failure_is_not_the_same() {
    // With fewer choices the test panics; with these, it is a deadlock.
    let test = || async {
        let simulation = Simulation::current().expect("inside of a simulation");
        let (first, second) = (simulation.choose(10), simulation.choose(10));
        if first > 4 && second > 4 {
            std::future::pending::<()>().await;
        }
        assert!(first + second < 3, "a panic");
    };
    let seed = (0..1000).find(|&seed| {
        let failed = Config::new(seed).run(test()).result;
        matches!(failed, Err(Failure::Deadlock(_)))
    });
    let config = Config::new(seed.expect("some seed is a deadlock"));
    let choices = config.run(test()).choices;
    let shrunk = Shrink::new(&config, choices).run(test);
    let shrunk = shrunk.expect("the choices repeat it");
    assert_eq!(shrunk.choices, "user=5*2".parse().unwrap());
    assert!(matches!(shrunk.failure, Failure::Deadlock(_)));
}

#[test]
fn choices_that_do_not_fail_are_not_shrunk() {
    let config = Config::new(1);
    assert!(
        Shrink::new(&config, "user=1".parse().unwrap())
            .run(|| async {})
            .is_none()
    );
}

#[test]
fn a_list_that_runs_without_end_is_given_up() {
    // With the second choice at zero, the test never ends.
    let test = || async {
        let simulation = Simulation::current().expect("inside of a simulation");
        let (first, second) = (simulation.choose(10), simulation.choose(10));
        if second == 0 {
            loop {
                sleep::<Sim>(Duration::from_secs(1)).await;
            }
        }
        assert!(first < 3, "a panic");
    };
    let config = Config::new(0);
    let choices = "user=7,9".parse().unwrap();
    let shrunk = Shrink::new(&config, choices).run(test);
    let shrunk = shrunk.expect("the choices repeat it");
    assert_eq!(shrunk.choices, "user=3,1".parse().unwrap());
}

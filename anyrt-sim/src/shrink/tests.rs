//! Tests of the search.

use super::*;

fn search(start: &str, mut fails: impl FnMut(&Choices) -> bool) -> (String, u64) {
    let mut fails = |choices: &Choices| fails(choices).then(|| choices.clone());
    let mut search = Search {
        best: start.parse().expect("it is a list"),
        runs: 0,
        max_runs: 10_000,
        until: None,
        tried: BTreeSet::new(),
        fails: &mut fails,
    };
    search.run();
    let (best, runs) = (search.best.to_string(), search.runs);
    (best, runs)
}

fn draw(choices: &Choices, purpose: usize, at: usize) -> u64 {
    choices.streams()[purpose].get(at).copied().unwrap_or(0)
}

#[test]
fn what_does_not_matter_becomes_zero() {
    let (best, runs) = search("order=1*500 user=9*300 latency=1234567*200", |choices| {
        draw(choices, 2, 77) >= 4 && draw(choices, 0, 3) == 1
    });
    assert_eq!(best, "order=0*3,1 user=0*77,4");
    assert!(runs < 300, "{runs}");
}

#[test]
fn blocks_are_removed_if_the_position_does_not_matter() {
    let (best, _) = search("user=1,2,3,4,5,6,7,8", |choices| {
        choices.streams()[2].contains(&7)
    });
    assert_eq!(best, "user=7");
}

#[test]
fn a_failure_that_always_comes_needs_no_choices() {
    assert_eq!(search("order=1*500 core=3", |_| true).0, "-");
}

#[test]
fn the_limit_of_runs_holds() {
    let mut runs = 0;
    let mut fails = |choices: &Choices| {
        runs += 1;
        choices.streams()[0].contains(&7).then(|| choices.clone())
    };
    let mut search = Search {
        best: "order=9*1000,7".parse().expect("it is a list"),
        runs: 0,
        max_runs: 5,
        until: None,
        tried: BTreeSet::new(),
        fails: &mut fails,
    };
    search.run();
    assert!(search.is_over());
    assert_eq!(runs, 5);
}

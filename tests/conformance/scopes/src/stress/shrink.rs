//! Makes a tree smaller for as long as it fails.

use std::sync::mpsc;
use std::time::Duration;

use anyrt_core::runtime::Enter;

use super::Progress;
use super::plan::{Plan, Step};
use crate::harness::{Outcome, watch};

/// The number of attempts, because a race may make a tree fail rarely.
const ATTEMPTS: usize = 1000;
/// How long all attempts may take; hanging is a way to fail.
const LIMIT: Duration = Duration::from_secs(3);

/// Returns the smallest tree that was found to fail like the tree of this seed, or `None` if that one does
/// not fail.
///
/// # Panics
///
/// If a thread cannot be started.
#[must_use]
pub fn shrink<B: Enter + 'static>(backend: fn() -> B, seed: u64) -> Option<Plan> {
    let mut plan = Plan::random(seed);
    if !fails(backend, &plan) {
        return None;
    }
    while let Some(smaller) = plan
        .smaller()
        .into_iter()
        .find(|plan| plan.is_fair() && fails(backend, plan))
    {
        plan = smaller;
    }
    Some(plan)
}

fn fails<B: Enter + 'static>(backend: fn() -> B, plan: &Plan) -> bool {
    let plan = plan.clone();
    let (failed, failures) = mpsc::channel();
    let outcome = watch("a smaller tree", LIMIT, move || {
        let plans = std::iter::repeat_n((0, plan), ATTEMPTS);
        let violations = super::several(&backend(), plans, &Progress::default());
        let _ = failed.send(!violations.is_empty());
    });
    !matches!(outcome, Outcome::Passed) || failures.recv().unwrap_or(true)
}

impl Plan {
    /// Returns plans that are a little smaller: with a part left out, or replaced by its contents.
    fn smaller(&self) -> Vec<Plan> {
        let mut all = Vec::new();
        match self {
            Plan::Yield(n) | Plan::Checkpoint(n) if *n > 1 => all.push(Plan::Checkpoint(n - 1)),
            Plan::Yield(_) | Plan::Checkpoint(0) => {}
            Plan::Checkpoint(_) => all.push(Plan::Checkpoint(0)),
            Plan::Then(plans) => {
                all.extend(plans.iter().cloned());
                all.extend(without_one(plans).map(Plan::Then));
                all.extend(with_one_smaller(plans, Plan::smaller).map(Plan::Then));
            }
            Plan::Scope {
                limit,
                abortable,
                body,
            } => {
                all.push((**body).clone());
                all.extend(body.smaller().into_iter().map(|body| {
                    let (limit, abortable) = (*limit, *abortable);
                    Plan::Scope {
                        limit,
                        abortable,
                        body: Box::new(body),
                    }
                }));
            }
            Plan::Shield(body) => {
                all.push((**body).clone());
                all.extend(boxed(body).map(Plan::Shield));
            }
            Plan::Finally(body, cleanup) => {
                all.extend([(**body).clone(), (**cleanup).clone()]);
                all.extend(boxed(body).map(|body| Plan::Finally(body, cleanup.clone())));
                all.extend(boxed(cleanup).map(|cleanup| Plan::Finally(body.clone(), cleanup)));
            }
            Plan::Group {
                children,
                keep_going,
                steps,
                cancelled,
            } => {
                let inside = steps.iter().flat_map(Step::plans);
                all.extend(inside.cloned());
                let fewer = without_one(steps).chain(with_one_smaller(steps, Step::smaller));
                all.extend(fewer.map(|steps| Plan::Group {
                    children: *children,
                    keep_going: *keep_going,
                    steps,
                    cancelled: *cancelled,
                }));
                if *keep_going {
                    all.push(Plan::Group {
                        children: *children,
                        keep_going: false,
                        steps: steps.clone(),
                        cancelled: *cancelled,
                    });
                }
            }
            Plan::Race(members) => {
                all.extend(members.iter().cloned());
                all.extend(
                    without_one(members)
                        .filter(|rest| !rest.is_empty())
                        .map(Plan::Race),
                );
                all.extend(with_one_smaller(members, Plan::smaller).map(Plan::Race));
            }
            Plan::Gather(members) => {
                all.extend(members.iter().cloned());
                all.extend(without_one(members).map(Plan::Gather));
                all.extend(with_one_smaller(members, Plan::smaller).map(Plan::Gather));
            }
            Plan::TryGather(members) => {
                all.extend(members.iter().cloned());
                all.extend(without_one(members).map(Plan::TryGather));
                all.extend(with_one_smaller(members, Plan::smaller).map(Plan::TryGather));
            }
            Plan::Drop(polls, body) => {
                all.extend(boxed(body).map(|body| Plan::Drop(*polls, body)));
                if *polls > 0 {
                    all.push(Plan::Drop(polls - 1, body.clone()));
                }
            }
            Plan::Forget(polls, body) => {
                all.extend(boxed(body).map(|body| Plan::Forget(*polls, body)));
            }
            Plan::Move(polls, body) => {
                all.push((**body).clone());
                all.extend(boxed(body).map(|body| Plan::Move(*polls, body)));
            }
            Plan::Share(polls, body) => {
                all.push((**body).clone());
                all.extend(boxed(body).map(|body| Plan::Share(*polls, body)));
            }
            Plan::Catch(body) => {
                all.push((**body).clone());
                all.extend(boxed(body).map(Plan::Catch));
            }
            _ => all.push(Plan::Checkpoint(0)),
        }
        all
    }
}

impl Step {
    fn plans(&self) -> Vec<&Plan> {
        match self {
            Step::Spawn(plan) | Step::Do(plan) => vec![plan],
            Step::Start(one, two) | Step::SpawnTwice(one, two) => vec![one, two],
            Step::CancelChild(_) | Step::Await(_) => vec![],
        }
    }

    fn smaller(&self) -> Vec<Step> {
        match self {
            Step::Spawn(plan) => plan.smaller().into_iter().map(Step::Spawn).collect(),
            Step::Do(plan) => plan.smaller().into_iter().map(Step::Do).collect(),
            Step::Start(one, two) => pairs(one, two).map(|(a, b)| Step::Start(a, b)).collect(),
            Step::SpawnTwice(one, two) => pairs(one, two)
                .map(|(a, b)| Step::SpawnTwice(a, b))
                .collect(),
            Step::CancelChild(_) | Step::Await(_) => vec![],
        }
    }
}

fn pairs(one: &Plan, two: &Plan) -> impl Iterator<Item = (Plan, Plan)> {
    let firsts = one.smaller().into_iter().map(|one| (one, two.clone()));
    firsts.chain(two.smaller().into_iter().map(|two| (one.clone(), two)))
}

fn boxed(plan: &Plan) -> impl Iterator<Item = Box<Plan>> {
    plan.smaller().into_iter().map(Box::new)
}

fn without_one<T: Clone>(list: &[T]) -> impl Iterator<Item = Vec<T>> {
    (0..list.len()).map(|index| {
        let mut rest = list.to_vec();
        rest.remove(index);
        rest
    })
}

fn with_one_smaller<T: Clone>(
    list: &[T],
    smaller: fn(&T) -> Vec<T>,
) -> impl Iterator<Item = Vec<T>> {
    (0..list.len()).flat_map(move |index| {
        let replaced = smaller(&list[index]).into_iter();
        replaced.map(move |item| {
            let mut list = list.to_vec();
            list[index] = item;
            list
        })
    })
}

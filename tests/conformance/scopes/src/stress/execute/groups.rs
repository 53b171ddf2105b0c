//! Carries out the groups of a plan, with the steps of their bodies.

use anyrt_core::error::GroupError;
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{GroupOptions, ScopedTaskGroup, TaskGroup, TaskHandle};

use super::place::Place;
use super::{Faults, Outcome, execute};
use crate::stress::ledger::{AreaEnd, Living};
use crate::stress::plan::{Children, Plan, Step};

pub(super) async fn group<R: Runtime>(
    children: Children,
    keep_going: bool,
    steps: Vec<Step>,
    cancelled: bool,
    place: Place,
) -> Outcome {
    let mut options = GroupOptions::new();
    if keep_going {
        options = options.keep_going();
    }
    let area = place.area("group", true);
    let end = AreaEnd::of(area.clone());
    let result = match children {
        Children::Tasks => {
            let group = options.run::<R, Faults, (), _>(|tg: TaskGroup<R, Faults>| {
                let place = place.within(tg.scope(), &area);
                async move {
                    let outcome = body(&tg, steps, &place).await;
                    if cancelled {
                        place.cancel(0);
                    }
                    outcome
                }
            });
            group.await
        }
        Children::Borrowing => {
            let group =
                options.run_scoped::<R, Faults, (), _>(|tg: ScopedTaskGroup<'_, Faults>| {
                    let mut place = place.within(tg.scope(), &area);
                    place.borrowed = true;
                    async move {
                        let outcome = borrowing_body::<R>(&tg, steps, &place).await;
                        if cancelled {
                            place.cancel(0);
                        }
                        outcome
                    }
                });
            group.await
        }
    };
    end.completed();
    flat(result)
}

async fn body<R: Runtime>(tg: &TaskGroup<R, Faults>, steps: Vec<Step>, place: &Place) -> Outcome {
    let mut handles = Vec::new();
    for step in steps {
        match step {
            Step::Spawn(plan) => handles.push(tg.spawn(child::<R>(plan, place, false))),
            Step::SpawnTwice(first, second) => {
                let (first, second) = (
                    child::<R>(first, place, false),
                    child::<R>(second, place, false),
                );
                let same = tg.clone();
                handles.push(tg.spawn(async move {
                    same.spawn(second);
                    first.await
                }));
            }
            Step::Start(before, after) => {
                let (living, place) = (Living::new(&place.areas), place.clone().in_new_task(false));
                tg.start(move |started| async move {
                    let _living = living;
                    execute::<R>(before, place.clone()).await?;
                    started.started(());
                    execute::<R>(after, place).await
                })
                .await?;
            }
            Step::Do(plan) => execute::<R>(plan, place.clone()).await?,
            Step::CancelChild(index) => cancel(&handles, index),
            Step::Await(index) => wait(&handles, index, place).await,
        }
    }
    Ok(())
}

async fn borrowing_body<'env, R: Runtime>(
    tg: &ScopedTaskGroup<'env, Faults>,
    steps: Vec<Step>,
    place: &Place,
) -> Outcome {
    let mut handles = Vec::new();
    for step in steps {
        match step {
            Step::Spawn(plan) => handles.push(tg.spawn(child::<R>(plan, place, true))),
            Step::SpawnTwice(first, second) => {
                let (first, second) = (
                    child::<R>(first, place, true),
                    child::<R>(second, place, true),
                );
                let same = tg.clone();
                handles.push(tg.spawn(async move {
                    same.spawn(second);
                    first.await
                }));
            }
            Step::Start(before, after) => {
                let (living, place) = (
                    Living::new(place.counted()),
                    place.clone().in_new_task(true),
                );
                tg.start(move |started| async move {
                    let _living = living;
                    execute::<R>(before, place.clone()).await?;
                    started.started(());
                    execute::<R>(after, place).await
                })
                .await?;
            }
            Step::Do(plan) => execute::<R>(plan, place.clone()).await?,
            Step::CancelChild(index) => cancel(&handles, index),
            Step::Await(index) => wait(&handles, index, place).await,
        }
    }
    Ok(())
}

fn cancel(handles: &[TaskHandle<()>], index: usize) {
    if let Some(handle) = handles.get(index) {
        handle.cancel();
    }
}

async fn wait(handles: &[TaskHandle<()>], index: usize, place: &Place) {
    if let Some(handle) = handles.get(index) {
        place.operation("waiting for a child", handle.wait()).await;
        if !handle.is_finished() {
            place
                .ledger
                .violation(format!("seed {}: a task was awaited and lives", place.seed));
        }
    }
}

fn child<R: Runtime>(
    plan: Plan,
    place: &Place,
    in_place: bool,
) -> impl Future<Output = Outcome> + Send + 'static + use<R> {
    let areas = if in_place {
        place.counted()
    } else {
        &place.areas
    };
    let (living, place) = (Living::new(areas), place.clone().in_new_task(in_place));
    async move {
        let _living = living;
        execute::<R>(plan, place).await
    }
}

/// Returns all errors of a group as one; a group that was merely cancelled has none.
pub(super) fn flat(result: Result<(), GroupError<Faults>>) -> Outcome {
    match result {
        Err(GroupError::Failed(failures)) => Err(Faults(
            failures.into_iter().flat_map(|faults| faults.0).collect(),
        )),
        _ => Ok(()),
    }
}

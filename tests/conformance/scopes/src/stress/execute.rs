//! Runs a plan.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{CancelHandle, CancelScope, checkpoint, finally, shield};
use anyrt_core::combine::{gather, race, try_gather};
use anyrt_core::error::GroupError;
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{GroupOptions, ScopedTaskGroup, TaskGroup, TaskHandle};
use anyrt_core::thread::to_thread;
use anyrt_core::time::{sleep, sleep_forever};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;

use super::ledger::{Area, AreaEnd, Catcher, CatcherEnd, Ledger, Living, Owed};
use super::plan::{Children, Plan, Step};
use crate::support::{message_of, yields};

type Outcome = Result<(), Faults>;

/// Errors that propagate, by number.
#[derive(Debug)]
pub(super) struct Faults(pub(super) Vec<u64>);

/// The payload of the panics that are part of a plan.
struct Planned;

/// Parts of the messages of panics of a future that was cancelled in one place, and is polled again in
/// another where nothing is cancelled.
const CARRIED_OUT: [&str; 3] = [
    "must not be polled again outside the scope that was cancelled",
    "the child was cancelled before it called `started`",
    "the child ended without having called `started`",
];

fn is_carried_out(payload: &(dyn Any + Send)) -> bool {
    let message = message_of(payload);
    CARRIED_OUT.iter().any(|part| message.contains(part))
}

/// Runs a whole tree.
pub(super) async fn tree<R: Runtime>(plan: Plan, seed: u64, ledger: &Arc<Ledger>) {
    let area = Area::new("tree", seed, ledger, true, false);
    let (catcher, around) = (Catcher::new(seed, ledger), area.clone());
    // A group around the tree waits for adopted tasks.
    let group = GroupOptions::new().run::<R, Faults, (), _>(async |tg: TaskGroup<R, Faults>| {
        let place = Place {
            seed,
            ledger: ledger.clone(),
            spawn: Arc::new(move |future| drop(tg.spawn(future))),
            tasks: Arc::default(),
            task: 0,
            areas: vec![around],
            catcher,
            scopes: Vec::new(),
            abortable: Vec::new(),
            visible: 0,
            lossy: false,
            forgotten: false,
            carried: false,
            borrowed: false,
        };
        let _ = catching::<R>(plan, place).await;
        Ok(())
    });
    if group.await.is_err() {
        ledger.violation(format!("seed {seed}: the tree failed as a whole"));
    }
    AreaEnd::of(area).completed();
}

/// The place in the tree where a plan is carried out.
#[derive(Clone)]
struct Place {
    seed: u64,
    ledger: Arc<Ledger>,
    /// The function that spawns a task into the group around the tree.
    spawn: Arc<dyn Fn(BoxFuture<'static, Outcome>) + Send + Sync>,
    /// The number of the last task.
    tasks: Arc<AtomicU64>,
    task: u64,
    areas: Vec<Arc<Area>>,
    catcher: Arc<Catcher>,
    /// The enclosing scopes, the outermost first.
    scopes: Vec<Target>,
    abortable: Vec<(CancelHandle, Arc<Area>)>,
    /// The number of outermost scopes that have no effect here: a shield or a task's root is in between.
    visible: usize,
    /// Whether an enclosing future may be dropped from outside, or aborted.
    lossy: bool,
    /// Whether the future that this is part of may be forgotten, so that nothing in it is ever dropped.
    forgotten: bool,
    /// Whether the future that this is part of is polled in several places.
    carried: bool,
    /// Whether the errors here belong to a group of borrowing children.
    borrowed: bool,
}

/// A scope that can be cancelled from inside.
#[derive(Clone)]
struct Target {
    handle: CancelHandle,
    /// Set when the scope's own task has cancelled it.
    mark: Arc<AtomicBool>,
    task: u64,
}

impl Place {
    fn area(&self, what: &'static str, adopts: bool) -> Arc<Area> {
        Area::new(what, self.seed, &self.ledger, adopts, self.lossy)
    }

    fn within(mut self, handle: CancelHandle, area: &Arc<Area>) -> Place {
        self.scopes.push(Target {
            handle,
            mark: Arc::default(),
            task: self.task,
        });
        self.areas.push(area.clone());
        self
    }

    fn shielded(mut self) -> Place {
        self.visible = self.scopes.len();
        self
    }

    /// Returns the place of a new task. A task inside the host's task is forgotten with it; others are not.
    fn in_new_task(mut self, in_place: bool) -> Place {
        self.task = self.tasks.fetch_add(1, Ordering::SeqCst) + 1;
        self.forgotten &= in_place;
        self.carried &= in_place;
        self.shielded()
    }

    /// Returns the place of a future that is moved to a new task and driven to its end there: of all
    /// enclosing areas, only the tree waits. If the future was cancelled where it was before, it may end
    /// half-way.
    fn carried_away(mut self) -> Place {
        self.task = self.tasks.fetch_add(1, Ordering::SeqCst) + 1;
        self.areas.truncate(1);
        self.carried = true;
        self.lossy = true;
        self.shielded()
    }

    /// Returns the areas that count values that are dropped with the future here: none if the future may be
    /// forgotten.
    fn counted(&self) -> &[Arc<Area>] {
        if self.forgotten { &[] } else { &self.areas }
    }

    /// Returns the place below a future that may be dropped, where only groups wait for tasks.
    fn losing(mut self) -> Place {
        self.lossy = true;
        self.areas.retain(|area| area.adopts);
        self
    }

    fn caught_by(mut self, catcher: &Arc<Catcher>) -> Place {
        self.catcher = catcher.clone();
        self.borrowed = false;
        self
    }

    fn cancel(&self, outwards: usize) {
        let Some(target) = self.scopes.iter().rev().nth(outwards) else {
            return;
        };
        target.handle.cancel();
        if target.task == self.task {
            target.mark.store(true, Ordering::SeqCst);
        }
    }

    /// Returns whether this very task has cancelled an enclosing scope, so that no operation may pass.
    fn refused(&self) -> bool {
        self.scopes[self.visible..]
            .iter()
            .any(|target| target.mark.load(Ordering::SeqCst))
    }

    /// Awaits an operation, and records a violation if it passes where it must be refused.
    async fn operation<T>(&self, name: &str, operation: impl Future<Output = T>) -> T {
        let refused = self.refused();
        let value = operation.await;
        if refused {
            let what = format!("seed {}: {name} passed in a cancelled scope", self.seed);
            self.ledger.violation(what);
        }
        value
    }
}

fn execute<R: Runtime>(plan: Plan, place: Place) -> BoxFuture<'static, Outcome> {
    async move {
        match plan {
            Plan::Yield(times) => yields(times).await,
            Plan::Checkpoint(times) => {
                for _ in 0..times {
                    place.operation("a checkpoint", checkpoint()).await;
                }
            }
            Plan::Sleep(micros) => {
                let nap = sleep::<R>(Duration::from_micros(micros));
                place.operation("a sleep", nap).await;
            }
            Plan::SleepForever => {
                sleep_forever().await;
            }
            Plan::Thread => {
                place
                    .operation("a thread call", to_thread::run::<R, _, _>(|| ()))
                    .await;
            }
            Plan::Fail => {
                return Err(Faults(vec![place.ledger.raise(
                    place.seed,
                    place.lossy,
                    place.borrowed,
                )]));
            }
            Plan::Panic => {
                place.catcher.raise();
                resume_unwind(Box::new(Planned));
            }
            Plan::Cancel(outwards) => place.cancel(outwards),
            Plan::Abort(outwards) => {
                if let Some((handle, area)) = place.abortable.iter().rev().nth(outwards) {
                    area.abort();
                    handle.abort();
                }
            }
            Plan::Then(plans) => {
                for plan in plans {
                    execute::<R>(plan, place.clone()).await?;
                }
            }
            Plan::Scope {
                limit,
                abortable,
                body,
            } => {
                return scope::<R>(limit, abortable, *body, place).await;
            }
            Plan::Shield(body) => return shield(execute::<R>(*body, place.shielded())).await,
            Plan::Finally(body, cleanup) => return cleaned_up::<R>(*body, *cleanup, place).await,
            Plan::Group {
                children,
                keep_going,
                steps,
                cancelled,
            } => {
                return group::<R>(children, keep_going, steps, cancelled, place).await;
            }
            Plan::Race(members) => {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|m| catching::<R>(m, place.clone()))
                    .collect();
                race::<R, _>(members).await;
            }
            Plan::Gather(members) => {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|m| catching::<R>(m, place.clone()))
                    .collect();
                gather(members).await;
            }
            Plan::TryGather(members) => {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|m| execute::<R>(m, place.clone()))
                    .collect();
                return flat(try_gather(members).await.map(drop));
            }
            Plan::Drop(polls, body) => return dropped::<R>(polls, *body, place).await,
            Plan::Forget(polls, body) => {
                let mut place = place.losing();
                place.forgotten = true;
                let mut body = execute::<R>(*body, place);
                poll_times(polls, body.as_mut()).await;
                std::mem::forget(body);
            }
            Plan::Move(polls, body) => {
                let spawn = place.spawn.clone();
                let mut body = catching::<R>(*body, place.carried_away());
                if poll_times(polls, body.as_mut()).await.is_none() {
                    spawn(body.map(Ok).boxed());
                }
            }
            Plan::Share(polls, body) => {
                let spawn = place.spawn.clone();
                let body = catching::<R>(*body, place.carried_away()).shared();
                let (mut here, mut there) = (body.clone(), body);
                // `Shared` loses a wake-up that arrives while one task polls and then drops its handle.
                let waker = Arc::new(AtomicWaker::new());
                let registered = waker.clone();
                spawn(
                    poll_fn(move |cx| {
                        registered.register(cx.waker());
                        there.poll_unpin(cx).map(Ok)
                    })
                    .boxed(),
                );
                let _wakes = crate::support::OnDrop::new(move || waker.wake());
                poll_times(polls, Pin::new(&mut here)).await;
            }
            Plan::Catch(body) => catching::<R>(*body, place).await,
        }
        Ok(())
    }
    .boxed()
}

/// Carries out a plan, and settles its errors and panics.
fn catching<R: Runtime>(plan: Plan, place: Place) -> BoxFuture<'static, ()> {
    async move {
        let (seed, ledger, carried) = (place.seed, place.ledger.clone(), place.carried);
        let catcher = Catcher::new(seed, &ledger);
        let end = CatcherEnd {
            catcher: catcher.clone(),
            may_be_lost: place.lossy,
        };
        let inside = execute::<R>(plan, place.caught_by(&catcher));
        let result = AssertUnwindSafe(inside).catch_unwind().await;
        let result = match result {
            Err(payload) if carried && is_carried_out(&*payload) => {
                drop(end);
                return;
            }
            other => other,
        };
        catcher.ended(result.is_err());
        drop(end);
        match result {
            Ok(Ok(())) => {}
            Ok(Err(Faults(ids))) => ids.into_iter().for_each(|id| ledger.arrive(id)),
            Err(payload) => expect_planned(&*payload, seed, &ledger),
        }
    }
    .boxed()
}

fn expect_planned(payload: &(dyn Any + Send), seed: u64, ledger: &Ledger) {
    if !payload.is::<Planned>() {
        ledger.violation(format!(
            "seed {seed}: a strange panic: {}",
            message_of(payload)
        ));
    }
}

async fn scope<R: Runtime>(
    limit: Option<u64>,
    abortable: bool,
    body: Plan,
    place: Place,
) -> Outcome {
    let mut scope = CancelScope::<R>::new();
    if let Some(micros) = limit {
        scope = scope.within(Duration::from_micros(micros));
    }
    let handle = scope.handle();
    let area = place.area("scope", false);
    let (seed, ledger) = (place.seed, place.ledger.clone());
    let place = if abortable { place.losing() } else { place };
    let mut inside = place.within(handle.clone(), &area);
    if abortable {
        inside.abortable.push((handle.clone(), area.clone()));
    }
    let end = AreaEnd::of(area);
    let result = scope.run(execute::<R>(body, inside)).await;
    end.completed();
    match result {
        Ok(outcome) => outcome,
        Err(_) => {
            if !handle.is_cancelled() {
                ledger.violation(format!(
                    "seed {seed}: a scope ended as cancelled, and was not"
                ));
            }
            Ok(())
        }
    }
}

async fn cleaned_up<R: Runtime>(body: Plan, cleanup: Plan, place: Place) -> Outcome {
    let owed = Arc::new(Owed::new(
        place.counted(),
        place.seed,
        &place.ledger,
        place.lossy,
    ));
    let inside = place.clone();
    let begun = owed.clone();
    let body = async move {
        begun.begin();
        execute::<R>(body, inside).await
    };
    let ending = owed.clone();
    let cleanup = || async move {
        ending.clean_up();
        let seed = place.seed;
        let ledger = place.ledger.clone();
        if execute::<R>(cleanup, place.shielded()).await.is_err() {
            ledger.violation(format!("seed {seed}: a clean-up failed"));
        }
        ending.done();
    };
    finally(body, cleanup).await
}

async fn dropped<R: Runtime>(polls: usize, body: Plan, place: Place) -> Outcome {
    let mut body = execute::<R>(body, place.losing());
    poll_times(polls, body.as_mut()).await.unwrap_or(Ok(()))
}

/// Polls a future at most `polls` times, in as many turns.
async fn poll_times<F: Future + ?Sized>(
    polls: usize,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

async fn group<R: Runtime>(
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
fn flat(result: Result<(), GroupError<Faults>>) -> Outcome {
    match result {
        Err(GroupError::Failed(failures)) => Err(Faults(
            failures.into_iter().flat_map(|faults| faults.0).collect(),
        )),
        _ => Ok(()),
    }
}

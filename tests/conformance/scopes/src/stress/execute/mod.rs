//! Runs a plan.

mod groups;
mod place;

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, checkpoint, finally, shield};
use anyrt_core::combine::{gather, race, try_gather};
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{GroupOptions, TaskGroup};
use anyrt_core::thread::to_thread;
use anyrt_core::time::{sleep, sleep_forever};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;

use self::groups::{flat, group};
use self::place::Place;
use super::ledger::{Area, AreaEnd, Catcher, CatcherEnd, Ledger, Owed};
use super::plan::Plan;
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
        let (seed, ledger) = (place.seed, place.ledger.clone());
        // A group in it that is dropped passes its panic on to the next group outwards.
        let carried = place.carried || plan.carries();
        let catcher = Catcher::new(seed, &ledger);
        let mut end = CatcherEnd {
            catcher: catcher.clone(),
            may_be_lost: place.lossy,
        };
        let inside = execute::<R>(plan, place.caught_by(&catcher));
        let result = AssertUnwindSafe(inside).catch_unwind().await;
        let result = match result {
            Err(payload) if carried && is_carried_out(&*payload) => {
                // A planned panic that came second is dropped.
                end.may_be_lost = true;
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

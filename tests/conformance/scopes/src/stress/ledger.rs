//! A record of the events in the trees of one run, and of violations.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyrt_core::task::Unhandled;

use super::execute::Faults;

/// The record of one run.
#[derive(Debug)]
pub(super) struct Ledger {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    next: u64,
    faults: BTreeMap<u64, Fault>,
    /// The number of errors that the hook received without a value.
    anonymous: usize,
    violations: Vec<String>,
    closed: bool,
}

#[derive(Debug)]
struct Fault {
    seed: u64,
    may_be_lost: bool,
    /// Whether the hook may receive the error without a value.
    may_be_anonymous: bool,
    arrived: usize,
}

impl Ledger {
    pub(super) fn new() -> Ledger {
        Ledger {
            books: Mutex::default(),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn violation(&self, what: String) {
        let mut books = self.books();
        if books.closed {
            drop(books);
            eprintln!("after the end of the run: {what}");
        } else {
            books.violations.push(what);
        }
    }

    /// Records that an error was raised, and returns its number.
    pub(super) fn raise(&self, seed: u64, may_be_lost: bool, may_be_anonymous: bool) -> u64 {
        let mut books = self.books();
        books.next += 1;
        let id = books.next;
        let fault = Fault {
            seed,
            may_be_lost,
            may_be_anonymous,
            arrived: 0,
        };
        books.faults.insert(id, fault);
        id
    }

    /// Records that an error was received by code that can handle it.
    pub(super) fn arrive(&self, id: u64) {
        let mut books = self.books();
        let Some(fault) = books.faults.get_mut(&id) else {
            books
                .violations
                .push(format!("error {id} was never raised"));
            return;
        };
        fault.arrived += 1;
    }

    /// Records an error or a panic that the hook of the run received.
    pub(super) fn unhandled(&self, unhandled: Unhandled) {
        let text = unhandled.to_string();
        if unhandled.is_panic() {
            self.violation(format!("a panic went to the hook: {text}"));
            return;
        }
        match unhandled
            .into_inner()
            .map(|error| error.downcast::<Faults>())
        {
            Some(Ok(faults)) => faults.0.into_iter().for_each(|id| self.arrive(id)),
            Some(Err(_)) => self.violation(format!("the hook was told something strange: {text}")),
            // Errors of borrowing children cannot be passed by value.
            None => self.books().anonymous += 1,
        }
    }

    /// Closes the record, and returns the violations.
    pub(super) fn close(&self) -> Vec<String> {
        let mut books = self.books();
        books.closed = true;
        let mut violations = std::mem::take(&mut books.violations);
        for (id, fault) in &books.faults {
            let seed = fault.seed;
            let excused = fault.may_be_lost || (fault.may_be_anonymous && books.anonymous > 0);
            match fault.arrived {
                0 if !excused => violations.push(format!("seed {seed}: error {id} was lost")),
                0 | 1 => {}
                n => violations.push(format!("seed {seed}: error {id} arrived {n} times")),
            }
        }
        violations
    }
}

/// The tasks and clean-ups that must have ended when a group or a scope ends.
#[derive(Debug)]
pub(super) struct Area {
    what: &'static str,
    seed: u64,
    ledger: Arc<Ledger>,
    /// Whether the area waits for adopted tasks: groups and the tree itself do.
    pub(super) adopts: bool,
    may_be_dropped: bool,
    /// The numbers of active tasks and of clean-ups that have to run; both are 0 at the end of the area.
    tasks: AtomicUsize,
    clean_ups: AtomicUsize,
    /// Set when the area was aborted: its end is not checked.
    aborted: AtomicBool,
}

impl Area {
    pub(super) fn new(
        what: &'static str,
        seed: u64,
        ledger: &Arc<Ledger>,
        adopts: bool,
        may_be_dropped: bool,
    ) -> Arc<Area> {
        Arc::new(Area {
            what,
            seed,
            ledger: ledger.clone(),
            adopts,
            may_be_dropped,
            tasks: AtomicUsize::new(0),
            clean_ups: AtomicUsize::new(0),
            aborted: AtomicBool::new(false),
        })
    }

    /// Allows tasks and clean-ups to be left behind from now on, for the enclosing areas.
    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::SeqCst);
    }

    fn check(&self, how: &str) {
        let (tasks, clean_ups) = (
            self.tasks.load(Ordering::SeqCst),
            self.clean_ups.load(Ordering::SeqCst),
        );
        if (tasks, clean_ups) != (0, 0) && !self.aborted.load(Ordering::SeqCst) {
            self.ledger.violation(format!(
                "seed {}: a {} {how} before {tasks} tasks and {clean_ups} clean-ups in it",
                self.seed, self.what
            ));
        }
    }
}

/// A guard that checks an area when its group or scope ends: by value, by panic, or because it was dropped.
#[derive(Debug)]
pub(super) struct AreaEnd {
    area: Arc<Area>,
    completed: bool,
}

impl AreaEnd {
    pub(super) fn of(area: Arc<Area>) -> AreaEnd {
        AreaEnd {
            area,
            completed: false,
        }
    }

    pub(super) fn completed(mut self) {
        self.area.check("completed");
        // A completed area needs no second check.
        self.completed = true;
    }
}

impl Drop for AreaEnd {
    fn drop(&mut self) {
        if !self.completed && !self.area.may_be_dropped {
            self.area.check("was dropped");
        }
    }
}

/// An active task, counted in all enclosing areas.
#[derive(Debug)]
pub(super) struct Living(Vec<Arc<Area>>);

impl Living {
    pub(super) fn new(areas: &[Arc<Area>]) -> Living {
        for area in areas {
            area.tasks.fetch_add(1, Ordering::SeqCst);
        }
        Living(areas.to_vec())
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        for area in &self.0 {
            area.tasks.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// A clean-up that has to run, counted in all enclosing areas.
#[derive(Debug)]
pub(super) struct Owed {
    areas: Vec<Arc<Area>>,
    state: Mutex<OwedState>,
    seed: u64,
    ledger: Arc<Ledger>,
    may_be_lost: bool,
}

/// The state of a clean-up. Any other transition is a violation; so is a drop between `Owed` and `Done`,
/// unless the clean-up may be lost.
///
/// ```text
/// NotYet ──begin──▶ Owed ──clean_up──▶ CleaningUp ──done──▶ Done
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwedState {
    NotYet,
    Owed,
    CleaningUp,
    Done,
}

impl Owed {
    pub(super) fn new(
        areas: &[Arc<Area>],
        seed: u64,
        ledger: &Arc<Ledger>,
        may_be_lost: bool,
    ) -> Owed {
        Owed {
            areas: areas.to_vec(),
            state: Mutex::new(OwedState::NotYet),
            seed,
            ledger: ledger.clone(),
            may_be_lost,
        }
    }

    /// Records that the body begins.
    pub(super) fn begin(&self) {
        self.step(OwedState::NotYet, OwedState::Owed);
        for area in &self.areas {
            area.clean_ups.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Records that the clean-up begins.
    pub(super) fn clean_up(&self) {
        self.step(OwedState::Owed, OwedState::CleaningUp);
    }

    /// Records that the clean-up has ended.
    pub(super) fn done(&self) {
        self.step(OwedState::CleaningUp, OwedState::Done);
        self.settle();
    }

    fn step(&self, from: OwedState, to: OwedState) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state != from {
            let what = format!(
                "seed {}: a clean-up went from {:?} to {to:?}",
                self.seed, *state
            );
            self.ledger.violation(what);
        }
        *state = to;
    }

    fn settle(&self) {
        for area in &self.areas {
            area.clean_ups.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(state, OwedState::Owed | OwedState::CleaningUp) {
            if !self.may_be_lost {
                let what = format!("seed {}: a clean-up was dropped while {state:?}", self.seed);
                self.ledger.violation(what);
            }
            self.settle();
        }
    }
}

/// A place where panics are caught: it must catch one if and only if one was raised below.
#[derive(Debug)]
pub(super) struct Catcher {
    raised: AtomicUsize,
    seed: u64,
    ledger: Arc<Ledger>,
}

impl Catcher {
    pub(super) fn new(seed: u64, ledger: &Arc<Ledger>) -> Arc<Catcher> {
        Arc::new(Catcher {
            raised: AtomicUsize::new(0),
            seed,
            ledger: ledger.clone(),
        })
    }

    pub(super) fn raise(&self) {
        self.raised.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn ended(&self, caught: bool) {
        let raised = self.raised.swap(0, Ordering::SeqCst);
        match (raised > 0, caught) {
            (true, false) => self
                .ledger
                .violation(format!("seed {}: a panic was lost", self.seed)),
            (false, true) => {
                self.ledger
                    .violation(format!("seed {}: a panic came from elsewhere", self.seed));
            }
            _ => {}
        }
    }
}

/// A guard that checks a catcher that is dropped instead of catching anything.
#[derive(Debug)]
pub(super) struct CatcherEnd {
    pub(super) catcher: Arc<Catcher>,
    pub(super) may_be_lost: bool,
}

impl Drop for CatcherEnd {
    fn drop(&mut self) {
        if !self.may_be_lost {
            self.catcher.ended(false);
        }
    }
}

//! [`Sequencer`]: numbered steps of several tasks, one after another.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::loom::{Arc, Mutex, lock};
use crate::sync::Event;

/// The order of steps in several tasks: step 0 runs first, step 1 when step 0 has ended, and so on, whichever tasks
/// they are in.
///
/// A test uses it to let tasks reach certain points in a certain order.
///
/// # Examples
///
/// ```
/// use anyrt_core::testing::Sequencer;
/// # use std::pin::pin;
/// # use std::task::{Context, Poll, Waker};
///
/// let sequencer = Sequencer::new();
/// let mut second = pin!(sequencer.step(1, async { "second" }));
/// let mut first = pin!(sequencer.step(0, async { "first" }));
/// # let mut cx = Context::from_waker(Waker::noop());
/// assert!(second.as_mut().poll(&mut cx).is_pending());
/// assert_eq!(first.as_mut().poll(&mut cx), Poll::Ready(Ok("first")));
/// assert_eq!(second.as_mut().poll(&mut cx), Poll::Ready(Ok("second")));
/// ```
pub struct Sequencer {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The beginnings of steps that were started or are next.
    steps: BTreeMap<u64, Step>,
    is_broken: bool,
}

#[derive(Default)]
struct Step {
    /// Set when the step may run, or the sequence is broken.
    begins: Arc<Event>,
    is_used: bool,
}

/// The error of [`Sequencer::step`]: the step did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SequencerError {
    /// There was a step with this number already.
    #[error("step {0} of the sequencer is used twice; give each step a number of its own")]
    Reused(u64),
    /// A step was cancelled, or dropped, while it waited for its turn, so that later steps would wait for all time.
    #[error("the sequence is broken: a step of it was cancelled while it waited for its turn")]
    Broken,
}

impl Sequencer {
    /// Creates a sequencer whose next step is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::testing::Sequencer;
    ///
    /// let sequencer = Sequencer::new();
    /// assert_eq!(anyrt::run(sequencer.step(0, async { "done" })), Ok("done"));
    /// ```
    pub fn new() -> Sequencer {
        let sequencer = Sequencer {
            state: Mutex::default(),
        };
        sequencer.begin(0);
        sequencer
    }

    /// Waits until all steps with lower numbers have ended, and then runs the future. The next step begins when the
    /// future has ended, however it does: it also begins if this one is dropped, or panics, while it runs.
    ///
    /// # Errors
    ///
    /// - [`SequencerError::Reused`] if there was a step with this number.
    /// - [`SequencerError::Broken`] if another step was cancelled while it waited.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits, the sequence is broken: all steps that wait, and later ones, return an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// let (sequencer, order) = (anyrt::testing::Sequencer::new(), Mutex::new(Vec::new()));
    /// let note = async |step, what| {
    ///     let noted = sequencer.step(step, async { order.lock().unwrap().push(what) });
    ///     noted.await.unwrap();
    /// };
    /// anyrt::run(anyrt::gather((note(1, "second"), note(2, "third"), note(0, "first"))));
    /// assert_eq!(order.into_inner().unwrap(), ["first", "second", "third"]);
    /// ```
    pub async fn step<F: Future>(
        &self,
        number: u64,
        future: F,
    ) -> Result<F::Output, SequencerError> {
        let begins = self.claim(number)?;
        let waiting = Waiting(self);
        begins.wait().await;
        std::mem::forget(waiting);
        if lock(&self.state).is_broken {
            return Err(SequencerError::Broken);
        }
        let _running = Running {
            sequencer: self,
            next: number.saturating_add(1),
        };
        Ok(future.await)
    }

    /// Notes that a step is used. Returns the event of its beginning.
    fn claim(&self, number: u64) -> Result<Arc<Event>, SequencerError> {
        let mut state = lock(&self.state);
        let step = state.steps.entry(number).or_default();
        if std::mem::replace(&mut step.is_used, true) {
            return Err(SequencerError::Reused(number));
        }
        let begins = step.begins.clone();
        match state.is_broken {
            true => Err(SequencerError::Broken),
            false => Ok(begins),
        }
    }

    /// Lets a step begin.
    fn begin(&self, number: u64) {
        let begins = {
            let mut state = lock(&self.state);
            state.steps.entry(number).or_default().begins.clone()
        };
        // Without the lock, since it wakes.
        begins.set();
    }

    /// Lets all steps that wait return an error.
    fn break_up(&self) {
        let all: Vec<Arc<Event>> = {
            let mut state = lock(&self.state);
            state.is_broken = true;
            state
                .steps
                .values()
                .map(|step| step.begins.clone())
                .collect()
        };
        for begins in all {
            begins.set();
        }
    }
}

impl Default for Sequencer {
    fn default() -> Sequencer {
        Sequencer::new()
    }
}

impl fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        let used = state.steps.iter().filter(|(_, step)| step.is_used);
        f.debug_struct("Sequencer")
            .field("used", &used.map(|(number, _)| *number).collect::<Vec<_>>())
            .field("broken", &state.is_broken)
            .finish()
    }
}

/// A step that waits for its turn.
struct Waiting<'a>(&'a Sequencer);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.break_up();
    }
}

/// A step that runs.
struct Running<'a> {
    sequencer: &'a Sequencer,
    next: u64,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.sequencer.begin(self.next);
    }
}

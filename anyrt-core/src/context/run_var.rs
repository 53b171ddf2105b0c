//! Run variables: one value per run (rule [G14](crate::rules#g14)).

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use crate::engine::Run;
use crate::engine::poll_state::number_in_process;
use crate::loom::{Arc, OnceLock, lock};

/// A variable with one value per run, shared by all its tasks. Declare it as a `static`.
pub struct RunVar<T: 'static> {
    id: OnceLock<u64>,
    default: Option<fn() -> T>,
    value: PhantomData<fn() -> T>,
}

/// The reason why a run variable has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunVarError {
    /// The caller is not part of a run.
    #[error(
        "a run variable was used outside of every run: use it inside `anyrt::run` or a task of it"
    )]
    NoRun,
    /// It was not set in this run, and has no default.
    #[error("the run variable was not set in this run: set it first, or declare a default")]
    Unset,
}

impl<T: Clone + Send + Sync + 'static> RunVar<T> {
    /// Creates a variable without a default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{RunVar, RunVarError};
    ///
    /// # anyrt::run(async {
    /// static USER: RunVar<&'static str> = RunVar::new();
    ///
    /// assert_eq!(USER.get(), Err(RunVarError::Unset));
    /// USER.set("ada").unwrap();
    /// assert_eq!(USER.get(), Ok("ada"));
    /// # });
    /// ```
    #[expect(
        clippy::new_without_default,
        reason = "a variable is declared as a static"
    )]
    pub const fn new() -> RunVar<T> {
        RunVar {
            id: OnceLock::new(),
            default: None,
            value: PhantomData,
        }
    }

    /// Creates a variable with a default, which `default` creates when it is first read in a run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::RunVar;
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// // Each run has a limiter of its own.
    /// static UPLOADS: RunVar<Arc<CapacityLimiter>> =
    ///     RunVar::with_default(|| Arc::new(CapacityLimiter::new(4)));
    ///
    /// assert_eq!(UPLOADS.get().unwrap().total(), 4);
    /// # });
    /// ```
    pub const fn with_default(default: fn() -> T) -> RunVar<T> {
        RunVar {
            id: OnceLock::new(),
            default: Some(default),
            value: PhantomData,
        }
    }

    fn id(&'static self) -> u64 {
        *self.id.get_or_init(number_in_process)
    }

    /// Returns the value in the current run.
    ///
    /// # Errors
    ///
    /// [`RunVarError`] outside of every run, and if the variable was not set and has no default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{RunVar, RunVarError};
    ///
    /// static RETRIES: RunVar<u32> = RunVar::with_default(|| 3);
    ///
    /// assert_eq!(RETRIES.get(), Err(RunVarError::NoRun));
    /// assert_eq!(anyrt::run(async { RETRIES.get() }), Ok(3));
    /// ```
    pub fn get(&'static self) -> Result<T, RunVarError> {
        let run = Run::current().ok_or(RunVarError::NoRun)?;
        let id = self.id();
        let found = lock(&run.vars.0).get(id).cloned();
        let value = match (found, self.default) {
            (Some(value), _) => value,
            (None, None) => return Err(RunVarError::Unset),
            (None, Some(default)) => {
                // Created without the lock. If two threads create a default at once, the first one stays.
                let made: Arc<dyn Any + Send + Sync> = Arc::new(default());
                let mut vars = lock(&run.vars.0);
                let first = vars.get(id).cloned();
                if first.is_none() {
                    vars.set(id, Some(made.clone()));
                }
                drop(vars);
                first.unwrap_or(made)
            }
        };
        value.downcast_ref::<T>().cloned().ok_or(RunVarError::Unset)
    }

    /// Sets the value for the current run.
    ///
    /// # Errors
    ///
    /// [`RunVarError::NoRun`] outside of every run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::RunVar;
    ///
    /// static RETRIES: RunVar<u32> = RunVar::with_default(|| 3);
    ///
    /// let changed = anyrt::run(async {
    ///     RETRIES.set(5).unwrap();
    ///     RETRIES.get()
    /// });
    /// assert_eq!(changed, Ok(5));
    /// assert_eq!(anyrt::run(async { RETRIES.get() }), Ok(3));
    /// ```
    pub fn set(&'static self, value: T) -> Result<(), RunVarError> {
        let run = Run::current().ok_or(RunVarError::NoRun)?;
        let old = lock(&run.vars.0).set(self.id(), Some(Arc::new(value)));
        drop(old);
        Ok(())
    }
}

impl<T> fmt::Debug for RunVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunVar")
            .field("type", &std::any::type_name::<T>())
            .finish()
    }
}

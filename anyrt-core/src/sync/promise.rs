//! [`Promise`]: a cell that is set once, and an [`Event`] for the tasks that wait for it.
//!
//! The cell is set before the event, so a task that sees the event set finds the outcome.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use super::event::Event;
use crate::engine::deliver;
use crate::loom::{OnceLock, const_fn};

/// A value that is set later, and that any number of tasks can wait for.
///
/// A promise is settled once: with a value, with an error, or by cancellation. The outcome is cloned for each
/// caller.
///
/// # Examples
///
/// ```
/// use anyrt::sync::Promise;
///
/// let port: Promise<u16> = Promise::new();
/// assert!(port.try_value().is_err());
/// port.set(8080).unwrap();
/// assert_eq!(port.try_value(), Ok(8080));
/// let refused = port.set(9090).unwrap_err();
/// assert_eq!(refused.to_string(), "the promise has a value already: a promise is settled once");
/// assert_eq!(refused.into_inner(), 9090);
/// ```
pub struct Promise<T, E = Infallible> {
    outcome: OnceLock<Settlement<T, E>>,
    settled: Event,
}

/// The value, the error or the cancellation with which a promise was settled.
enum Settlement<T, E> {
    Value(T),
    Error(E),
    Cancelled,
}

/// Error: the promise was settled before. Contains the refused value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AlreadySettled<T> {
    refused: T,
    before: Settled,
}

/// The way in which a promise was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth way")]
pub enum Settled {
    /// With a value.
    Value,
    /// With an error.
    Error,
    /// By [`cancel`](Promise::cancel).
    Cancelled,
}

/// Error: the promise has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromiseError<E> {
    /// It is not settled yet. Only returned by [`try_value`](Promise::try_value).
    NotSettled,
    /// It was settled with this error.
    Failed(E),
    /// It was cancelled, so there will be no value.
    Cancelled,
}

impl<T, E> Promise<T, E> {
    const_fn! {
        /// Creates a promise that is not settled.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::Promise;
        ///
        /// let answer: Promise<u32> = Promise::new();
        /// assert!(!answer.is_settled());
        /// ```
        pub const fn new() -> Promise<T, E> {
            Promise {
                outcome: OnceLock::new(),
                settled: Event::new(),
            }
        }
    }

    /// Settles the promise with a value.
    ///
    /// # Errors
    ///
    /// [`AlreadySettled`], with the value, if the promise was settled before.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Promise;
    ///
    /// let answer: Promise<u32> = Promise::new();
    /// answer.set(42).unwrap();
    /// assert_eq!(answer.set(43).unwrap_err().into_inner(), 43);
    /// assert_eq!(answer.try_value(), Ok(42));
    /// ```
    pub fn set(&self, value: T) -> Result<(), AlreadySettled<T>> {
        self.settle(Settlement::Value(value))
            .map_err(|outcome| match outcome {
                Settlement::Value(value) => self.already_settled(value),
                _ => unreachable!("it comes back as it went in"),
            })
    }

    /// Settles the promise with an error.
    ///
    /// # Errors
    ///
    /// [`AlreadySettled`], with the error, if the promise was settled before.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Promise, PromiseError};
    ///
    /// let answer: Promise<u32, String> = Promise::new();
    /// answer.fail("no route".to_owned()).unwrap();
    /// assert_eq!(answer.try_value(), Err(PromiseError::Failed("no route".to_owned())));
    /// ```
    pub fn fail(&self, error: E) -> Result<(), AlreadySettled<E>> {
        self.settle(Settlement::Error(error))
            .map_err(|outcome| match outcome {
                Settlement::Error(error) => self.already_settled(error),
                _ => unreachable!("it comes back as it went in"),
            })
    }

    /// Settles the promise without a value.
    ///
    /// # Errors
    ///
    /// [`AlreadySettled`] if the promise was settled before.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Promise, PromiseError};
    ///
    /// let answer: Promise<u32> = Promise::new();
    /// answer.cancel().unwrap();
    /// assert_eq!(answer.try_value(), Err(PromiseError::Cancelled));
    /// ```
    pub fn cancel(&self) -> Result<(), AlreadySettled<()>> {
        let settled = self.settle(Settlement::Cancelled);
        settled.map_err(|_| self.already_settled(()))
    }

    fn already_settled<V>(&self, refused: V) -> AlreadySettled<V> {
        let before = match self.outcome.get() {
            Some(Settlement::Value(_)) => Settled::Value,
            Some(Settlement::Error(_)) => Settled::Error,
            Some(Settlement::Cancelled) => Settled::Cancelled,
            // Only called after `settle` has found an outcome, which is never removed.
            None => unreachable!("it was settled, and stays so"),
        };
        AlreadySettled { refused, before }
    }

    /// Stores the outcome, then wakes the waiting tasks. Returns the outcome if there is one already.
    fn settle(&self, outcome: Settlement<T, E>) -> Result<(), Settlement<T, E>> {
        // The first caller wins; later ones get their outcome back. The event is set afterwards, so a task that
        // passes it finds the outcome.
        self.outcome.set(outcome)?;
        self.settled.set();
        Ok(())
    }

    /// Returns whether the promise is settled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Promise;
    ///
    /// let answer: Promise<u32> = Promise::new();
    /// assert!(!answer.is_settled());
    /// answer.set(42).unwrap();
    /// assert!(answer.is_settled());
    /// ```
    pub fn is_settled(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// Waits until the promise is settled.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Promise;
    ///
    /// # anyrt::run(async {
    /// let answer: Promise<String> = Promise::new();
    /// let waiter = async {
    ///     answer.wait().await;
    ///     answer.is_settled()
    /// };
    /// let (settled, set) = anyrt::gather((waiter, async { answer.set("yes".to_owned()) })).await;
    /// assert!(settled && set.is_ok());
    /// # });
    /// ```
    pub async fn wait(&self) {
        self.settled.wait().await;
    }

    /// Returns the number of waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Promise;
    ///
    /// let answer: Promise<u32> = Promise::new();
    /// assert_eq!(answer.waiting(), 0);
    /// ```
    pub fn waiting(&self) -> usize {
        self.settled.statistics().waiting
    }
}

impl<T: Clone, E: Clone> Promise<T, E> {
    /// Waits until the promise is settled, and returns the value.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the value stays in the promise.
    ///
    /// # Errors
    ///
    /// - [`PromiseError::Failed`]: the promise was settled with an error.
    /// - [`PromiseError::Cancelled`]: the promise was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Promise;
    ///
    /// # anyrt::run(async {
    /// let answer: Promise<u32> = Promise::new();
    /// let (first, second, _) =
    ///     anyrt::gather((answer.value(), answer.value(), async { answer.set(42) })).await;
    /// assert_eq!((first, second), (Ok(42), Ok(42)));
    /// # });
    /// ```
    pub async fn value(&self) -> Result<T, PromiseError<E>> {
        self.settled.wait().await;
        deliver(self.try_value()).await
    }

    /// Returns the value, if the promise is settled with one.
    ///
    /// # Errors
    ///
    /// - [`PromiseError::NotSettled`]: the promise is not settled yet.
    /// - [`PromiseError::Failed`]: the promise was settled with an error.
    /// - [`PromiseError::Cancelled`]: the promise was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Promise, PromiseError};
    ///
    /// let answer: Promise<u32> = Promise::new();
    /// assert_eq!(answer.try_value(), Err(PromiseError::NotSettled));
    /// answer.set(42).unwrap();
    /// assert_eq!(answer.try_value(), Ok(42));
    /// ```
    pub fn try_value(&self) -> Result<T, PromiseError<E>> {
        match self.outcome.get() {
            None => Err(PromiseError::NotSettled),
            Some(Settlement::Value(value)) => Ok(value.clone()),
            Some(Settlement::Error(error)) => Err(PromiseError::Failed(error.clone())),
            Some(Settlement::Cancelled) => Err(PromiseError::Cancelled),
        }
    }
}

impl<T, E> Default for Promise<T, E> {
    fn default() -> Self {
        Promise::new()
    }
}

impl<T, E> fmt::Debug for Promise<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.outcome.get() {
            None => "not settled",
            Some(Settlement::Value(_)) => "set",
            Some(Settlement::Error(_)) => "failed",
            Some(Settlement::Cancelled) => "cancelled",
        };
        f.debug_struct("Promise")
            .field("state", &state)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

impl<T> AlreadySettled<T> {
    /// Returns the refused value.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Promise;
    ///
    /// let answer: Promise<String> = Promise::new();
    /// answer.set("first".to_owned()).unwrap();
    /// let error = answer.set("second".to_owned()).unwrap_err();
    /// assert_eq!(error.into_inner(), "second");
    /// ```
    pub fn into_inner(self) -> T {
        self.refused
    }

    /// Returns the way in which the promise was settled before.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::{Promise, Settled};
    ///
    /// let answer: Promise<u32> = Promise::new();
    /// answer.cancel().unwrap();
    /// assert_eq!(answer.set(42).unwrap_err().before(), Settled::Cancelled);
    /// ```
    pub fn before(&self) -> Settled {
        self.before
    }
}

impl<T> fmt::Debug for AlreadySettled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlreadySettled")
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for AlreadySettled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = match self.before {
            Settled::Value => "has a value already",
            Settled::Error => "has failed already",
            Settled::Cancelled => "was cancelled already",
        };
        write!(f, "the promise {before}: a promise is settled once")
    }
}

impl<T> Error for AlreadySettled<T> {}

impl<E: fmt::Display> fmt::Display for PromiseError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromiseError::NotSettled => {
                f.write_str("the promise is not settled yet: wait for it first")
            }
            PromiseError::Failed(error) => write!(f, "the promise failed: {error}"),
            PromiseError::Cancelled => f.write_str("the promise was cancelled"),
        }
    }
}

/// Requires only `Debug` and `Display` of `E`, like [`GroupError`](crate::error::GroupError).
impl<E: fmt::Debug + fmt::Display> Error for PromiseError<E> {}

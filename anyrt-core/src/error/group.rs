//! Errors of groups.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::ops::Deref;

use crate::engine::Cancelled;

/// All errors of a group (rule [G3](crate::rules#g3)), or the cause of its interruption (rule
/// [G5](crate::rules#g5)).
///
/// `Display` is one line; `{:#}` is a tree, one line for each error.
#[derive(Debug)]
#[non_exhaustive]
pub enum GroupError<E> {
    /// Children or the body failed.
    Failed(Failures<E>),
    /// The group was cancelled and its body interrupted; nothing failed.
    Cancelled(Cancelled),
}

/// At least one error, each once, in order of arrival.
#[derive(Debug, PartialEq, Eq)]
pub struct Failures<E>(Vec<E>);

impl<E> Failures<E> {
    /// Returns the first error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::GroupError;
    ///
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     tg.spawn(async { Err::<(), _>("no route") });
    ///     Ok(())
    /// });
    /// let Err(GroupError::Failed(failures)) = ended.await else { panic!() };
    /// assert_eq!(*failures.first(), "no route");
    /// assert_eq!(failures.len(), 1);
    /// # });
    /// ```
    pub fn first(&self) -> &E {
        &self.0[0]
    }

    /// Returns the first error, and drops the others.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::GroupError;
    /// use std::io;
    ///
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     tg.spawn(async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) });
    ///     Ok(())
    /// });
    /// let Err(GroupError::Failed(failures)) = ended.await else { panic!() };
    /// let error: io::Error = failures.into_first();
    /// assert_eq!(error.kind(), io::ErrorKind::NotFound);
    /// # });
    /// ```
    pub fn into_first(self) -> E {
        match self.0.into_iter().next() {
            Some(first) => first,
            None => unreachable!("there is at least one failure"),
        }
    }
}

impl<E> Deref for Failures<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.0
    }
}

impl<E> IntoIterator for Failures<E> {
    type Item = E;
    type IntoIter = std::vec::IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a Failures<E> {
    type Item = &'a E;
    type IntoIter = std::slice::Iter<'a, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<E> GroupError<E> {
    /// Creates the error from `errors`, which must not be empty.
    pub(crate) fn failed(errors: Vec<E>) -> GroupError<E> {
        debug_assert!(!errors.is_empty(), "a group without errors has not failed");
        GroupError::Failed(Failures(errors))
    }

    /// Returns whether the group was interrupted by a cancellation, and nothing failed.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     tg.cancel();
    ///     anyrt::checkpoint().await;
    ///     Ok::<_, std::io::Error>("not reached")
    /// });
    /// assert!(ended.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self, GroupError::Cancelled(_))
    }

    /// Returns the errors, in order of arrival; none if the group was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     tg.spawn(async { Err::<(), _>("no route") });
    ///     Ok(())
    /// });
    /// assert_eq!(ended.await.unwrap_err().errors(), ["no route"]);
    /// # });
    /// ```
    pub fn errors(&self) -> &[E] {
        match self {
            GroupError::Failed(failures) => failures,
            GroupError::Cancelled(_) => &[],
        }
    }

    /// Converts each error with `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::GroupError;
    ///
    /// # anyrt::run(async {
    /// let ended = anyrt::task_group(async |tg| {
    ///     tg.spawn(async { Err::<(), _>(404) });
    ///     Ok(())
    /// });
    /// let named: GroupError<String> = ended.await.unwrap_err().map_errors(|code| format!("HTTP {code}"));
    /// assert_eq!(named.errors(), ["HTTP 404"]);
    /// # });
    /// ```
    pub fn map_errors<F>(self, f: impl FnMut(E) -> F) -> GroupError<F> {
        match self {
            GroupError::Failed(failures) => {
                GroupError::Failed(Failures(failures.into_iter().map(f).collect()))
            }
            GroupError::Cancelled(cancelled) => GroupError::Cancelled(cancelled),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = match self {
            GroupError::Cancelled(cancelled) => return write!(f, "the group was {cancelled}"),
            GroupError::Failed(failures) => failures,
        };
        match failures.len() {
            1 => f.write_str("1 task failed")?,
            count => write!(f, "{count} tasks failed")?,
        }
        if f.alternate() {
            for (index, error) in failures.iter().enumerate() {
                let last = index + 1 == failures.len();
                let (branch, trunk) = if last {
                    ("└── ", "    ")
                } else {
                    ("├── ", "│   ")
                };
                let text = format!("{error:#}");
                for (line, text) in text.lines().enumerate() {
                    write!(f, "\n{}{text}", if line == 0 { branch } else { trunk })?;
                }
            }
            return Ok(());
        }
        for (index, error) in failures.iter().enumerate() {
            write!(f, "{} {error}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// Requires only `Debug` and `Display` of `E`, because popular error types offer no more. So there is no
/// `source`, and `Display` contains all errors.
impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}

impl<E> From<GroupError<E>> for io::Error
where
    GroupError<E>: Error + Send + Sync + 'static,
{
    fn from(error: GroupError<E>) -> Self {
        let kind = match &error {
            GroupError::Cancelled(_) => io::ErrorKind::Interrupted,
            GroupError::Failed(_) => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl From<GroupError<Infallible>> for Cancelled {
    fn from(error: GroupError<Infallible>) -> Self {
        match error {
            GroupError::Cancelled(cancelled) => cancelled,
            GroupError::Failed(Failures(errors)) => match errors.first() {
                Some(never) => match *never {},
                None => unreachable!("there is at least one failure"),
            },
        }
    }
}

//! The results of scopes.

use crate::engine::Cancelled;
use crate::error::Elapsed;

/// The conversion of a scope's end to a value.
pub trait Mode: sealed::Sealed {
    /// The output of the scope for a future with output `T`.
    type Output<T>;

    #[doc(hidden)]
    const HANDLE: bool;

    #[doc(hidden)]
    fn completed<T>(value: T) -> Self::Output<T>;

    #[doc(hidden)]
    fn interrupted<T>(&mut self, cause: Cancelled) -> Self::Output<T>;
}

/// The result of [`CancelScope::run`](super::CancelScope::run): `Result<T, Cancelled>`.
#[derive(Debug)]
pub struct Catch(pub(super) ());

/// The result of [`move_on_after`](super::move_on_after): `Option<T>`.
#[derive(Debug)]
pub struct MoveOn(pub(super) ());

/// The result of [`fail_after`](super::fail_after): `Result<T, Elapsed>`.
#[derive(Debug)]
pub struct Fail {
    pub(super) reason: Option<Box<str>>,
}

mod sealed {
    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed {}
    impl Sealed for super::Catch {}
    impl Sealed for super::MoveOn {}
    impl Sealed for super::Fail {}
}

impl Mode for Catch {
    type Output<T> = Result<T, Cancelled>;

    const HANDLE: bool = true;

    fn completed<T>(value: T) -> Result<T, Cancelled> {
        Ok(value)
    }

    fn interrupted<T>(&mut self, cause: Cancelled) -> Result<T, Cancelled> {
        Err(cause)
    }
}

impl Mode for MoveOn {
    type Output<T> = Option<T>;

    const HANDLE: bool = false;

    fn completed<T>(value: T) -> Option<T> {
        Some(value)
    }

    fn interrupted<T>(&mut self, _cause: Cancelled) -> Option<T> {
        None
    }
}

impl Mode for Fail {
    type Output<T> = Result<T, Elapsed>;

    const HANDLE: bool = false;

    fn completed<T>(value: T) -> Result<T, Elapsed> {
        Ok(value)
    }

    fn interrupted<T>(&mut self, _cause: Cancelled) -> Result<T, Elapsed> {
        Err(Elapsed::new(self.reason.take()))
    }
}

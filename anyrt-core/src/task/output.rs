use std::convert::Infallible;

/// What a child of a group with the error type `E` may return: `()`, `Result<T, E>`, or never
/// (rule G2).
#[diagnostic::on_unimplemented(
    message = "a child that returns `{Self}` cannot run in a group with the error type `{E}`",
    label = "this child returns `{Self}`",
    note = "a child returns `()`, `Result<T, {E}>` or never; a value is returned as `Ok(value)`",
    note = "another error type is converted by `?` in the child: `async {{ Ok(child.await?) }}`"
)]
pub trait TaskOutput<E> {
    /// What the task's handle gives.
    type Value;

    /// The value, or the error that goes to the group.
    ///
    /// # Errors
    ///
    /// The child's own.
    fn into_result(self) -> Result<Self::Value, E>;

    #[doc(hidden)]
    fn into_outcome(self) -> Outcome<Self::Value, E>
    where
        Self: Sized,
    {
        match self.into_result() {
            Ok(value) => Outcome::Value(value),
            Err(error) => Outcome::Error(error),
        }
    }
}

impl<E> TaskOutput<E> for () {
    type Value = ();

    fn into_result(self) -> Result<(), E> {
        Ok(())
    }
}

impl<T, E> TaskOutput<E> for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, E> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E> TaskOutput<E> for Never {
    type Value = Never;

    fn into_result(self) -> Result<Never, E> {
        self
    }
}

/// What the body of a group with the error type `E` may return: `Result<T, E>`, never, or `()`
/// where the children cannot fail (rule G2).
#[diagnostic::on_unimplemented(
    message = "the body of this group returns `{Self}`, which cannot carry the error type `{E}`",
    label = "the body of this group returns `{Self}`",
    note = "end the body with `Ok(())` or `Ok(value)`: children may then fail, and the first error ends the group",
    note = "a body may return `()` only where no child can fail"
)]
pub trait GroupOutput<E> {
    /// What the group gives.
    type Value;

    /// The value, or the body's error.
    ///
    /// # Errors
    ///
    /// The body's own.
    fn into_result(self) -> Result<Self::Value, E>;
}

impl GroupOutput<Infallible> for () {
    type Value = ();

    fn into_result(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<T, E> GroupOutput<E> for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, E> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E> GroupOutput<E> for Never {
    type Value = Never;

    fn into_result(self) -> Result<Never, E> {
        self
    }
}

/// `!`, in words that stable Rust accepts: what `loop {}` and `sleep_forever()` return.
#[doc(hidden)]
pub type Never = <fn() -> ! as FnOutput>::Output;

#[doc(hidden)]
pub trait FnOutput {
    type Output;
}

impl<R> FnOutput for fn() -> R {
    type Output = R;
}

/// How a child ended, as its group sees it.
#[doc(hidden)]
#[allow(
    missing_debug_implementations,
    clippy::exhaustive_enums,
    reason = "an implementation detail that nobody prints"
)]
pub enum Outcome<T, E> {
    Value(T),
    Error(E),
    /// It failed, and its failure has gone elsewhere.
    Reported,
}

//! The types that children and bodies of groups may return.

use std::convert::Infallible;

/// The output of a child of a group with the error type `E`: `()`, `Result<T, E>`, or never (rule
/// [G2](crate::rules#g2)).
#[diagnostic::on_unimplemented(
    message = "a child that returns `{Self}` cannot run in a group with the error type `{E}`",
    label = "this child returns `{Self}`",
    note = "a child returns `()`, `Result<T, {E}>` or never; a value is returned as `Ok(value)`",
    note = "another error type is converted by `?` in the child: `async {{ Ok(child.await?) }}`"
)]
pub trait TaskOutput<E> {
    /// The value that the task's handle returns.
    type Value;

    /// Converts the output to the value, or to the error that goes to the group.
    ///
    /// # Errors
    ///
    /// The child's own error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::TaskOutput;
    /// use std::io;
    ///
    /// // `()` and every `Result` with the error of the group are outputs of a task.
    /// assert!(TaskOutput::<io::Error>::into_result(()).is_ok());
    /// assert_eq!(TaskOutput::<&str>::into_result(Ok::<_, &str>(1)), Ok(1));
    /// ```
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

/// The output of the body of a group with the error type `E`: `Result<T, E>`, never, or `()` if the children
/// cannot fail (rule [G2](crate::rules#g2)).
#[diagnostic::on_unimplemented(
    message = "the body of this group returns `{Self}`, which cannot carry the error type `{E}`",
    label = "the body of this group returns `{Self}`",
    note = "end the body with `Ok(())` or `Ok(value)`: children may then fail, and the first error ends the group",
    note = "a body may return `()` only where no child can fail"
)]
pub trait GroupOutput<E> {
    /// The value that the group returns.
    type Value;

    /// Converts the output to the value, or to the body's error.
    ///
    /// # Errors
    ///
    /// The body's own error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::GroupOutput;
    ///
    /// assert_eq!(GroupOutput::<&str>::into_result(Err::<u8, _>("no route")), Err("no route"));
    /// ```
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

/// `!`, written in a way that stable Rust accepts: the return type of `loop {}` and `sleep_forever()`.
#[doc(hidden)]
pub type Never = <fn() -> ! as FnOutput>::Output;

#[doc(hidden)]
pub trait FnOutput {
    type Output;
}

impl<R> FnOutput for fn() -> R {
    type Output = R;
}

/// The end of a child, as its group sees it.
#[doc(hidden)]
#[allow(
    missing_debug_implementations,
    clippy::exhaustive_enums,
    reason = "an implementation detail, which is not printed"
)]
pub enum Outcome<T, E> {
    Value(T),
    Error(E),
    /// It failed, and its failure was reported elsewhere.
    Reported,
}

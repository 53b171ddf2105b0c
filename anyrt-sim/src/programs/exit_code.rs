//! The values that the function of a program may return.

use std::fmt;

/// A value from which the exit code of a program follows.
///
/// `()` is 0, an `i32` is itself, of which the lowest eight bits count, and an `Err` is 1, and a line on the
/// standard error.
pub trait IntoExitCode {
    /// Returns the exit code.
    ///
    /// # Errors
    ///
    /// The text to write to the standard error, of a program that fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::IntoExitCode;
    ///
    /// assert_eq!(().into_exit_code(), Ok(0));
    /// assert_eq!(3.into_exit_code(), Ok(3));
    /// ```
    fn into_exit_code(self) -> Result<i32, String>;
}

impl IntoExitCode for () {
    fn into_exit_code(self) -> Result<i32, String> {
        Ok(0)
    }
}

impl IntoExitCode for i32 {
    fn into_exit_code(self) -> Result<i32, String> {
        Ok(self)
    }
}

impl<T: IntoExitCode, E: fmt::Display> IntoExitCode for Result<T, E> {
    fn into_exit_code(self) -> Result<i32, String> {
        match self {
            Ok(value) => value.into_exit_code(),
            Err(error) => Err(error.to_string()),
        }
    }
}

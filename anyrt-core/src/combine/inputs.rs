//! The inputs of combinators: `Vec`s, arrays, and tuples of futures of different types.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

/// Futures that can run concurrently: a `Vec`, an array, or a tuple of up to eight.
pub trait IntoBranches {
    /// The futures, under one type.
    #[doc(hidden)]
    type Branch: Future;

    #[doc(hidden)]
    fn into_branches(self) -> Vec<Self::Branch>;
}

/// The input of [`race`](super::race): all outputs have one type.
pub trait Race: IntoBranches {
    /// The type of the outputs.
    type Output;

    #[doc(hidden)]
    fn unify(output: <Self::Branch as Future>::Output) -> Self::Output;
}

/// The input of [`gather`](super::gather).
pub trait Gather: IntoBranches {
    /// The outputs, in the order of the inputs: a `Vec`, an array, or a tuple.
    type Output;

    #[doc(hidden)]
    fn assemble(outputs: Vec<<Self::Branch as Future>::Output>) -> Self::Output;
}

/// The input of [`try_gather`](super::try_gather): all outputs are `Result`s with one error type.
pub trait TryGather: IntoBranches {
    /// The values, in the order of the inputs: a `Vec`, an array, or a tuple.
    type Output;

    /// The error type.
    type Error;

    #[doc(hidden)]
    type Value;

    #[doc(hidden)]
    fn split(output: <Self::Branch as Future>::Output) -> Result<Self::Value, Self::Error>;

    #[doc(hidden)]
    fn assemble(values: Vec<Self::Value>) -> Self::Output;
}

impl<F: Future> IntoBranches for Vec<F> {
    type Branch = F;

    fn into_branches(self) -> Vec<F> {
        self
    }
}

impl<F: Future> Race for Vec<F> {
    type Output = F::Output;

    fn unify(output: F::Output) -> F::Output {
        output
    }
}

impl<F: Future> Gather for Vec<F> {
    type Output = Vec<F::Output>;

    fn assemble(outputs: Vec<F::Output>) -> Vec<F::Output> {
        outputs
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> TryGather for Vec<F> {
    type Output = Vec<T>;
    type Error = E;
    type Value = T;

    fn split(output: Result<T, E>) -> Result<T, E> {
        output
    }

    fn assemble(values: Vec<T>) -> Vec<T> {
        values
    }
}

impl<F: Future, const N: usize> IntoBranches for [F; N] {
    type Branch = F;

    fn into_branches(self) -> Vec<F> {
        self.into()
    }
}

impl<F: Future, const N: usize> Race for [F; N] {
    type Output = F::Output;

    fn unify(output: F::Output) -> F::Output {
        output
    }
}

impl<F: Future, const N: usize> Gather for [F; N] {
    type Output = [F::Output; N];

    fn assemble(outputs: Vec<F::Output>) -> [F::Output; N] {
        array(outputs)
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> TryGather for [F; N] {
    type Output = [T; N];
    type Error = E;
    type Value = T;

    fn split(output: Result<T, E>) -> Result<T, E> {
        output
    }

    fn assemble(values: Vec<T>) -> [T; N] {
        array(values)
    }
}

fn array<T, const N: usize>(items: Vec<T>) -> [T; N] {
    let array: Result<[T; N], _> = items.try_into();
    array.unwrap_or_else(|_| unreachable!("as many outputs as inputs"))
}

/// Takes the next output of a tuple, which is of the variant at this position.
macro_rules! take {
    ($items:ident, $one:ident::$variant:ident) => {
        match $items.next() {
            Some($one::$variant(value)) => value,
            _ => unreachable!("outputs come in the order of the inputs"),
        }
    };
}

/// Defines, for a tuple, the enum of its futures and of their outputs. Generic code elsewhere runs them.
macro_rules! tuple {
    ($one:ident: $($F:ident $T:ident),+) => {
        /// One of several: a future of a tuple, or its output.
        #[doc(hidden)]
        #[allow(missing_debug_implementations, reason = "an implementation detail")]
        #[allow(clippy::exhaustive_enums, unnameable_types, reason = "an implementation detail")]
        #[pin_project(project = Projection)]
        pub enum $one<$($F),+> {
            $($F(#[pin] $F)),+
        }

        impl<$($F: Future),+> Future for $one<$($F),+> {
            type Output = $one<$($F::Output),+>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                match self.project() {
                    $(Projection::$F(future) => future.poll(cx).map($one::$F)),+
                }
            }
        }

        impl<$($F: Future),+> IntoBranches for ($($F,)+) {
            type Branch = $one<$($F),+>;

            #[allow(non_snake_case, reason = "named after the type parameters")]
            fn into_branches(self) -> Vec<Self::Branch> {
                let ($($F,)+) = self;
                vec![$($one::$F($F)),+]
            }
        }

        impl<O, $($F: Future<Output = O>),+> Race for ($($F,)+) {
            type Output = O;

            fn unify(output: <Self::Branch as Future>::Output) -> O {
                match output {
                    $($one::$F(output) => output),+
                }
            }
        }

        impl<$($F: Future),+> Gather for ($($F,)+) {
            type Output = ($($F::Output,)+);

            fn assemble(outputs: Vec<<Self::Branch as Future>::Output>) -> Self::Output {
                let mut items = outputs.into_iter();
                ($(take!(items, $one::$F),)+)
            }
        }

        impl<Error, $($T,)+ $($F: Future<Output = Result<$T, Error>>),+> TryGather for ($($F,)+) {
            type Output = ($($T,)+);
            type Error = Error;
            type Value = $one<$($T),+>;

            fn split(output: <Self::Branch as Future>::Output) -> Result<Self::Value, Error> {
                match output {
                    $($one::$F(output) => output.map($one::$F)),+
                }
            }

            fn assemble(values: Vec<Self::Value>) -> Self::Output {
                let mut items = values.into_iter();
                ($(take!(items, $one::$F),)+)
            }
        }
    };
}

mod one_of_2 {
    use super::*;
    tuple! { OneOf2: A TA, B TB }
}
mod one_of_3 {
    use super::*;
    tuple! { OneOf3: A TA, B TB, C TC }
}
mod one_of_4 {
    use super::*;
    tuple! { OneOf4: A TA, B TB, C TC, D TD }
}
mod one_of_5 {
    use super::*;
    tuple! { OneOf5: A TA, B TB, C TC, D TD, E TE }
}
mod one_of_6 {
    use super::*;
    tuple! { OneOf6: A TA, B TB, C TC, D TD, E TE, F TF }
}
mod one_of_7 {
    use super::*;
    tuple! { OneOf7: A TA, B TB, C TC, D TD, E TE, F TF, G TG }
}
mod one_of_8 {
    use super::*;
    tuple! { OneOf8: A TA, B TB, C TC, D TD, E TE, F TF, G TG, H TH }
}

//! The attributes of anyrt: `#[anyrt::main]`, `#[anyrt::test]` and `#[anyrt::process_fn]`.
//!
//! The first two start a run with `anyrt::Builder`. Use them through the crate `anyrt`, which re-exports
//! them: their expansion refers to it.

mod args;
mod expand;
mod function;
mod process_fn;

use proc_macro::TokenStream;

use self::args::{MainArgs, TestArgs};
use self::function::Function;
use self::process_fn::{ProcessFn, ProcessFnArgs};

/// Runs an async `main`.
///
/// Without arguments it works like `anyrt::run(..)`: it uses the enabled backend. If several are
/// enabled, the environment variable `ANYRT_BACKEND` names the backend; without it, the first of tokio,
/// smol and async-std is used, and a simulation only if it is alone.
///
/// # Arguments
///
/// - `backend = "tokio"` sets the backend, regardless of the environment.
/// - `flavor = "multi_thread"` or `"current_thread"` sets which threads poll tasks.
/// - `worker_threads = 4` sets their number.
/// - `crate = "crate::path"` is the path of `anyrt`, if it has another name.
///
/// An argument that the backend does not support is an error when the program starts.
///
/// With the feature `to_process` of `anyrt`, the program calls `anyrt::to_process::serve` before
/// anything else.
///
/// # Examples
///
/// ```
/// #[anyrt::main(flavor = "current_thread")]
/// async fn main() -> std::io::Result<()> {
///     assert!(anyrt::Backend::current().is_some());
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let parsed = MainArgs::parse(args.into())
        .and_then(|args| Ok((args, Function::parse("main", item.clone())?)));
    match parsed {
        Ok((args, function)) => expand::main(&args, function).into(),
        Err(error) => expand::failed(&error, item).into(),
    }
}

/// Makes an async function a test for each enabled backend.
///
/// The tests of `async fn name()` are called `name::tokio`, `name::smol`, `name::async_std` and `name::sim`.
/// Attributes such as `#[ignore]` and `#[should_panic]` apply to each of them. If no backend is enabled,
/// there is one test, `name::no_backend`, which fails and names the features to enable.
///
/// # Arguments
///
/// - `backends = ["tokio", "smol"]` makes tests for these backends only. A backend in the list that is
///   not enabled is shown as an ignored test. Without the list there is a test for each enabled backend.
/// - `seeds = 200` simulates the test with 200 seeds, from 0 on. The default is one.
/// - `time_limit = "10m"` lets a simulated test fail when that much virtual time has passed. The units are `ms`, `s`,
///   `m`, `h` and `d`. The default is no limit.
/// - `flavor`, `worker_threads` and `crate` are the same as for `#[anyrt::main]`.
///
/// # Simulated tests
///
/// With the feature `sim` of `anyrt`, each function also has the test `name::sim`, which simulates it. If it fails,
/// the message names the seed, and the command that repeats the run: with the environment variable
/// `ANYRT_SIM_SEED=7`, simulated tests run with this seed alone. With `ANYRT_SIM_TRACE=trace.html`, the timeline of the
/// failure, or else of the last seed, is written to this file, as a page for a browser. A function that needs the real system (its sockets,
/// processes or signals, or threads outside of the run) leaves it out with `backends = ["tokio", "smol", "async-std"]`.
///
/// # Examples
///
/// ```
/// #[anyrt::test]
/// async fn there_is_a_backend() {
///     assert!(anyrt::Backend::current().is_some());
/// }
///
/// #[anyrt::test(backends = ["sim"], seeds = 200, time_limit = "10m")]
/// async fn holds_in_every_order() {
///     anyrt::sleep(std::time::Duration::from_secs(60)).await;
/// }
///
/// #[anyrt::test(backends = ["tokio"], flavor = "current_thread")]
/// async fn fails() -> Result<(), std::num::ParseIntError> {
///     "12".parse::<u8>()?;
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let parsed = TestArgs::parse(args.into())
        .and_then(|args| Ok((args, Function::parse("test", item.clone())?)));
    match parsed {
        Ok((args, function)) => expand::test(&args, function).into(),
        Err(error) => expand::failed(&error, item).into(),
    }
}

/// Registers a function that may run in worker processes, with `anyrt::to_process::run`.
///
/// The function itself is unchanged. It has one argument, which `serde` can send to another process, and
/// a result that can be sent back. It needs the feature `to_process` of `anyrt`.
///
/// # Arguments
///
/// - `crate = "crate::path"` is the path of `anyrt`, if it has another name.
///
/// # Examples
///
/// ```
/// #[anyrt::process_fn]
/// fn area((width, height): (f64, f64)) -> Result<f64, String> {
///     if width < 0.0 || height < 0.0 {
///         return Err("a side is negative".to_owned());
///     }
///     Ok(width * height)
/// }
///
/// anyrt::to_process::serve();
/// let found = anyrt::run(anyrt::to_process::run(area, (2.0, 3.0)));
/// assert_eq!(found.unwrap(), Ok(6.0));
/// ```
#[proc_macro_attribute]
pub fn process_fn(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let parsed = ProcessFnArgs::parse(args.into())
        .and_then(|args| Ok((args, ProcessFn::parse(item.clone())?)));
    match parsed {
        Ok((args, function)) => process_fn::expand(&args, &function, item).into(),
        Err(error) => expand::failed(&error, item).into(),
    }
}

//! Concurrent futures: the functions of `anyrt_core::combine` for the ambient runtime.

use anyrt_core::combine;

use crate::Ambient;
use crate::futures::{
    AsCompleted, Gather, GatherFuture, MapConcurrent, Race, RaceFuture, RacingOk, TryGather,
    TryGathering, TryMapConcurrent,
};

/// Runs futures concurrently and returns the output of the first that completes. The others are
/// cancelled *and waited for*, clean-up included.
///
/// This makes it safer than `select!`, which drops them. If several are ready at once, one of them is
/// chosen at random. It accepts a `Vec`, an array, or a tuple of up to eight.
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Panics
///
/// Panics if there are no futures. A panic of one of the futures cancels the others, waits for them, and
/// continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// let winner = anyrt::run(anyrt::race((
///     async {
///         anyrt::sleep(Duration::from_secs(60)).await;
///         "slow"
///     },
///     async { "fast" },
/// )));
/// assert_eq!(winner, "fast");
/// ```
#[inline]
#[track_caller]
pub fn race<F: Race>(futures: F) -> RaceFuture<F> {
    combine::race::<Ambient, F>(futures)
}

/// Runs futures concurrently and returns the first `Ok` value. The others are then cancelled, and waited
/// for.
///
/// Errors are returned only if no future succeeds.
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Errors
///
/// Returns [`GroupError::Failed`](crate::GroupError::Failed) with all errors, if every future fails.
///
/// # Panics
///
/// As for [`race`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// async fn ask(mirror: u32) -> Result<u32, &'static str> {
///     if mirror == 2 { Ok(mirror) } else { Err("unreachable") }
/// }
///
/// let found = anyrt::run(anyrt::race_ok([1, 2, 3].map(ask)));
/// assert_eq!(found.unwrap(), 2);
/// ```
#[inline]
#[track_caller]
pub fn race_ok<I, T, E>(futures: I) -> RacingOk<I::Item, T, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    combine::race_ok(futures)
}

/// Runs futures concurrently and returns all outputs, in the order of the inputs.
///
/// An output that is an `Err` cancels nothing; see [`try_gather`]. It accepts a `Vec`, an array, or a
/// tuple of up to eight.
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Panics
///
/// A panic of one of the futures cancels the others, waits for them, and continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let (number, text) = anyrt::run(anyrt::gather((async { 1 }, async { "one" })));
/// assert_eq!((number, text), (1, "one"));
/// ```
#[inline]
pub fn gather<F: Gather>(futures: F) -> GatherFuture<F> {
    combine::gather(futures)
}

/// Runs futures concurrently and returns all values, in the order of the inputs. The first error cancels
/// the others, which are waited for.
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Errors
///
/// Returns [`GroupError::Failed`](crate::GroupError::Failed) with every error that occurred.
///
/// # Panics
///
/// A panic of one of the futures cancels the others, waits for them, and continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// async fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// let sums = anyrt::run(async {
///     let good = anyrt::try_gather([parse("1"), parse("2")]).await;
///     let bad = anyrt::try_gather((parse("1"), parse("x"))).await;
///     (good, bad)
/// });
/// assert_eq!(sums.0.unwrap(), [1, 2]);
/// assert!(sums.1.is_err());
/// ```
#[inline]
pub fn try_gather<F: TryGather>(futures: F) -> TryGathering<F> {
    combine::try_gather(futures)
}

/// Calls `f` for each item and runs the futures concurrently, at most `limit` at a time. Returns the
/// outputs in the order of the items.
///
/// An item is taken from the iterator only when a future can start. The futures run inside the task that
/// awaits this, not in parallel, and may borrow.
///
/// # Cancel safety
///
/// Dropping it drops the running futures, without clean-up code, and the remaining items.
///
/// # Panics
///
/// Panics if `limit` is zero. A panic of one of the futures cancels the others, waits for them, and
/// continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let squares = anyrt::run(anyrt::map_concurrent(2, 1..=4, async |n| {
///     anyrt::to_thread::run(move || n * n).await
/// }));
/// assert_eq!(squares, [1, 4, 9, 16]);
/// ```
#[inline]
#[track_caller]
pub fn map_concurrent<I, F, Fut>(limit: usize, items: I, f: F) -> MapConcurrent<I::IntoIter, F, Fut>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future,
{
    combine::map_concurrent(limit, items, f)
}

/// Calls `f` for each item and runs the futures concurrently, at most `limit` at a time. The first error
/// cancels the others, which are waited for.
///
/// See [`map_concurrent`].
///
/// # Cancel safety
///
/// Dropping it drops the running futures, without clean-up code, and the remaining items.
///
/// # Errors
///
/// Returns [`GroupError::Failed`](crate::GroupError::Failed) with every error that occurred.
///
/// # Panics
///
/// As for [`map_concurrent`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let parsed = anyrt::run(anyrt::try_map_concurrent(8, ["1", "2"], async |text| {
///     text.parse::<u8>()
/// }));
/// assert_eq!(parsed.unwrap(), [1, 2]);
/// ```
#[inline]
#[track_caller]
pub fn try_map_concurrent<I, F, Fut, T, E>(
    limit: usize,
    items: I,
    f: F,
) -> TryMapConcurrent<I::IntoIter, F, Fut, T, E>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    combine::try_map_concurrent(limit, items, f)
}

/// Runs futures concurrently and yields their outputs in the order of completion.
///
/// The returned value also implements `Stream`.
///
/// # Cancel safety
///
/// Dropping the stream early drops the remaining futures, without clean-up code. `next` is cancel safe.
///
/// # Panics
///
/// Panics if there are no futures. A panic of one of the futures cancels the others, waits for them, and
/// continues where the next output is received.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::time::Duration;
///
/// async fn after(milliseconds: u64) -> u64 {
///     anyrt::sleep(Duration::from_millis(milliseconds)).await;
///     milliseconds
/// }
///
/// anyrt::run(async {
///     let mut completed = anyrt::as_completed([40, 0].map(after));
///     assert_eq!(completed.next().await, Some(0));
///     assert_eq!(completed.next().await, Some(40));
///     assert_eq!(completed.next().await, None);
/// });
/// ```
#[inline]
#[track_caller]
pub fn as_completed<I>(futures: I) -> AsCompleted<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    combine::as_completed(futures)
}

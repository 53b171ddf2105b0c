//! Checks for authors of streams.

mod clogged;
mod one_way;
mod tools;
mod two_way;

use self::tools::{MORE, MUCH};
use anyrt_core::stream::{ByteReceiveStream, ByteSendStream, ByteStream};

/// Checks that a stream of bytes keeps to the contracts of [`ByteReceiveStream`] and [`ByteSendStream`], in
/// both directions, and that the directions are independent.
///
/// `make` creates a pair of streams that are connected to one another, each time it is called.
/// `make_clogged` creates such a pair in which sending has to wait when some MiB are in transit; it may be
/// the same function.
///
/// It needs no runtime but the one that the streams need, and runs for up to a second. A stream that loses
/// a wake-up may let it hang: run it with a limit.
///
/// # Panics
///
/// If the streams break a rule. The message names the rule.
///
/// # Examples
///
/// ```
/// # use anyrt_conformance_kit as anyrt_conformance;
/// use anyrt_conformance::check_byte_stream;
/// use anyrt_core::stream::memory_byte_stream;
///
/// let check = check_byte_stream(
///     async || memory_byte_stream(64 * 1024),
///     async || memory_byte_stream(16),
/// );
/// // In a test of your own: `anyrt::run(check)`.
/// # anyrt_conformance::support::polls_until_ready(check);
/// ```
pub async fn check_byte_stream<A, B>(
    make: impl AsyncFn() -> (A, B),
    make_clogged: impl AsyncFn() -> (A, B),
) where
    A: ByteStream,
    B: ByteStream,
{
    check_byte_pipe(&make, &make_clogged).await;
    check_byte_pipe(
        async || swap(make().await),
        async || swap(make_clogged().await),
    )
    .await;
    Box::pin(two_way::one_direction_ends_alone(&make)).await;
    Box::pin(two_way::one_direction_ends_alone(&async || {
        swap(make().await)
    }))
    .await;
    Box::pin(two_way::both_directions_at_once(&make, MUCH)).await;
    Box::pin(two_way::both_directions_at_once(&make_clogged, MORE)).await;
    Box::pin(two_way::a_clogged_direction_clogs_no_other(&make_clogged)).await;
}

/// Checks that a stream of bytes in one direction keeps to the contracts, as far as they concern one
/// direction: sent into the first stream of a pair, and received from the second.
///
/// See [`check_byte_stream`].
///
/// # Panics
///
/// If the streams break a rule. The message names the rule.
pub async fn check_byte_pipe<S, R>(
    make: impl AsyncFn() -> (S, R),
    make_clogged: impl AsyncFn() -> (S, R),
) where
    S: ByteSendStream,
    R: ByteReceiveStream,
{
    Box::pin(one_way::bytes_come_in_order(&make)).await;
    Box::pin(one_way::slices_come_in_order(&make)).await;
    Box::pin(one_way::much_comes_in_order(&make)).await;
    Box::pin(one_way::a_receive_has_bounds(&make)).await;
    Box::pin(one_way::nothing_is_not_the_end(&make)).await;
    Box::pin(one_way::the_end_comes_last_and_stays(&make)).await;
    Box::pin(one_way::a_closed_stream_refuses_to_send(&make)).await;
    Box::pin(one_way::a_dropped_sender_is_noticed(&make)).await;
    Box::pin(one_way::a_gone_receiver_is_noticed(&make)).await;
    Box::pin(one_way::a_later_waker_counts(&make)).await;
    Box::pin(one_way::a_dropped_receive_loses_nothing(&make)).await;
    Box::pin(clogged::a_send_waits_and_goes_on(&make_clogged)).await;
    Box::pin(clogged::a_dropped_send_leaves_a_beginning(&make_clogged)).await;
    Box::pin(clogged::more_than_fits_comes_in_order(&make_clogged)).await;
    Box::pin(clogged::a_waiting_send_learns_that_the_receiver_is_gone(
        &make_clogged,
    ))
    .await;
}

fn swap<A, B>((a, b): (A, B)) -> (B, A) {
    (b, a)
}

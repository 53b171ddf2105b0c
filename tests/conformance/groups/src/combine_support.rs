//! Members for the cases about combinators.

use std::convert::Infallible;

use anyrt_core::cancel::finally;
use anyrt_core::time::sleep_forever;

use crate::support::Log;

pub(crate) async fn waits_and_cleans_up(log: &Log) {
    let body = async {
        log.add("begun");
        let _: Infallible = sleep_forever_as_infallible().await;
    };
    let cleanup = async || {
        shielded_checkpoints(3).await;
        log.add("cleaned up");
    };
    finally(body, cleanup).await;
}

pub(crate) async fn sleep_forever_as_infallible() -> Infallible {
    sleep_forever().await
}

/// Passes checkpoints although the member is cancelled.
pub(crate) async fn shielded_checkpoints(times: usize) {
    for _ in 0..times {
        anyrt_core::cancel::cancel_shielded_checkpoint().await;
    }
}

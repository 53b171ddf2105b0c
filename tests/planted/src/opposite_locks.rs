//! Two tasks that need two locks at a time.
//!
//! **Bug**: they lock them in opposite orders, so that each can have one and wait for the other.
//!
//! **Found by** the random order, as a deadlock. Not by FIFO: the second task begins when the first has ended.

use std::sync::Arc;

use anyrt::sync::Mutex;

use crate::Version;
use crate::support::steps;

/// Runs the program.
///
/// # Panics
///
/// If an update was lost.
pub async fn run(version: Version) {
    let (stock, orders) = (Arc::new(Mutex::new(5)), Arc::new(Mutex::new(0)));
    let group = anyrt::task_group(async |tg| {
        let both = (stock.clone(), orders.clone());
        tg.spawn(async move {
            let mut stock = both.0.lock().await;
            // The stock is looked at.
            steps(1).await;
            let mut orders = both.1.lock().await;
            *stock -= 1;
            *orders += 1;
        });
        let both = (stock.clone(), orders.clone());
        tg.spawn(async move {
            // An order is cancelled, which begins with its search.
            steps(4).await;
            if version.is_buggy() {
                let mut orders = both.1.lock().await;
                steps(1).await;
                let mut stock = both.0.lock().await;
                *stock += 1;
                *orders -= 1;
            } else {
                let mut stock = both.0.lock().await;
                let mut orders = both.1.lock().await;
                *stock += 1;
                *orders -= 1;
            }
        });
    });
    group.await.expect("no task fails");
    assert_eq!((*stock.lock().await, *orders.lock().await), (5, 0));
}

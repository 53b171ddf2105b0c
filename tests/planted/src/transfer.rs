//! Transfers between two accounts, each with a lock of its own, and with a time limit.
//!
//! **Bug**: a transfer takes money from one account, awaits the lock of the other, and adds it there. If the
//! limit strikes in between, the money is gone. The correct version shields the second step.
//!
//! **Found by** seeds with `Faults::rough`, where an audit keeps a lock for longer than the limit. Not by FIFO
//! in a calm world. The cancellation explorer finds it without any fault. No version withstands a `select` of
//! another crate that drops the transfer: a shield is for cancellation, not for that.

use std::sync::Arc;

use anyrt::move_on_after;
use anyrt::sim::explore::Cut;
use anyrt::sync::Mutex;

use crate::Version;
use crate::support::{call, ms, start_echo};

struct Bank {
    savings: Mutex<u64>,
    current: Mutex<u64>,
}

impl Bank {
    async fn transfer(&self, amount: u64, version: Version) {
        *self.savings.lock().await -= amount;
        let credit = async { *self.current.lock().await += amount };
        if version.is_buggy() {
            credit.await;
        } else {
            anyrt::shield(credit).await;
        }
    }

    async fn check(&self) {
        let (savings, current) = (*self.savings.lock().await, *self.current.lock().await);
        assert_eq!(savings + current, 100, "money was lost");
    }

    /// Reports the state of an account to an office elsewhere.
    async fn audit(&self) {
        let current = self.current.lock().await;
        drop(call("office", *current).await);
    }
}

/// Makes one transfer, which is cut off, while another task has a lock.
///
/// # Panics
///
/// If money was lost.
pub async fn run_cut(version: Version, cut: &Cut) {
    let bank = Bank {
        savings: Mutex::new(100),
        current: Mutex::new(0),
    };
    anyrt::gather((
        async {
            let _current = bank.current.lock().await;
            anyrt::sleep(ms(5)).await;
        },
        async {
            anyrt::sleep(ms(1)).await;
            cut.around(bank.transfer(10, version)).await;
        },
    ))
    .await;
    bank.check().await;
}

/// Runs the program.
///
/// # Panics
///
/// If money was lost.
pub async fn run(version: Version) {
    start_echo("office");
    let bank = Arc::new(Bank {
        savings: Mutex::new(100),
        current: Mutex::new(0),
    });
    let group = anyrt::task_group(async |tg| {
        let audited = bank.clone();
        tg.spawn(async move {
            for _ in 0..5 {
                audited.audit().await;
                anyrt::sleep(ms(5)).await;
            }
        });
        for _ in 0..5 {
            move_on_after(ms(150), bank.transfer(10, version)).await;
            anyrt::sleep(ms(10)).await;
        }
    });
    group.await.expect("no task fails");
    bank.check().await;
}

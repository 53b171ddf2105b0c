//! Signal handlers on Windows, and the flags that they set.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
// The atomics of std, since handlers use them; they are not a part of any protocol that a model checks.
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::flag::{register, register_conditional_shutdown};
use signal_hook::low_level::unregister;

use crate::loom::{Arc, lock_static, process};
use crate::signals::Signal;

/// The exit status of a process that Ctrl-C has ended: `STATUS_CONTROL_C_EXIT`, 0xC000013A.
const ENDED_BY_CONTROL_C: i32 = -0x3FFF_FEC6;

/// The signals that were received at least once in this process.
static TABLE: process::Mutex<BTreeMap<i32, Received>> = process::Mutex::new(BTreeMap::new());

struct Received {
    /// The number of open receivers.
    receivers: usize,
    /// Whether the handler ends the process. True exactly while no receiver is open.
    ends: Arc<AtomicBool>,
}

impl Received {
    /// Installs the handler of a signal, before its first receiver is opened.
    fn first(signal: Signal) -> io::Result<Received> {
        let ends = Arc::new(AtomicBool::new(true));
        register_conditional_shutdown(signal.as_raw(), ENDED_BY_CONTROL_C, ends.clone())?;
        Ok(Received { receivers: 0, ends })
    }
}

/// A registered flag, which is set by each arrival of a signal, until this is dropped.
pub(super) struct Registered {
    signal: Signal,
    arrived: Arc<AtomicBool>,
    id: SigId,
}

impl Registered {
    pub(super) fn new(signal: Signal) -> io::Result<Registered> {
        let mut table = lock_static(&TABLE);
        let received = match table.entry(signal.as_raw()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Received::first(signal)?),
        };
        let arrived = Arc::new(AtomicBool::new(false));
        let id = register(signal.as_raw(), arrived.clone())?;
        // In this order, a signal always has one of the two effects. The handler loads it `SeqCst` too: one that runs
        // at the same time may see either value, and its signal counts as one that has arrived before or after.
        received.ends.store(false, Ordering::SeqCst);
        received.receivers += 1;
        Ok(Registered {
            signal,
            arrived,
            id,
        })
    }

    /// Returns whether the signal has arrived since the last call.
    pub(super) fn take(&self) -> bool {
        self.arrived.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut table = lock_static(&TABLE);
        if let Some(received) = table.get_mut(&self.signal.as_raw()) {
            received.receivers -= 1;
            if received.receivers == 0 {
                received.ends.store(true, Ordering::SeqCst);
            }
        }
        unregister(self.id);
    }
}

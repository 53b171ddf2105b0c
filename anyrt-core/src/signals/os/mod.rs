//! Signal handlers, and the pipes that they write to.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::os::fd::OwnedFd;
// The atomics of std, since handlers read them; they are not a part of any protocol that a model checks.
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::FORBIDDEN;
use signal_hook::flag::register_conditional_default;
use signal_hook::low_level::{pipe, signal_name, unregister};

pub(super) use self::platform::Pipes;
use super::Signal;
use crate::loom::{Arc, lock_static, process};

mod drain;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;

/// The signals that were received at least once in this process.
static TABLE: process::Mutex<BTreeMap<i32, Received>> = process::Mutex::new(BTreeMap::new());

struct Received {
    /// The number of open receivers.
    receivers: usize,
    /// Whether the handler carries out the default action, if that was in effect before the first receiver.
    /// True exactly while no receiver is open.
    default: Option<Arc<AtomicBool>>,
}

impl Received {
    /// Records the current effect of a signal, before its first receiver is opened.
    fn first(signal: Signal) -> io::Result<Received> {
        // A handler that was installed before is called by that of signal-hook, which replaces it.
        let default = if platform::has_default_action(signal) {
            let armed = Arc::new(AtomicBool::new(true));
            register_conditional_default(signal.as_raw(), armed.clone())?;
            Some(armed)
        } else {
            None
        };
        Ok(Received {
            receivers: 0,
            default,
        })
    }

    /// Sets whether the handler carries out the default action from now on.
    fn arm(&self, armed: bool) {
        if let Some(default) = &self.default {
            // Pairs with the load in the handler of signal-hook, which is `SeqCst` too. A handler that runs
            // at the same time may see either value: its signal counts as one that has arrived before or
            // after.
            default.store(armed, Ordering::SeqCst);
        }
    }
}

/// A registered pipe, which is written to for each arrival of a signal, until this is dropped.
pub(super) struct Registered {
    signal: Signal,
    id: SigId,
}

impl Registered {
    pub(super) fn new(signal: Signal, writer: OwnedFd) -> io::Result<Registered> {
        let mut table = lock_static(&TABLE);
        let received = match table.entry(signal.as_raw()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Received::first(signal)?),
        };
        let id = pipe::register(signal.as_raw(), writer)?;
        // In this order, a signal always has one of the two effects.
        received.arm(false);
        received.receivers += 1;
        Ok(Registered { signal, id })
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut table = lock_static(&TABLE);
        if let Some(received) = table.get_mut(&self.signal.as_raw()) {
            received.receivers -= 1;
            if received.receivers == 0 {
                received.arm(true);
            }
        }
        unregister(self.id);
    }
}

/// Refuses signals that cannot have a handler, or whose default action cannot be restored.
pub(super) fn refuse_unreceivable(signal: Signal) -> io::Result<()> {
    if FORBIDDEN.contains(&signal.as_raw()) || signal_name(signal.as_raw()).is_none() {
        let text = format!("{signal} cannot be received: leave it out");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

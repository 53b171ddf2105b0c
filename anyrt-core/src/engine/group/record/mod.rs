//! The shared record of a task: result, status, cancel flag, waker, name.
//!
//! ```text
//!            begin                                finish
//!   ┌────────┐ ─────────────────────▶ ┌─────────┐ ──────▶ ┌───────┐
//!   │ vacant │                        │ running │         │ ended │
//!   └────────┘ ───▶ ┌──────────┐ ───▶ └─────────┘         └───────┘
//!     begin, by     │ starting │ move_to_group                ▲
//!     `start`       └──────────┘ ─────────────────────────────┘ finish
//! ```
//!
//! # Access
//!
//! 1. `state` is written under the lock of `live` alone, together with the fields there that belong to it.
//!    It is read without the lock. The exception is `begin`, which nothing else can race with.
//! 2. The waker is in its slot until the task has ended. A value that is not stored with the others of its
//!    block is in `more`.
//! 3. The waker stays in the slot from poll to poll, and `REGISTERED` in `flags` is set meanwhile. The
//!    poller sets it, and a thread that takes the waker clears it, both under the lock. The poller reads it
//!    without the lock: if another thread is just taking the waker, that thread wakes the task, and the next
//!    poll registers again.
//! 4. `polls` and `wait` are written by the poller alone.
//!
//! # Orderings
//!
//! | word | pairs |
//! | --- | --- |
//! | `state` | Stores release. The acquire in `end` and `is_alive` pairs with them: a reader that finds the task ended sees everything that it did, and its value. |
//! | `state`, for cancellation | The store comes before the waker is taken, and the poller registers before it loads (`SeqCst`). If both take the lock, its order decides: the poller sees the flag, or the canceller finds the waker. If the poller does not, see 3. |
//! | `polls` | The increment after a poll releases; [`polls`](Record::polls) acquires. A reader that finds an even count sees the `wait` of that poll, although `wait` is relaxed. |
//! | `flags` | Relaxed: written before the record is visible to others, then under the lock. |

mod caller;
mod cancel;
mod end;
mod poll;
#[cfg(feature = "tracing")]
mod span;
mod spawn;
mod start;

use std::any::Any;
use std::mem;
use std::panic::Location;
use std::task::Waker;

pub(crate) use self::caller::Caller;
pub(crate) use self::end::TaskEnd;
pub(crate) use self::spawn::SpawnArgs;
use crate::engine::trace::TaskSpan;
use crate::engine::{Cancelled, ContextMap, Node, Wait};
use crate::loom::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering};
use crate::loom::{Arc, Mutex, lock};

/// The task itself was cancelled. Set by any thread; never cleared.
const CANCELLED: u16 = 1;
/// It has a span of the crate `tracing`. Set before it is polled, if a subscriber wants its span; never cleared.
const HAS_SPAN: u16 = 1 << 1;
/// It was created by `start` and has not called `started`: it lives under the caller's scopes. Set by
/// `begin`, cleared by the task in `move_to_group`.
const STARTING: u16 = 1 << 2;
/// The caller of `start` was cancelled or dropped before that; excludes `move_to_group`. Set by any thread that
/// finds it.
pub(super) const CALLER_CANCELLED: u16 = 1 << 3;
/// Its handle was dropped: its value is dropped at its end. Set by the handle.
const DETACHED: u16 = 1 << 4;
/// It has context variables, or has had some. Never cleared.
const HAS_CONTEXT: u16 = 1 << 5;
/// The record is in use: the task exists. Set once.
const BEGUN: u16 = 1 << 6;
/// A holder or a refused operation has created a node for its frame. Set by the poller; never cleared.
const HAS_ROOT: u16 = 1 << 7;
/// It ended with a value. At most one of these three is set, once, by the poller or the thread that drops the
/// task.
const FINISHED: u16 = 1 << 8;
/// It ended with an error or a panic.
const FAILED: u16 = 1 << 9;
/// It ended because of a cancellation.
const WAS_CANCELLED: u16 = 1 << 10;
/// The caller of `start` was aborted before the task was ready. Set together with `CALLER_CANCELLED`.
pub(super) const CALLER_ABORTED: u16 = 1 << 11;
/// The task has ended; this is final.
const ENDED: u16 = FINISHED | FAILED | WAS_CANCELLED;

/// In [`Record::flags`]: the waker is in its slot.
const REGISTERED: u8 = 1 << 7;
/// In [`Record::flags`], in the bits below `REGISTERED`: the task was spawned at none of its block's
/// locations. Other values are the number of one of them.
pub(super) const ELSEWHERE: u8 = REGISTERED - 1;

/// The record of a task. It exists as long as any task of its block lives, so its size counts.
pub(crate) struct Record {
    /// The number of polls begun and ended: odd while the task is being polled.
    polls: AtomicU32,
    state: AtomicU16,
    wait: AtomicU8,
    flags: AtomicU8,
    live: Mutex<LiveState>,
}

// The locks of a model checker are larger.
#[cfg(all(not(loom), target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Record>() <= 48);

/// The part of a record that is under its lock.
#[derive(Default)]
struct LiveState {
    /// The waker with which a cancellation reaches the task.
    waker: Option<Waker>,
    context: Option<Arc<ContextMap>>,
    more: Option<Box<RareState>>,
}

/// The value of a task, without its type.
pub(crate) type Value = Box<dyn Any + Send>;

/// The state that few tasks have.
#[derive(Default)]
struct RareState {
    name: Option<Arc<str>>,
    /// The location where it was spawned, if that is not one of the block's locations.
    location: Option<&'static Location<'static>>,
    cause: Option<Cancelled>,
    /// The value of a task that has ended, for its handle.
    value: Option<Value>,
    waiters: Vec<(u64, Waker)>,
    root: Option<Arc<Node>>,
    /// The caller of `start`, until this task is ready.
    caller: Option<Caller>,
    /// The span, until the end.
    span: TaskSpan,
}

impl Record {
    /// Creates the record of a future task.
    pub(crate) fn vacant() -> Record {
        Record {
            polls: AtomicU32::new(0),
            state: AtomicU16::new(0),
            wait: AtomicU8::new(Wait::Turn as u8),
            flags: AtomicU8::new(0),
            live: Mutex::default(),
        }
    }

    /// Changes the state, and the fields that belong to it, under the lock.
    #[inline]
    fn change<T>(&self, change: impl FnOnce(&mut LiveState, u16) -> (u16, T)) -> T {
        let mut live = lock(&self.live);
        let (state, result) = change(&mut live, self.state.load(Ordering::Relaxed));
        // Pairs with the loads of readers without the lock: they see the changes before it.
        self.state.store(state, Ordering::Release);
        result
    }

    /// Returns whether the task exists, and has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        self.state.load(Ordering::Acquire) & (BEGUN | ENDED) == BEGUN
    }

    fn more<T>(&self, use_it: impl FnOnce(&mut RareState) -> T) -> T {
        use_it(lock(&self.live).more.get_or_insert_default())
    }

    #[inline]
    fn has(&self, bits: u16) -> bool {
        self.state.load(Ordering::SeqCst) & bits != 0
    }

    pub(crate) fn replace_context(
        &self,
        context: Option<Arc<ContextMap>>,
    ) -> Option<Arc<ContextMap>> {
        self.change(|live, state| {
            let has_context = if context.is_some() { HAS_CONTEXT } else { 0 };
            (
                state | has_context,
                mem::replace(&mut live.context, context),
            )
        })
    }

    pub(crate) fn context(&self) -> Option<Arc<ContextMap>> {
        if !self.has(HAS_CONTEXT) {
            return None;
        }
        lock(&self.live).context.clone()
    }

    #[inline]
    pub(crate) fn has_context(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_CONTEXT != 0
    }
}

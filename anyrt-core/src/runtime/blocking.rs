//! The facet that runs blocking functions.

use super::{FileSystem, Spawn};
use crate::loom::Arc;

/// Runs blocking functions on threads that may block.
///
/// # Contract
///
/// 1. The function MUST run on a thread that polls no task, and MUST run exactly once, or not at all if
///    the runtime ends first.
/// 2. It MUST run even if the returned future is dropped, before or after it began.
/// 3. [`Spawn::current`] MUST succeed inside it.
/// 4. [`block_in_place`](Blocking::block_in_place) MUST call its function once, before it returns and on
///    the same thread; or not at all if the tasks of the runtime would have no thread left. On a thread that
///    polls no task of the runtime it MUST call it.
/// 5. A function MUST be able to wait for tasks of the runtime and for other functions, which MUST go on
///    meanwhile. Core itself waits in functions by [`park`](super::park) alone. A runtime that runs one thread
///    at a time replaces it with [`with_park`](super::with_park).
/// 6. A function MAY last as long as the run: up to 16 idle workers per run wait for their next job in such
///    functions. The end of the run ends them.
/// 7. Functions SHOULD run at the same time, up to a number that is large compared to the number of
///    processors.
///
/// The function never panics: core catches panics before the runtime sees them.
///
/// # Common mistakes
///
/// - *Cancelling on drop.* Some pools drop a queued function with its task: that breaks rule 2.
pub trait Blocking: Spawn {
    /// A future that completes with the function's return value.
    type Call<T: Send + 'static>: Future<Output = T> + Send + 'static;

    /// Runs `f` on a thread that may block.
    fn spawn_blocking<F, T>(handle: &Self::Handle, f: F) -> Self::Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;

    /// Calls `wait`, which blocks this thread until tasks of the runtime have made progress. A native task of
    /// that runtime may call this.
    ///
    /// If tasks are bound to the thread that polls them, the runtime moves them to another thread meanwhile.
    /// If this thread cannot be spared, it returns without a call, and the caller gets an error. The default
    /// only calls the function.
    fn block_in_place(handle: &Self::Handle, wait: &mut dyn FnMut()) {
        let _ = handle;
        wait();
    }

    /// Returns the file system for operations that begin on this thread, if it is not that of the operating
    /// system.
    ///
    /// Operations use the one that was current when they began, and an open file stays with its own. Its
    /// functions are called on the threads of this facet.
    fn file_system() -> Option<Arc<dyn FileSystem>> {
        None
    }
}

use super::Spawn;

/// Runs functions that block, on threads where that is allowed.
///
/// # Contract
///
/// 1. The function MUST run on a thread that polls no task, and MUST run exactly once, or not at
///    all if the runtime ends first.
/// 2. It MUST run although the returned future is dropped, before or after it began.
/// 3. [`Spawn::current`] MUST succeed inside it.
/// 4. Functions SHOULD run at the same time, up to some number that is large against the number
///    of processors.
///
/// The function never panics: core catches panics before the runtime sees one.
///
/// # Common mistakes
///
/// - *Cancelling on drop.* Some pools drop a queued function with its task: that breaks rule 2.
pub trait Blocking: Spawn {
    /// Completes with what the function returned.
    type Call<T: Send + 'static>: Future<Output = T> + Send + 'static;

    /// Runs `f` on a thread where it may block.
    fn spawn_blocking<F, T>(handle: &Self::Handle, f: F) -> Self::Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;
}

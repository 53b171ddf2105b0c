//! The call on a worker thread of a single function.

use std::io;
use std::path::{Path, PathBuf};

use super::PathError;
use crate::disk::Disk;
use crate::engine::{Cancelled, deliver};
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::sync::CapacityLimiter;
use crate::thread::{from_thread, to_thread};

/// The limiter of the object that a function belongs to; `None` for that of the run.
pub(crate) type Limiter = Option<Arc<CapacityLimiter>>;

pub(crate) fn options<R: Runtime>(limiter: Limiter) -> to_thread::Options<R> {
    let options = to_thread::Options::new();
    match limiter {
        Some(limiter) => options.limiter(&limiter),
        None => options,
    }
}

/// Calls a function with the file system and a path (rule F1).
pub(crate) async fn call<R, T>(
    limiter: Limiter,
    operation: &'static str,
    path: PathBuf,
    function: impl FnOnce(&Disk, &Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T>
where
    R: Runtime,
    T: Send + 'static,
{
    let outcome = match check(operation, &path) {
        Ok(()) => {
            let disk = Disk::current::<R>();
            let wrapped = move || {
                let outcome = function(&disk, &path);
                outcome.map_err(|error| PathError::wrap(operation, &path, error))
            };
            options::<R>(limiter).run(wrapped).await
        }
        Err(error) => Err(error),
    };
    deliver(outcome).await
}

/// Calls a function that stops if the caller is cancelled (rule F2).
pub(crate) async fn call_cancellable<R, T>(
    limiter: Limiter,
    operation: &'static str,
    path: PathBuf,
    function: impl FnOnce(&Disk, &Path) -> Result<T, Stop> + Send + 'static,
) -> io::Result<T>
where
    R: Runtime,
    T: Send + 'static,
{
    let outcome = match check(operation, &path) {
        Ok(()) => {
            let disk = Disk::current::<R>();
            let wrapped = move || match function(&disk, &path) {
                Ok(value) => Ok(Ok(value)),
                Err(Stop::Failed(error)) => Ok(Err(PathError::wrap(operation, &path, error))),
                Err(Stop::Cancelled(cancelled)) => Err(cancelled),
            };
            options::<R>(limiter).run_cancellable(wrapped).await
        }
        Err(error) => Err(error),
    };
    deliver(outcome).await
}

/// The reason why a long function did not complete.
pub(crate) enum Stop {
    Failed(io::Error),
    Cancelled(Cancelled),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Failed(error)
    }
}

/// Returns whether the caller is cancelled, on a worker thread.
pub(crate) fn look() -> Result<(), Stop> {
    from_thread::check_cancelled().map_err(Stop::Cancelled)
}

/// Refuses a path that no system can have (rule F15).
pub(crate) fn check(operation: &'static str, path: &Path) -> io::Result<()> {
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "the path has a NUL byte");
        return Err(PathError::wrap(operation, path, error));
    }
    Ok(())
}

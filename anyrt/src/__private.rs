//! Items that the macros expand to. They are not public, and all of them may change.
//!
//! Only this crate knows which backends are enabled; the crate in which a macro is used does not. Hence
//! there is one macro per backend. It is an alias of one of two macros that choose between two blocks.

use crate::Builder;
use crate::entry::run_or_panic;

#[cfg(feature = "async-std")]
pub use crate::__first as if_async_std;
#[cfg(feature = "sim")]
pub use crate::__first as if_sim;
#[cfg(feature = "smol")]
pub use crate::__first as if_smol;
#[cfg(feature = "tokio")]
pub use crate::__first as if_tokio;
#[cfg(any(
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
))]
pub use crate::__first as if_any;
#[cfg(not(feature = "async-std"))]
pub use crate::__second as if_async_std;
#[cfg(not(feature = "sim"))]
pub use crate::__second as if_sim;
#[cfg(not(feature = "smol"))]
pub use crate::__second as if_smol;
#[cfg(not(feature = "tokio"))]
pub use crate::__second as if_tokio;
#[cfg(not(any(
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
)))]
pub use crate::__second as if_any;

#[cfg(all(feature = "to_process", any(unix, windows)))]
pub use anyrt_core::to_process::registry::{ProcessFn, call, inventory, type_id};
#[cfg(all(feature = "to_process", any(unix, windows)))]
pub use anyrt_core::to_process::{serve, serve_in_test};

#[cfg(feature = "sim")]
mod simulate;
#[cfg(feature = "sim")]
pub use self::simulate::simulate;

#[cfg(not(all(feature = "to_process", any(unix, windows))))]
mod without_workers;
#[cfg(not(all(feature = "to_process", any(unix, windows))))]
pub use self::without_workers::{serve, serve_in_test};

/// Drives the future of an attribute.
#[track_caller]
pub fn run<F: Future>(builder: Builder, future: F) -> F::Output {
    run_or_panic(&builder, future)
}

/// Expands to the first block.
#[doc(hidden)]
#[macro_export]
macro_rules! __first {
    ({ $($first:tt)* } { $($second:tt)* }) => { $($first)* };
}

/// Expands to the second block.
#[doc(hidden)]
#[macro_export]
macro_rules! __second {
    ({ $($first:tt)* } { $($second:tt)* }) => { $($second)* };
}

//! Small programs on anyrt, in `tests/`, written like those of a user: no backend is named, and
//! `#[anyrt::test]` runs them on each.
//!
//! The attributes must reject these (TI-02); the doc tests are here because there is no better place:
//!
//! ```compile_fail
//! #[anyrt::test(backends = ["tokyo"])]
//! async fn a_backend_that_does_not_exist() {}
//! ```
//!
//! ```compile_fail
//! #[anyrt::main(backend = "tokyo")]
//! async fn main() {}
//! ```
//!
//! ```compile_fail
//! #[anyrt::test(flavor = "vanilla")]
//! async fn a_flavor_that_does_not_exist() {}
//! ```
//!
//! The same with one word changed compiles:
//!
//! ```
//! #[anyrt::test(backends = ["tokio"])]
//! async fn a_backend_that_exists() {}
//!
//! #[anyrt::test(flavor = "current_thread", backends = ["tokio", "smol"])]
//! async fn a_flavor_that_exists() {}
//!
//! #[anyrt::main(backend = "tokio")]
//! async fn main() {}
//! ```

use anyrt::Backend;

/// The backends for what only the real system has: processes, signals, its sockets, threads outside of a run.
pub const REAL: [Backend; 3] = [Backend::Tokio, Backend::Smol, Backend::AsyncStd];

/// Returns twice the number. Workers can call it, although it is in a library.
#[cfg(unix)]
#[anyrt::process_fn]
pub fn doubled(number: u64) -> u64 {
    2 * number
}

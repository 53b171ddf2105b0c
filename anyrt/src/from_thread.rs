//! Calls from a thread into a run.
//!
//! A worker thread that runs a function of [`to_thread`](crate::to_thread) can call back into the run:
//! [`run`], [`run_sync`]. The task that waits for the function polls the future in place. So the future
//! is under the same cancel scopes, and the call of `to_thread` cannot end before it. The thread waits
//! meanwhile.
//!
//! Any other thread needs a token that was created in the run, a [`RunHandle`](crate::RunHandle):
//! [`run_in`], [`run_sync_in`]. The future is then a separate task, which belongs to the run. For many
//! calls by short-lived threads there is the [`BlockingPortal`](crate::BlockingPortal).
//!
//! # Examples
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use anyrt::{RunHandle, from_thread, to_thread};
//! use std::{thread, time::Duration};
//!
//! anyrt::run(async {
//!     let answer = to_thread::run(|| {
//!         let six = from_thread::run(async {
//!             anyrt::sleep(Duration::from_millis(1)).await;
//!             6
//!         });
//!         six.map(|six| six * 7)
//!     });
//!     assert_eq!(answer.await, Ok(42));
//!
//!     // Any other thread needs a token.
//!     let run = RunHandle::current().unwrap();
//!     let thread = thread::spawn(move || from_thread::run_sync_in(&run, || 7));
//!     let joined = to_thread::run(move || thread.join().unwrap());
//!     assert_eq!(joined.await, Ok(7));
//! });
//! ```

pub use anyrt_core::thread::from_thread::{check_cancelled, run, run_in, run_sync, run_sync_in};

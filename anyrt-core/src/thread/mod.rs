//! Blocking code: functions that run on worker threads, and threads that call into a run.
//!
//! | from | to | API |
//! | --- | --- | --- |
//! | a task | a worker thread | [`to_thread`] |
//! | that worker thread | the task | [`from_thread`] |
//! | any thread | a run, through a handle from that run | [`from_thread::run_in`] |
//! | any thread | a run, as one of many callers | [`BlockingPortal`] |
//! | a program without a run | a new run on its own thread | [`start_blocking_portal`], [`BlockingPortalProvider`] |

mod call;
pub mod from_thread;
mod future;
mod options;
mod own_run;
mod owned;
mod portal;
mod portal_resource;
mod portal_task;
mod provider;
pub mod to_thread;

pub use self::own_run::{PortalOptions, start_blocking_portal};
pub(crate) use self::owned::{OwnedCall, run_owed};
pub use self::portal::{BlockingPortal, PortalStarted};
pub use self::portal_resource::{PortalResource, ResourceScope};
pub use self::portal_task::PortalTask;
pub use self::provider::{BlockingPortalProvider, ProvidedPortal};

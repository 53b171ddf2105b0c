//! The types of futures that functions return, and the traits in their bounds. They are needed only to
//! name the type of a future that is stored.

use anyrt_core::{cancel, thread, time};

use crate::Ambient;

pub use anyrt_core::cancel::{Catch, Checkpoint, Fail, Finally, Mode, MoveOn, Shield};
pub use anyrt_core::combine::{
    AsCompleted, Gather, GatherFuture, IntoBranches, MapConcurrent, NextCompleted, Race,
    RaceFuture, RacingOk, TryGather, TryGathering, TryMapConcurrent,
};
pub use anyrt_core::context::WithContextVar;
pub use anyrt_core::stream::{
    Close, ReceiveBytes, ReceiveExactly, ReceiveInto, ReceiveText, ReceiveUntil, SendBytes,
    SendEof, SendText,
};
pub use anyrt_core::task::{StartOutput, TaskValue, TaskWait};
pub use anyrt_core::time::SleepForever;

/// A future that runs in a cancel scope. `M` determines its output.
pub type Scope<F, M> = cancel::Scope<Ambient, F, M>;

/// The future of [`sleep`](crate::sleep) and [`sleep_until`](crate::sleep_until).
pub type Sleep = time::Sleep<Ambient>;

/// The future of [`Interval::tick`](crate::Interval::tick).
pub type Tick<'a> = time::Tick<'a, Ambient>;

/// The future of [`to_thread::run`](crate::to_thread::run).
pub type ToThread<F, T> = thread::to_thread::ToThread<Ambient, F, T>;

/// The future of [`to_thread::run_cancellable`](crate::to_thread::run_cancellable).
pub type ToThreadCancellable<F, T> = thread::to_thread::ToThreadCancellable<Ambient, F, T>;

/// The future of [`wait_for`](crate::wait_for).
pub type WaitFor<'a, F> = cancel::WaitFor<'a, Ambient, F>;

/// The future of [`happy_eyeballs`](crate::net::happy_eyeballs).
#[cfg(all(feature = "net", any(unix, windows)))]
pub type HappyEyeballs<F, Fut, T> = anyrt_core::net::HappyEyeballs<Ambient, F, Fut, T>;

/// The future of [`connect_unix`](crate::net::connect_unix).
#[cfg(all(feature = "net", unix))]
pub type ConnectUnix = anyrt_core::net::ConnectUnix<Ambient>;

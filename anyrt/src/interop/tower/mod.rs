//! Adapters for tower; feature `tower`.
//!
//! Most services and layers do not depend on a runtime. For the exceptions, use this:
//!
//! | to | use |
//! | --- | --- |
//! | limit the time of requests | [`TimeoutLayer`], instead of `tower::timeout`, which needs tokio |
//! | connect, where a service is expected | [`Connector`]; `tower::service_fn` if the request determines the target |
//! | buffer requests | `tower::buffer::Buffer::pair`; spawn the worker into a group |
//! | run one of anyrt's functions as a service | `tower::service_fn` |
//!
//! Concurrency limits, load shedding, routing and the combinators of tower need no runtime. Rate limits,
//! hedging and back-off of tower need tokio's clock, and so the backend tokio.

#[cfg(all(feature = "net", any(unix, windows)))]
mod connector;
mod timeout;

#[cfg(all(feature = "net", any(unix, windows)))]
pub use self::connector::Connector;
pub use self::timeout::{Limited, Timeout, TimeoutLayer};

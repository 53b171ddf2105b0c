//! What users of tower ask of a runtime; feature `tower`.
//!
//! Services and layers do not know a runtime, with few exceptions, and for those there is
//! something here or in tower itself:
//!
//! | to | use |
//! | --- | --- |
//! | limit the time of requests | [`TimeoutLayer`], in place of `tower::timeout`, which needs tokio |
//! | connect, where a service is asked for | [`Connector`]; `tower::service_fn` where the request says to what |
//! | buffer requests | `tower::buffer::Buffer::pair`; spawn the worker into a group |
//! | run one of anyrt's functions as a service | `tower::service_fn` |
//!
//! Limits of concurrency, load shedding, routing and the combinators of tower need no runtime. Rate
//! limits, hedging and back-off of tower need tokio's clock, and so the backend tokio.

#[cfg(all(feature = "net", unix))]
mod connector;
mod timeout;

#[cfg(all(feature = "net", unix))]
pub use self::connector::Connector;
pub use self::timeout::{Limited, Timeout, TimeoutLayer};

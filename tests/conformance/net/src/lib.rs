//! Cases about sockets: connections, listeners, packets, descriptors, TLS.
//!
//! A part of `anyrt-conformance`, which mounts it; see there.

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod engine_sockets;
#[cfg(unix)]
pub mod engine_sockets_unix;
#[cfg(unix)]
pub mod net_adoption;
#[cfg(any(unix, windows))]
pub mod net_adoption_ip;
pub mod net_connect;
mod net_connect_support;
#[cfg(unix)]
pub mod net_connect_unix;
pub mod net_connectables;
pub mod net_contract;
pub mod net_datagrams;
#[cfg(unix)]
pub mod net_descriptors;
pub mod net_eyeballs;
mod net_flaws;
pub mod net_listeners;
pub mod net_lookup;
#[cfg(unix)]
pub mod net_readiness;
pub mod net_serve;
pub mod net_serve_failures;
pub mod net_streams;
mod net_tools;
#[cfg(unix)]
pub mod net_unix;
#[cfg(unix)]
pub mod net_unix_passing;
pub mod tls;
pub mod tls_close;
pub mod tls_end;
pub mod tls_everywhere;
pub mod tls_listener;
pub mod tls_split;
mod tls_support;
pub mod tls_tickets;
pub mod tls_trust;
pub mod tls_unwrap;

#[cfg(unix)]
use anyrt_conformance_kit::folder;
use anyrt_conformance_kit::{
    cancel_everywhere, capability, check_byte_stream, erased, limits, support,
};

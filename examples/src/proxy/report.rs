//! The line about a connection at its end.

use std::fmt;
use std::io;
use std::sync::atomic::Ordering;

use anyrt::Instant;
use anyrt::net::{Address, LocalAddress, RemoteAddress, TcpStream};
use anyrt::stream::AttributesExt;

use crate::forward::{Broken, Carried};

/// The result of a connection.
pub(crate) enum Outcome {
    /// It was cancelled.
    Stopped,
    Finished,
    Idle,
    Broken(Broken),
    NotConnected(io::Error),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Stopped => f.write_str("stopped"),
            Outcome::Finished => f.write_str("finished"),
            Outcome::Idle => f.write_str("idle for too long"),
            Outcome::Broken(broken) => broken.fmt(f),
            Outcome::NotConnected(error) => write!(f, "not connected: {error}"),
        }
    }
}

/// The data of a connection.
pub(crate) struct Report {
    remote: Option<Address>,
    local: Option<Address>,
    begun: Instant,
    pub(crate) carried: Carried,
    pub(crate) outcome: Outcome,
}

impl Report {
    pub(crate) fn of(client: &TcpStream) -> Report {
        Report {
            remote: client.attribute::<RemoteAddress>().ok(),
            local: client.attribute::<LocalAddress>().ok(),
            begun: anyrt::now(),
            carried: Carried::default(),
            outcome: Outcome::Stopped,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: {} bytes there, {} bytes back, {:.3} s: {}",
            Known(&self.remote),
            Known(&self.local),
            self.carried.there.load(Ordering::Relaxed),
            self.carried.back.load(Ordering::Relaxed),
            (anyrt::now() - self.begun).as_secs_f64(),
            self.outcome,
        )
    }
}

/// An address, which the system may no longer know.
struct Known<'a>(&'a Option<Address>);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("(unknown)"),
        }
    }
}

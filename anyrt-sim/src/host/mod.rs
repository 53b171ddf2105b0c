//! Hosts: each has a clock, addresses and tasks of its own, and can crash and start again.
//!
//! A host is a run of its own in the executor: its main future is created by a factory at each start, and
//! dropped at a crash, with all of its tasks. Destructors run then, as a language demands, but what they do
//! has no effect: they cannot spawn, send, write to a file or be woken. What has to survive a crash is on the disk
//! of the host, or outside of it.

mod builder;
mod clock;
mod lifecycle;
mod table;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyrt_core::time::Instant;

#[cfg(all(feature = "process", unix))]
pub(crate) use self::builder::Factory;
pub use self::builder::HostBuilder;
pub(crate) use self::clock::HostClock;
pub(crate) use self::lifecycle::{Command, HostMain, Mains, Requested};
pub(crate) use self::table::Hosts;
use crate::disk::Disk;
use crate::events::{Detail, EventKind};
use crate::shared::{Shared, nanos};

/// The number of a host. The main future is on host 0.
pub(crate) type HostId = u32;

/// A host from a start to the crash or end after it.
pub(crate) struct Incarnation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) host: HostId,
    /// False after a crash: what destructors still do on the host has no effect.
    alive: AtomicBool,
    pub(crate) clock: HostClock,
    pub(crate) disk: Arc<Disk>,
}

impl Incarnation {
    pub(crate) fn new(
        shared: Arc<Shared>,
        host: HostId,
        clock: HostClock,
        disk: Arc<Disk>,
    ) -> Arc<Incarnation> {
        Arc::new(Incarnation {
            shared,
            host,
            alive: AtomicBool::new(true),
            clock,
            disk,
        })
    }

    /// Returns whether the host has not crashed since.
    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// Notes that the host has crashed.
    fn die(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    /// Returns the time on the host's clock, in nanoseconds.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.clock.local(self.shared.now())
    }

    /// Returns the time of the simulation at which the host's clock reaches this instant.
    #[inline]
    pub(crate) fn deadline(&self, instant: Instant) -> u64 {
        self.clock.global(nanos(instant.since_anchor()))
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incarnation")
            .field("host", &self.host)
            .field("alive", &self.alive)
            .finish_non_exhaustive()
    }
}

/// A host of a simulation. Created by [`Simulation::host`](crate::Simulation::host).
///
/// Cheap to clone. Dropping it does not affect the host.
#[derive(Clone)]
pub struct Host {
    pub(crate) shared: Arc<Shared>,
    id: HostId,
    name: Arc<str>,
    addresses: [IpAddr; 2],
    pub(crate) disk: Arc<Disk>,
}

impl Host {
    /// Returns the name, which other hosts can look up.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(anyrt::sleep_forever);
    ///     assert_eq!(server.name(), "server");
    /// }).unwrap();
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number by which [events](crate::Event) name it. The host of the main future has number 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(anyrt::sleep_forever);
    ///     assert_eq!(server.number(), 1, "the main future is on host 0");
    /// }).unwrap();
    /// ```
    pub fn number(&self) -> u32 {
        self.id
    }

    /// Returns the IPv4 address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(anyrt::sleep_forever);
    ///     assert_eq!(server.ip(), anyrt::net::lookup("server", 80).await.unwrap()[0].ip());
    /// }).unwrap();
    /// ```
    pub fn ip(&self) -> IpAddr {
        self.addresses[0]
    }

    /// Returns the addresses: one of IPv4, one of IPv6.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(anyrt::sleep_forever);
    ///     let [v4, v6] = server.addresses();
    ///     assert!(v4.is_ipv4() && v6.is_ipv6());
    /// }).unwrap();
    /// ```
    pub fn addresses(&self) -> [IpAddr; 2] {
        self.addresses
    }

    /// Returns whether its main future has been started, and has neither ended nor crashed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(anyrt::sleep_forever);
    ///     anyrt::checkpoint().await; // The host starts in a step of its own.
    ///     assert!(server.is_up());
    ///     server.crash().await;
    ///     assert!(!server.is_up());
    /// }).unwrap();
    /// ```
    pub fn is_up(&self) -> bool {
        self.shared.lock().hosts.is_up(self.id)
    }

    /// Crashes the host, as a power failure does: its tasks are dropped, and its peers are told nothing. Its
    /// [disk](Host::disk) loses what was not durable. Has no effect if it is not up.
    ///
    /// It happens after the current step. A host can crash itself: then this never returns.
    ///
    /// # Cancel safety
    ///
    /// The crash happens even if this is dropped after its first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(|| async {
    ///         anyrt::fs::write("/notes", "not synced").await.unwrap();
    ///         anyrt::sleep_forever().await;
    ///     });
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    ///     server.crash().await;
    ///     assert!(!server.is_up());
    /// }).unwrap();
    /// ```
    pub async fn crash(&self) {
        self.shared.command(Command::Crash(self.id)).await;
    }

    /// Starts the host again, with a new main future from its factory. Crashes it first if it is up.
    ///
    /// # Cancel safety
    ///
    /// It happens even if this is dropped after its first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(anyrt::sleep_forever);
    ///     server.crash().await;
    ///     server.restart().await;
    ///     assert!(server.is_up());
    /// }).unwrap();
    /// ```
    pub async fn restart(&self) {
        self.shared.command(Command::Crash(self.id)).await;
        self.shared.command(Command::Start(self.id)).await;
    }

    /// Pauses the host: none of its tasks runs until [`resume`](Host::resume). Packets to it arrive, and its
    /// clock goes on, as if the machine had too much else to do.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(|| anyrt::sleep(Duration::from_secs(1)));
    ///     server.pause();
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    ///     assert!(server.is_up(), "it did not notice that a second has passed");
    ///     server.resume();
    ///     anyrt::sleep(Duration::from_secs(2)).await;
    ///     assert!(!server.is_up());
    /// }).unwrap();
    /// ```
    pub fn pause(&self) {
        self.shared.pause(self.id);
    }

    /// Lets a paused host go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let server = sim.host("server").start(|| anyrt::fs::write("/started", "yes"));
    ///     server.pause();
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    ///     assert!(!server.disk().exists("/started"));
    ///     server.resume();
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    ///     assert!(server.disk().exists("/started"));
    /// }).unwrap();
    /// ```
    pub fn resume(&self) {
        self.shared.resume(self.id);
    }
}

impl Shared {
    /// Holds back what becomes ready on a host, unless it is paused already.
    pub(crate) fn pause(&self, host: HostId) {
        let now = self.now();
        let mut state = self.lock();
        if state.hosts.pause(host) {
            let (kind, id) = (EventKind::Pause, u64::from(host));
            state.events.show(now, kind, host, id, Detail::None);
        }
    }

    /// Ends the pause of a host, if there is one.
    pub(crate) fn resume(&self, host: HostId) {
        let now = self.now();
        let mut state = self.lock();
        let Some(held) = state.hosts.resume(host) else {
            return;
        };
        let (kind, id) = (EventKind::Resume, u64::from(host));
        state.events.show(now, kind, host, id, Detail::None);
        drop(state);
        for next in held {
            self.push(next);
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("name", &self.name)
            .field("ip", &self.ip())
            .finish_non_exhaustive()
    }
}

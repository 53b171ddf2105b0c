//! The options of a host.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::lifecycle::Command;
use super::{Host, HostClock};
use crate::disk::Disk;
use crate::shared::{Shared, nanos};
use crate::spawn::Simulation;

/// Creates the main future of a host.
pub(crate) type Factory = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// The options of a host, from [`Simulation::host`].
#[derive(Debug)]
#[must_use = "a host does nothing until it is started"]
pub struct HostBuilder {
    pub(crate) shared: Arc<Shared>,
    name: Arc<str>,
    ip: Option<Ipv4Addr>,
    skew: Duration,
    drift: i32,
    pub(crate) disk: Arc<Disk>,
}

impl Simulation {
    /// Returns the options of a new host with this name, which other hosts can look up.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use anyrt::net::{Listener, connect_tcp, listen_tcp};
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(1).run(async {
    ///     let sim = Simulation::current().expect("this is a simulation");
    ///     sim.host("server").start(|| async {
    ///         let listener = listen_tcp(Some("0.0.0.0"), 80).await.unwrap();
    ///         let mut stream = listener.accept().await.unwrap();
    ///         stream.send(b"hello").await.unwrap();
    ///     });
    ///     anyrt::sleep(Duration::from_millis(1)).await;
    ///     let mut stream = connect_tcp("server", 80).await.unwrap();
    ///     stream.receive(100).await.unwrap()
    /// });
    /// assert_eq!(outcome.unwrap(), b"hello");
    /// ```
    pub fn host(&self, name: &str) -> HostBuilder {
        HostBuilder {
            shared: self.0.shared.clone(),
            name: name.into(),
            ip: None,
            skew: Duration::ZERO,
            drift: 0,
            disk: Disk::new(),
        }
    }
}

impl HostBuilder {
    /// Sets the IPv4 address. By default the hosts are 10.0.0.2, 10.0.0.3 and so on; the main future is on
    /// 10.0.0.1.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::net::Ipv4Addr;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let ip = Ipv4Addr::new(10, 1, 2, 3);
    ///     let server = sim.host("server").ip(ip).start(anyrt::sleep_forever);
    ///     assert_eq!(server.ip(), ip);
    /// }).unwrap();
    /// ```
    pub fn ip(mut self, ip: Ipv4Addr) -> HostBuilder {
        self.ip = Some(ip);
        self
    }

    /// Sets the lead of the host's clock at the start of the simulation.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let here = anyrt::now();
    ///     let ahead = sim.host("ahead").skew(Duration::from_secs(60));
    ///     ahead.start(move || async move { assert!(anyrt::now() - here >= Duration::from_secs(60)) });
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    /// }).unwrap();
    /// ```
    pub fn skew(mut self, skew: Duration) -> HostBuilder {
        self.skew = skew;
        self
    }

    /// Sets the microseconds that the host's clock gains in each second, or loses if negative.
    ///
    /// # Panics
    ///
    /// If the clock would stand still or run backwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     // Its hour is 3.6 seconds shorter.
    ///     let start = anyrt::now();
    ///     let hour = || anyrt::sleep(Duration::from_secs(3600));
    ///     let fast = sim.host("fast").drift(1000).start(hour);
    ///     anyrt::sleep(Duration::from_secs(3598)).await;
    ///     assert!(!fast.is_up());
    ///     assert!(anyrt::now() - start < Duration::from_secs(3600));
    /// }).unwrap();
    /// ```
    pub fn drift(mut self, parts_per_million: i32) -> HostBuilder {
        assert!(
            parts_per_million > -1_000_000,
            "a clock with a drift of {parts_per_million} ppm does not go forward"
        );
        self.drift = parts_per_million;
        self
    }

    /// Starts the host. The factory creates its main future, now and at each restart; it is called, and the
    /// future is polled, on the host itself, as a run of its own.
    ///
    /// The host ends when its main future does. A panic of it ends the simulation.
    ///
    /// # Panics
    ///
    /// If the name or the address belongs to another host.
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
    ///         anyrt::fs::write("/started", "yes").await.unwrap();
    ///     });
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    ///     assert!(server.disk().exists("/started"));
    /// }).unwrap();
    /// ```
    #[track_caller]
    pub fn start<F, Fut>(self, mut factory: F) -> Host
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future + 'static,
    {
        let factory: Factory = Box::new(move || {
            let main = factory();
            Box::pin(async {
                main.await;
            })
        });
        let clock = HostClock {
            skew: nanos(self.skew),
            drift: i64::from(self.drift) * 1000,
        };
        let added =
            self.shared
                .lock()
                .hosts
                .add(self.name.clone(), self.ip, clock, factory, &self.disk);
        let (id, addresses) = added.unwrap_or_else(|taken| panic!("{taken}"));
        self.shared.enqueue(Command::Start(id), None);
        Host {
            shared: self.shared,
            id,
            name: self.name,
            addresses: addresses.map(IpAddr::from),
            disk: self.disk,
        }
    }
}

//! The bandwidth of links: a packet with many bytes takes longer, and the next one waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::link::Transit;
use super::rules::{NetHandle, RuleGuard};
use crate::events::{Detail, EventKind};
use crate::host::{Host, HostId};
use crate::shared::Shared;

/// The most bytes of a stream in one packet, where bandwidth is limited.
pub(super) const PIECE: usize = 16 * 1024;

const SECOND: u128 = 1_000_000_000;

/// The bandwidths of the links of a run.
#[derive(Debug, Default)]
pub(super) struct Bandwidths {
    /// The limits, the latest last.
    limits: Vec<Limit>,
    /// The time, since the start, at which a link has sent all its packets, by its sender and receiver.
    idle_from: BTreeMap<[HostId; 2], u64>,
}

#[derive(Debug)]
struct Limit {
    id: u64,
    hosts: [HostId; 2],
    bytes_per_second: u64,
}

impl Bandwidths {
    pub(super) fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Removes a limit. Returns whether it was there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let position = self.limits.iter().position(|limit| limit.id == id);
        position
            .map(|position| self.limits.remove(position))
            .is_some()
    }

    /// Returns the latest limit of a link.
    fn between(&self, from: HostId, to: HostId) -> Option<u64> {
        let is_same = |limit: &&Limit| limit.hosts == [from, to] || limit.hosts == [to, from];
        let limit = self.limits.iter().rev().find(is_same)?;
        Some(limit.bytes_per_second)
    }

    /// Returns the time at which the last byte of a packet has left that is sent now.
    fn departure(&mut self, link: [HostId; 2], now: u64, length: usize, rate: u64) -> u64 {
        let idle_from = self.idle_from.entry(link).or_default();
        let nanos = (length as u128 * SECOND).div_ceil(u128::from(rate));
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        *idle_from = now.max(*idle_from).saturating_add(nanos);
        *idle_from
    }
}

/// Checks a limit.
///
/// # Panics
///
/// If it is zero.
#[track_caller]
pub(crate) fn check(bytes_per_second: u64) {
    assert!(
        bytes_per_second > 0,
        "a bandwidth of 0 bytes per second carries nothing; use `NetHandle::hold` or `NetHandle::partition`"
    );
}

impl NetHandle {
    /// Limits the bandwidth of the link between two hosts, until the returned guard is dropped: each direction
    /// carries this number of bytes in a second, one packet after the other.
    ///
    /// A packet arrives when all its bytes and those of earlier packets have left, and its latency has passed. Only
    /// the bytes of the program count. Packets wait for the link in a queue without a limit, and lost ones take no
    /// time. The limit applies to packets that are sent while it exists. It replaces that of
    /// [`Config::bandwidth`](crate::Config::bandwidth); of several for one link, the latest applies.
    ///
    /// # Panics
    ///
    /// If the number is zero.
    ///
    /// # Examples
    ///
    /// A megabyte over a link of 100 kB/s takes ten seconds of virtual time:
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
    ///     let server = sim.host("server").start(|| async {
    ///         let listener = listen_tcp(Some("0.0.0.0"), 80).await.unwrap();
    ///         let mut stream = listener.accept().await.unwrap();
    ///         stream.send(&[0; 1_000_000]).await.unwrap();
    ///     });
    ///     let client = sim.host("client").start(|| async {
    ///         anyrt::sleep(Duration::from_millis(1)).await;
    ///         let mut stream = connect_tcp("server", 80).await.unwrap();
    ///         while stream.receive(65_536).await.is_ok() {}
    ///     });
    ///     let _limit = sim.net().limit_bandwidth(&server, &client, 100_000);
    ///     anyrt::sleep(Duration::from_secs(9)).await;
    ///     while client.is_up() {
    ///         anyrt::sleep(Duration::from_millis(10)).await;
    ///     }
    ///     sim.clock().elapsed()
    /// });
    /// let seconds = outcome.unwrap().as_secs_f64();
    /// assert!((10.0..10.1).contains(&seconds), "{seconds}");
    /// ```
    #[track_caller]
    pub fn limit_bandwidth(&self, one: &Host, other: &Host, bytes_per_second: u64) -> RuleGuard {
        check(bytes_per_second);
        let shared = self.shared();
        let hosts = [one.number(), other.number()];
        let mut network = shared.network();
        let id = network.next_rule();
        network.bandwidths.limits.push(Limit {
            id,
            hosts,
            bytes_per_second,
        });
        shared.note_rules(&network);
        drop(network);
        let [host, other] = hosts;
        shared.record_rule(EventKind::Bandwidth, host, id, Detail::Host(other));
        RuleGuard::new(shared, host, id)
    }
}

impl Shared {
    /// Returns the time since the start at which a packet has left that is sent now.
    pub(super) fn departure(&self, transit: &Transit<'_>) -> u64 {
        let now = self.now();
        if !self.is_limited.load(Ordering::Relaxed) {
            return now;
        }
        let mut network = self.network();
        let limit = network.bandwidths.between(transit.from, transit.to);
        let Some(rate) = limit.or(self.config.bandwidth) else {
            return now;
        };
        let link = [transit.from, transit.to];
        let length = transit.content.length();
        network.bandwidths.departure(link, now, length, rate)
    }

    /// Returns the most bytes of a stream that one packet carries, of those that it could.
    pub(super) fn piece(&self, count: usize) -> usize {
        match self.is_limited.load(Ordering::Relaxed) {
            true => count.min(PIECE),
            false => count,
        }
    }
}

//! Packets that are held back between two hosts, until a test releases them.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use super::Network;
use super::rules::NetHandle;
use crate::events::{Detail, EventKind};
use crate::host::{Host, HostId};
use crate::shared::Shared;

/// Sends a packet that was held back.
type SendHeld = Box<dyn FnOnce() + Send>;

/// Packets that wait until the guard of the hold is dropped.
pub(super) struct Hold {
    id: u64,
    hosts: [HostId; 2],
    /// The packets, in the order in which they were sent.
    waiting: Vec<SendHeld>,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("id", &self.id)
            .field("hosts", &self.hosts)
            .field("waiting", &self.waiting.len())
            .finish()
    }
}

/// A hold in force, from [`NetHandle::hold`]: it ends when this is dropped.
#[must_use = "the packets are released when the guard is dropped"]
pub struct HoldGuard {
    shared: Arc<Shared>,
    host: HostId,
    id: u64,
}

impl HoldGuard {
    /// Sends the packets that wait, in their order, and ends the hold. Dropping the guard does the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// # async fn sender() {
    /// #     anyrt::sleep(Duration::from_secs(2)).await;
    /// #     let to = anyrt::net::lookup("other", 9).await.unwrap()[0];
    /// #     UdpSocket::bind(([0, 0, 0, 0], 9)).unwrap().send_to(b"hello", to).await.unwrap();
    /// # }
    /// # async fn receiver() {
    /// #     let socket = UdpSocket::bind(([0, 0, 0, 0], 9)).unwrap();
    /// #     socket.receive_from(10).await.unwrap();
    /// #     anyrt::fs::write("/received", "yes").await.unwrap();
    /// # }
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     // After two seconds, one sends a packet. The other then writes a file.
    ///     let (one, other) = (sim.host("one").start(sender), sim.host("other").start(receiver));
    ///     let hold = sim.net().hold(&one, &other);
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert!(!other.disk().exists("/received"));
    ///     hold.release();
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    ///     assert!(other.disk().exists("/received"));
    /// }).unwrap();
    /// ```
    pub fn release(self) {
        drop(self);
    }

    /// Returns the number of packets that wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// # async fn sender() {
    /// #     anyrt::sleep(Duration::from_secs(2)).await;
    /// #     let to = anyrt::net::lookup("other", 9).await.unwrap()[0];
    /// #     UdpSocket::bind(([0, 0, 0, 0], 9)).unwrap().send_to(b"hello", to).await.unwrap();
    /// # }
    /// # async fn receiver() {
    /// #     let socket = UdpSocket::bind(([0, 0, 0, 0], 9)).unwrap();
    /// #     socket.receive_from(10).await.unwrap();
    /// #     anyrt::fs::write("/received", "yes").await.unwrap();
    /// # }
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     // After two seconds, one sends a packet. The other then writes a file.
    ///     let (one, other) = (sim.host("one").start(sender), sim.host("other").start(receiver));
    ///     let hold = sim.net().hold(&one, &other);
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert_eq!(hold.waiting(), 1);
    /// }).unwrap();
    /// ```
    pub fn waiting(&self) -> usize {
        let network = self.shared.network();
        let hold = network.holds.iter().find(|hold| hold.id == self.id);
        hold.map_or(0, |hold| hold.waiting.len())
    }
}

impl Drop for HoldGuard {
    fn drop(&mut self) {
        let mut network = self.shared.network();
        let position = network.holds.iter().position(|hold| hold.id == self.id);
        let hold = position.map(|position| network.holds.remove(position));
        self.shared.note_rules(&network);
        drop(network);
        self.shared
            .record_rule(EventKind::RuleEnd, self.host, self.id, Detail::None);
        // Without the lock: sending calls the rules, which are foreign code, and perhaps another hold.
        for send in hold.into_iter().flat_map(|hold| hold.waiting) {
            send();
        }
    }
}

impl fmt::Debug for HoldGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HoldGuard").field(&self.id).finish()
    }
}

impl NetHandle {
    /// Holds back the packets between two hosts, both ways, until the returned guard is dropped or
    /// [released](HoldGuard::release). Then they are sent in the order in which they were held back, and arrive
    /// after their latency.
    ///
    /// No packet is lost, and no connection is given up because of it, however long it lasts. Packets that are
    /// on their way already arrive. Rules and faults decide about a packet when it is released.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(1).run(async {
    ///     let sim = Simulation::current().expect("this is a simulation");
    ///     let [sender, receiver] = ["sender", "receiver"].map(|name| {
    ///         sim.host(name).start(move || async move {
    ///             let socket = UdpSocket::bind(([0, 0, 0, 0], 9)).unwrap();
    ///             if name == "receiver" {
    ///                 socket.receive_from(10).await.unwrap();
    ///             } else {
    ///                 anyrt::sleep(Duration::from_secs(1)).await;
    ///                 let to = anyrt::net::lookup("receiver", 9).await.unwrap()[0];
    ///                 socket.send_to(b"hello", to).await.unwrap();
    ///             }
    ///         })
    ///     });
    ///     let hold = sim.net().hold(&sender, &receiver);
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    ///     assert_eq!(hold.waiting(), 1);
    ///     assert!(receiver.is_up(), "it still waits for the packet");
    ///     hold.release();
    ///     anyrt::sleep(Duration::from_secs(1)).await;
    ///     assert!(!receiver.is_up(), "the packet has arrived");
    /// });
    /// outcome.unwrap();
    /// ```
    pub fn hold(&self, one: &Host, other: &Host) -> HoldGuard {
        let shared = self.shared();
        let hosts = [one.number(), other.number()];
        let mut network = shared.network();
        let id = network.next_rule();
        network.holds.push(Hold {
            id,
            hosts,
            waiting: Vec::new(),
        });
        shared.note_rules(&network);
        drop(network);
        let [host, other] = hosts;
        shared.record_rule(EventKind::Hold, host, id, Detail::Host(other));
        HoldGuard {
            shared: shared.clone(),
            host,
            id,
        }
    }
}

/// A hold that applies to a packet, under the lock of the network.
pub(super) struct HoldsBack<'a> {
    network: MutexGuard<'a, Network>,
    position: usize,
}

impl HoldsBack<'_> {
    /// Lets a packet wait. `send` is called when the hold ends.
    pub(super) fn add(mut self, send: impl FnOnce() + Send + 'static) {
        let hold = &mut self.network.holds[self.position];
        hold.waiting.push(Box::new(send));
    }
}

impl Shared {
    /// Returns the hold that applies to packets from one host to another, if there is one.
    pub(super) fn hold_between(&self, from: HostId, to: HostId) -> Option<HoldsBack<'_>> {
        if from == to || !self.has_rules.load(Ordering::Relaxed) {
            return None;
        }
        let network = self.network();
        let applies = |hold: &Hold| hold.hosts == [from, to] || hold.hosts == [to, from];
        let position = network.holds.iter().position(applies)?;
        Some(HoldsBack { network, position })
    }
}

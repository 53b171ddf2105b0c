//! Rules of a test about the packets between hosts.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyrt_core::net::Address;

use super::Network;
use super::link::Transit;
use crate::choices::Purpose;
use crate::current::with_current;
use crate::events::{Detail, EventKind, PacketKind};
use crate::explore::{FaultDraw, FaultKind, Subject};
use crate::host::{Host, HostId};
use crate::shared::Shared;
use crate::spawn::Simulation;

/// A packet that is about to be sent from one host to another.
#[derive(Debug)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// The name of the host that sends it.
    pub from: &'a str,
    /// The name of the host that it is for.
    pub to: &'a str,
    /// The address of the socket that sends it.
    pub source: &'a Address,
    /// The address that it is for.
    pub destination: &'a Address,
    /// What it carries.
    pub content: Content<'a>,
    /// The number of times that this packet of a stream has been sent before.
    pub attempts: u32,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content<'a> {
    /// A datagram.
    Datagram(&'a [u8]),
    /// The request for a connection.
    Connect,
    /// The answer to the request.
    Answer,
    /// A part of a stream.
    Data(&'a [u8]),
    /// The end of one direction of a stream.
    End,
    /// The end of a connection at once, since the socket was closed or does not exist.
    Reset,
}

impl Content<'_> {
    /// Returns the number of bytes.
    pub(super) fn length(&self) -> usize {
        match self {
            Content::Datagram(bytes) | Content::Data(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// Returns the kind of packet for events.
    pub(super) fn kind(&self) -> PacketKind {
        match self {
            Content::Datagram(_) => PacketKind::Datagram,
            Content::Connect => PacketKind::Connect,
            Content::Answer => PacketKind::Answer,
            Content::Data(_) => PacketKind::Data,
            Content::End => PacketKind::End,
            Content::Reset => PacketKind::Reset,
        }
    }

    pub(super) fn is_datagram(&self) -> bool {
        matches!(self, Content::Datagram(_))
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The next rule decides; after the last one, the packet is sent.
    Pass,
    /// It takes so much longer.
    Delay(Duration),
    /// It is lost. A packet of a stream is sent again, less and less often, until the connection is given up
    /// after a minute.
    Drop,
    /// A datagram arrives a second time, so much later. A packet of a stream is not affected.
    Duplicate(Duration),
}

/// A rule about packets between hosts; see [`NetHandle::rule`].
pub trait Rule: Send {
    /// Decides what becomes of a packet. `choices` draws from the seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Packet, Rule, RuleChoices, Simulation, Verdict};
    ///
    /// /// Loses everything that is not for the port of a service.
    /// struct Firewall(u16);
    ///
    /// impl Rule for Firewall {
    ///     fn on_packet(&mut self, packet: &Packet<'_>, _: &mut RuleChoices<'_>) -> Verdict {
    ///         match packet.destination.as_ip() {
    ///             Some(address) if address.port() == self.0 => Verdict::Pass,
    ///             _ => Verdict::Drop,
    ///         }
    ///     }
    /// }
    ///
    /// Config::new(7).run(async {
    ///     Simulation::current().unwrap().net().rule(Firewall(80)).keep();
    /// }).unwrap();
    /// ```
    fn on_packet(&mut self, packet: &Packet<'_>, choices: &mut RuleChoices<'_>) -> Verdict;
}

impl<F> Rule for F
where
    F: FnMut(&Packet<'_>, &mut RuleChoices<'_>) -> Verdict + Send,
{
    fn on_packet(&mut self, packet: &Packet<'_>, choices: &mut RuleChoices<'_>) -> Verdict {
        self(packet, choices)
    }
}

/// The draws of rules.
#[derive(Debug)]
pub struct RuleChoices<'a>(&'a Shared);

impl RuleChoices<'_> {
    /// Draws a number below `n`. 0 should be the dull alternative: no fault.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Packet, RuleChoices, Simulation, Verdict};
    ///
    /// Config::new(7).run(async {
    ///     // One packet in ten is lost.
    ///     let rule = |_: &Packet<'_>, choices: &mut RuleChoices<'_>| match choices.below(10) {
    ///         9 => Verdict::Drop,
    ///         _ => Verdict::Pass,
    ///     };
    ///     Simulation::current().unwrap().net().rule(rule).keep();
    /// }).unwrap();
    /// ```
    pub fn below(&mut self, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        if let Some(explorer) = &self.0.config.fault_explorer {
            let draw = FaultDraw {
                purpose: Purpose::Fault,
                kind: FaultKind::Rule,
                bound: n,
                count: None,
            };
            explorer.before_draw(self.0, &draw, &Subject::Rule);
        }
        self.0.lock().draws.below(Purpose::Fault, n)
    }
}

/// The network of a simulation, from [`Simulation::net`].
#[derive(Clone, Debug)]
pub struct NetHandle(Arc<Shared>);

impl Simulation {
    /// Returns the network.
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
    ///     let _lost = sim.net().partition(&one, &other);
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert!(!other.disk().exists("/received"));
    /// }).unwrap();
    /// ```
    pub fn net(&self) -> NetHandle {
        NetHandle(self.0.shared.clone())
    }
}

/// A rule in force: it ends when this is dropped.
#[must_use = "a rule ends when its guard is dropped"]
pub struct RuleGuard {
    shared: Arc<Shared>,
    host: HostId,
    id: u64,
}

impl RuleGuard {
    pub(super) fn new(shared: &Arc<Shared>, host: HostId, id: u64) -> RuleGuard {
        RuleGuard {
            shared: shared.clone(),
            host,
            id,
        }
    }

    /// Keeps the rule until the end of the run.
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
    ///     sim.net().isolate(&other).keep();
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert!(!other.disk().exists("/received"));
    /// }).unwrap();
    /// ```
    pub fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for RuleGuard {
    fn drop(&mut self) {
        let mut network = self.shared.network();
        if network.bandwidths.remove(self.id) {
            self.shared.note_rules(&network);
            drop(network);
            self.shared
                .record_rule(EventKind::RuleEnd, self.host, self.id, Detail::None);
            return;
        }
        let position = network
            .rules
            .list
            .iter()
            .position(|rule| rule.id == self.id);
        let rule = position.map(|position| network.rules.list.remove(position));
        network.rules.ended.push(self.id);
        self.shared.note_rules(&network);
        drop(network);
        drop(rule);
        self.shared
            .record_rule(EventKind::RuleEnd, self.host, self.id, Detail::None);
    }
}

impl fmt::Debug for RuleGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RuleGuard").field(&self.id).finish()
    }
}

/// The rules of a run.
#[derive(Default)]
pub(super) struct Rules {
    list: Vec<Numbered>,
    /// The number of rules, holds and limits that were added.
    count: u64,
    /// The rules that have ended while they were taken out to be called.
    ended: Vec<u64>,
}

struct Numbered {
    id: u64,
    rule: Box<dyn Rule>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.list.iter().map(|rule| rule.id))
            .finish()
    }
}

impl NetHandle {
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Adds a rule, which decides about each packet between different hosts. Rules are asked in the order in
    /// which they were added; the first that does not answer [`Verdict::Pass`] decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Content, Packet, RuleChoices, Simulation, Verdict};
    ///
    /// Config::new(1).run(async {
    ///     let sim = Simulation::current().expect("this is a simulation");
    ///     // Every tenth datagram is lost.
    ///     let _rule = sim.net().rule(|packet: &Packet<'_>, choices: &mut RuleChoices<'_>| {
    ///         match packet.content {
    ///             Content::Datagram(_) if choices.below(10) == 9 => Verdict::Drop,
    ///             _ => Verdict::Pass,
    ///         }
    ///     });
    /// });
    /// ```
    pub fn rule(&self, rule: impl Rule + 'static) -> RuleGuard {
        let host = with_current(|host| host.map_or(0, |host| host.host));
        self.add(EventKind::Rule, host, Detail::None, rule)
    }

    /// Adds a rule, with the kind, the host and the detail of the event of that.
    fn add(
        &self,
        kind: EventKind,
        host: HostId,
        detail: Detail,
        rule: impl Rule + 'static,
    ) -> RuleGuard {
        let rule = Box::new(rule);
        let mut network = self.0.network();
        let id = network.next_rule();
        network.rules.list.push(Numbered { id, rule });
        self.0.note_rules(&network);
        drop(network);
        self.0.record_rule(kind, host, id, detail);
        RuleGuard::new(&self.0, host, id)
    }

    /// Adds a rule that loses the packets for which `loses` returns true, by the names of the hosts.
    fn losing(
        &self,
        kind: EventKind,
        host: &Host,
        detail: Detail,
        loses: impl Fn(&str, &str) -> bool + Send + 'static,
    ) -> RuleGuard {
        let rule = move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| {
            if loses(packet.from, packet.to) {
                Verdict::Drop
            } else {
                Verdict::Pass
            }
        };
        self.add(kind, host.number(), detail, rule)
    }

    /// Loses every packet between two hosts, both ways.
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
    ///     let cut = sim.net().partition(&one, &other);
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert!(!other.disk().exists("/received"));
    ///     drop(cut); // Packets arrive from here on.
    /// }).unwrap();
    /// ```
    pub fn partition(&self, one: &Host, other: &Host) -> RuleGuard {
        let detail = Detail::Host(other.number());
        let [a, b] = [one, other].map(|host| host.name().to_owned());
        self.losing(EventKind::Partition, one, detail, move |from, to| {
            (from == a && to == b) || (from == b && to == a)
        })
    }

    /// Loses every packet from one host to another, this way alone.
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
    ///     let _one_way = sim.net().block(&other, &one);
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert!(other.disk().exists("/received"), "the way there is open");
    /// }).unwrap();
    /// ```
    pub fn block(&self, from: &Host, to: &Host) -> RuleGuard {
        let detail = Detail::Host(to.number());
        let [a, b] = [from, to].map(|host| host.name().to_owned());
        self.losing(EventKind::Block, from, detail, move |from, to| {
            from == a && to == b
        })
    }

    /// Loses every packet to and from a host.
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
    ///     let _alone = sim.net().isolate(&one);
    ///     anyrt::sleep(Duration::from_secs(5)).await;
    ///     assert!(!other.disk().exists("/received"));
    /// }).unwrap();
    /// ```
    pub fn isolate(&self, host: &Host) -> RuleGuard {
        let name = host.name().to_owned();
        self.losing(EventKind::Isolate, host, Detail::None, move |from, to| {
            from == name || to == name
        })
    }
}

impl Shared {
    /// Notes whether there are rules, holds and limits, so that packets need no lock to learn it.
    pub(super) fn note_rules(&self, network: &Network) {
        let is_limited = self.config.bandwidth.is_some() || !network.bandwidths.is_empty();
        let has_rules = is_limited || !network.rules.list.is_empty() || !network.holds.is_empty();
        self.is_limited.store(is_limited, Ordering::Relaxed);
        self.has_rules.store(has_rules, Ordering::Relaxed);
    }

    /// Records that a rule began or ended, unless the run has ended.
    pub(super) fn record_rule(&self, kind: EventKind, host: HostId, id: u64, detail: Detail) {
        let now = self.now();
        let mut state = self.lock();
        if !state.ended {
            state.events.show(now, kind, host, id, detail);
        }
    }

    /// Applies the rules to a packet. They are foreign code, and called without a lock.
    pub(super) fn ask_rules(&self, transit: &Transit<'_>) -> Verdict {
        if !self.has_rules.load(Ordering::Relaxed) {
            return Verdict::Pass;
        }
        let mut rules = {
            let mut network = self.network();
            if network.rules.list.is_empty() {
                return Verdict::Pass;
            }
            mem::take(&mut network.rules.list)
        };
        let (from, to) = {
            let state = self.lock();
            (state.hosts.name(transit.from), state.hosts.name(transit.to))
        };
        let packet = Packet {
            from: &from,
            to: &to,
            source: transit.source,
            destination: transit.destination,
            content: transit.content,
            attempts: transit.attempts,
        };
        let mut choices = RuleChoices(self);
        let verdicts = rules.iter_mut();
        let verdict = verdicts
            .map(|rule| rule.rule.on_packet(&packet, &mut choices))
            .find(|verdict| *verdict != Verdict::Pass);
        let mut network = self.network();
        network.return_rules(rules);
        self.note_rules(&network);
        drop(network);
        verdict.unwrap_or(Verdict::Pass)
    }
}

impl Network {
    /// Returns the number of a new rule, hold or limit.
    pub(super) fn next_rule(&mut self) -> u64 {
        self.rules.count += 1;
        self.rules.count
    }

    /// Puts back the rules that were called, without those that have ended meanwhile.
    fn return_rules(&mut self, mut rules: Vec<Numbered>) {
        let ended = mem::take(&mut self.rules.ended);
        rules.retain(|rule| !ended.contains(&rule.id));
        rules.append(&mut self.rules.list);
        self.rules.list = rules;
    }
}

//! Rules of a test about the packets between hosts.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyrt_core::net::Address;

use super::Network;
use super::link::Transit;
use crate::choices::Purpose;
use crate::host::Host;
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
    pub fn below(&mut self, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        self.0.lock().draws.below(Purpose::Fault, n)
    }
}

/// The network of a simulation, from [`Simulation::net`].
#[derive(Clone, Debug)]
pub struct NetHandle(Arc<Shared>);

impl Simulation {
    /// Returns the network.
    pub fn net(&self) -> NetHandle {
        NetHandle(self.0.shared.clone())
    }
}

/// A rule in force: it ends when this is dropped.
#[must_use = "a rule ends when its guard is dropped"]
pub struct RuleGuard {
    shared: Arc<Shared>,
    id: u64,
}

impl RuleGuard {
    /// Keeps the rule until the end of the run.
    pub fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for RuleGuard {
    fn drop(&mut self) {
        let mut network = self.shared.network();
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

/// The numbers of rules. They are never seen by the program, so that runs may share them.
static NEXT_RULE: AtomicU64 = AtomicU64::new(1);

impl NetHandle {
    /// Adds a rule, which decides about each packet between different hosts. Rules are asked in the order in
    /// which they were added; the first that does not answer [`Verdict::Pass`] decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_sim::{Config, Content, Packet, RuleChoices, Simulation, Verdict};
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
        let id = NEXT_RULE.fetch_add(1, Ordering::Relaxed);
        let rule = Box::new(rule);
        let mut network = self.0.network();
        network.rules.list.push(Numbered { id, rule });
        self.0.note_rules(&network);
        drop(network);
        RuleGuard {
            shared: self.0.clone(),
            id,
        }
    }

    /// Loses every packet between two hosts, both ways.
    pub fn partition(&self, one: &Host, other: &Host) -> RuleGuard {
        let (one, other) = (one.name().to_owned(), other.name().to_owned());
        self.rule(move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| {
            let between = (packet.from == one && packet.to == other)
                || (packet.from == other && packet.to == one);
            if between {
                Verdict::Drop
            } else {
                Verdict::Pass
            }
        })
    }

    /// Loses every packet from one host to another, this way alone.
    pub fn block(&self, from: &Host, to: &Host) -> RuleGuard {
        let (from, to) = (from.name().to_owned(), to.name().to_owned());
        self.rule(move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| {
            if packet.from == from && packet.to == to {
                Verdict::Drop
            } else {
                Verdict::Pass
            }
        })
    }

    /// Loses every packet to and from a host.
    pub fn isolate(&self, host: &Host) -> RuleGuard {
        let host = host.name().to_owned();
        self.rule(move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| {
            if packet.from == host || packet.to == host {
                Verdict::Drop
            } else {
                Verdict::Pass
            }
        })
    }
}

impl Shared {
    /// Notes whether there are rules, so that packets need no lock to learn it.
    fn note_rules(&self, network: &Network) {
        let has_rules = !network.rules.list.is_empty();
        self.has_rules.store(has_rules, Ordering::Relaxed);
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
    /// Puts back the rules that were called, without those that have ended meanwhile.
    fn return_rules(&mut self, mut rules: Vec<Numbered>) {
        let ended = mem::take(&mut self.rules.ended);
        rules.retain(|rule| !ended.contains(&rule.id));
        rules.append(&mut self.rules.list);
        self.rules.list = rules;
    }
}

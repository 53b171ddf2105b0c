//! The hosts of a run.

use std::collections::BTreeMap;
#[cfg(all(feature = "process", unix))]
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::builder::Factory;
use super::{HostClock, HostId, Incarnation};
use crate::disk::Disk;
use crate::executor::Next;
#[cfg(all(feature = "process", unix))]
use crate::programs::ProgramState;

/// The hosts of a run, by number.
#[derive(Debug)]
pub(crate) struct Hosts {
    hosts: Vec<HostState>,
    by_name: BTreeMap<Arc<str>, HostId>,
    by_address: BTreeMap<IpAddr, HostId>,
}

/// A host, up or not.
struct HostState {
    name: Arc<str>,
    addresses: [IpAddr; 2],
    clock: HostClock,
    /// Its files, which outlive it. That of the main future is with its only incarnation.
    disk: Option<Arc<Disk>>,
    /// Whether the disk is that of another host, as for a program: it does not crash with this one.
    shares_disk: bool,
    /// `None` for the host of the main future, which cannot start again, and while it is called.
    factory: Option<Factory>,
    /// Its present incarnation, if it is up.
    up: Option<Arc<Incarnation>>,
    /// Whether it has crashed, and not started since: it answers nothing. A host whose main future has ended
    /// still refuses what it is sent.
    crashed: bool,
    /// What became ready while it is paused.
    held: Option<Vec<Next>>,
    /// The program that it is, if it is one.
    #[cfg(all(feature = "process", unix))]
    program: Option<Arc<ProgramState>>,
    /// The programs that it has started, and that are running.
    #[cfg(all(feature = "process", unix))]
    programs: BTreeSet<HostId>,
}

impl HostState {
    fn new(
        name: Arc<str>,
        addresses: [IpAddr; 2],
        clock: HostClock,
        factory: Option<Factory>,
    ) -> HostState {
        HostState {
            name,
            addresses,
            clock,
            disk: None,
            shares_disk: false,
            factory,
            up: None,
            crashed: false,
            held: None,
            #[cfg(all(feature = "process", unix))]
            program: None,
            #[cfg(all(feature = "process", unix))]
            programs: BTreeSet::new(),
        }
    }
}

impl Default for Hosts {
    fn default() -> Hosts {
        let (name, addresses): (Arc<str>, _) = ("main".into(), addresses(0, None));
        let mut by_name = BTreeMap::new();
        by_name.insert(name.clone(), 0);
        let mut by_address = BTreeMap::new();
        // One by one, since collecting sorts them in memory of its own.
        for ip in addresses {
            by_address.insert(ip, 0);
        }
        Hosts {
            by_name,
            by_address,
            hosts: vec![HostState::new(name, addresses, HostClock::default(), None)],
        }
    }
}

/// Returns the addresses of a host.
fn addresses(id: HostId, ip: Option<Ipv4Addr>) -> [IpAddr; 2] {
    // 10.0.0.1, 10.0.0.2 and so on, without those that end with 0 or 255.
    let [_, high, middle, low] = (id / 254 * 256 + id % 254 + 1).to_be_bytes();
    let v4 = ip.unwrap_or(Ipv4Addr::new(10, high, middle, low));
    let [first, second] = [(id + 1) >> 16, (id + 1) & 0xffff].map(|part| part as u16);
    [
        v4.into(),
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, first, second).into(),
    ]
}

impl Hosts {
    /// Adds a host. Returns its number and addresses, or a message that names what is taken.
    pub(crate) fn add(
        &mut self,
        name: Arc<str>,
        ip: Option<Ipv4Addr>,
        clock: HostClock,
        factory: Factory,
        disk: &Arc<Disk>,
    ) -> Result<(HostId, [IpAddr; 2]), String> {
        let id = self.hosts.len() as HostId;
        let addresses = addresses(id, ip);
        if self.named(&name).is_some() || &*name == "localhost" {
            return Err(format!("there is a host `{name}` already"));
        }
        if let Some(other) = self.at(addresses[0]) {
            let other = &self.hosts[other as usize].name;
            return Err(format!("{} is the address of host `{other}`", addresses[0]));
        }
        self.by_name.insert(name.clone(), id);
        for ip in addresses {
            self.by_address.insert(ip, id);
        }
        let host = HostState {
            disk: Some(disk.clone()),
            ..HostState::new(name, addresses, clock, Some(factory))
        };
        self.hosts.push(host);
        Ok((id, addresses))
    }

    /// Returns the number of the next host.
    #[cfg(all(feature = "process", unix))]
    pub(crate) fn next_id(&self) -> HostId {
        self.hosts.len() as HostId
    }

    /// Notes that a host is a program of another host.
    #[cfg(all(feature = "process", unix))]
    pub(crate) fn set_program(&mut self, program: Arc<ProgramState>) {
        self.host(program.parent).programs.insert(program.host);
        let host = self.host(program.host);
        host.shares_disk = true;
        host.program = Some(program);
    }

    /// Removes a host that is down from the programs of its parent. Returns its program, if it is one, and those
    /// that it has started and left behind.
    #[cfg(all(feature = "process", unix))]
    pub(crate) fn end_programs(
        &mut self,
        id: HostId,
    ) -> (Option<Arc<ProgramState>>, Vec<Arc<ProgramState>>) {
        let program = self.host(id).program.take();
        if let Some(program) = &program {
            self.host(program.parent).programs.remove(&id);
        }
        let left = self.hosts[id as usize].programs.iter();
        let left = left.filter_map(|&left| self.hosts[left as usize].program.clone());
        (program, left.collect())
    }

    /// Returns the names of the hosts that are programs and are running.
    #[cfg(all(feature = "process", unix))]
    pub(crate) fn running_programs(&self) -> Vec<String> {
        let programs = self.hosts.iter().filter(|host| host.program.is_some());
        programs.map(|host| host.name.to_string()).collect()
    }

    fn host(&mut self, id: HostId) -> &mut HostState {
        &mut self.hosts[id as usize]
    }

    /// Returns the addresses of the host with this name.
    #[cfg(feature = "net")]
    pub(crate) fn lookup(&self, name: &str) -> Option<[IpAddr; 2]> {
        Some(self.hosts[self.named(name)? as usize].addresses)
    }

    /// Returns the name of the host with this address.
    #[cfg(feature = "net")]
    pub(crate) fn name_at(&self, ip: IpAddr) -> Option<Arc<str>> {
        Some(self.name(self.at(ip)?))
    }

    /// Returns the host with this name.
    fn named(&self, name: &str) -> Option<HostId> {
        self.by_name.get(name).copied()
    }

    /// Returns the host with this address.
    pub(crate) fn at(&self, ip: IpAddr) -> Option<HostId> {
        self.by_address.get(&ip).copied()
    }

    #[cfg(feature = "net")]
    pub(crate) fn addresses(&self, id: HostId) -> [IpAddr; 2] {
        self.hosts[id as usize].addresses
    }

    pub(crate) fn name(&self, id: HostId) -> Arc<str> {
        self.hosts[id as usize].name.clone()
    }

    /// Returns whether a host answers what it is sent.
    #[cfg(feature = "net")]
    pub(crate) fn is_reachable(&self, id: HostId) -> bool {
        !self.hosts[id as usize].crashed
    }

    /// Returns whether the disk of a host crashes with it.
    pub(super) fn owns_disk(&self, id: HostId) -> bool {
        !self.hosts[id as usize].shares_disk
    }

    pub(super) fn set_crashed(&mut self, id: HostId) {
        self.host(id).crashed = true;
    }

    pub(crate) fn is_up(&self, id: HostId) -> bool {
        self.hosts[id as usize].up.is_some()
    }

    /// Returns the present incarnation of a host, if it is up.
    #[cfg(feature = "net")]
    pub(crate) fn incarnation(&self, id: HostId) -> Option<Arc<Incarnation>> {
        self.hosts[id as usize].up.clone()
    }

    pub(crate) fn set_up(&mut self, incarnation: &Arc<Incarnation>) {
        let host = self.host(incarnation.host);
        host.up = Some(incarnation.clone());
        host.crashed = false;
    }

    /// Notes that a host is down. Returns its incarnation, and what was held while it was paused.
    pub(super) fn set_down(&mut self, id: HostId) -> (Option<Arc<Incarnation>>, Option<Vec<Next>>) {
        let host = self.host(id);
        (host.up.take(), host.held.take())
    }

    pub(super) fn take_factory(&mut self, id: HostId) -> Option<(Factory, HostClock, Arc<Disk>)> {
        let host = self.host(id);
        let disk = host.disk.clone()?;
        Some((host.factory.take()?, host.clock, disk))
    }

    pub(super) fn put_factory(&mut self, id: HostId, factory: Factory) {
        self.host(id).factory = Some(factory);
    }

    /// Begins a pause of a host. Returns false if it is paused already.
    pub(super) fn pause(&mut self, id: HostId) -> bool {
        let held = &mut self.host(id).held;
        let is_new = held.is_none();
        held.get_or_insert_default();
        is_new
    }

    /// Ends the pause of a host. Returns what has become ready meanwhile, or `None` if it is not paused.
    pub(super) fn resume(&mut self, id: HostId) -> Option<Vec<Next>> {
        self.host(id).held.take()
    }

    /// Holds back what is ready on a host that is paused. Returns it otherwise.
    #[inline]
    pub(crate) fn hold_back(&mut self, next: Next) -> Option<Next> {
        if self.hosts.len() == 1 && self.hosts[0].held.is_none() {
            return Some(next);
        }
        let host = next.host();
        match &mut self.host(host).held {
            Some(held) => {
                held.push(next);
                None
            }
            None => Some(next),
        }
    }

    /// Takes everything of the hosts when the run is over, for a drop without the lock.
    pub(crate) fn take_all(&mut self) -> impl Sized + use<> {
        let take = |host: &mut HostState| (host.factory.take(), host.up.take(), host.held.take());
        self.hosts.iter_mut().map(take).collect::<Vec<_>>()
    }
}

impl fmt::Debug for HostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostState")
            .field("name", &self.name)
            .field("addresses", &self.addresses)
            .field("up", &self.up.is_some())
            .finish_non_exhaustive()
    }
}

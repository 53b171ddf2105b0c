//! Ports that are not in use: of the system, or of the simulated host.

use std::io;

use anyrt_core::testing;

use super::Sim;
use super::find::is_simulated;

pub(crate) fn free_tcp_port() -> io::Result<u16> {
    if is_simulated() {
        testing::free_tcp_port_of::<Sim>()
    } else {
        testing::free_tcp_port()
    }
}

pub(crate) fn free_udp_port() -> io::Result<u16> {
    if is_simulated() {
        testing::free_udp_port_of::<Sim>()
    } else {
        testing::free_udp_port()
    }
}

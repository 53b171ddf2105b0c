//! Deposits by datagrams, which are sent again until they are acknowledged.
//!
//! **Bug**: the server applies each datagram that arrives. One that the network doubles, or that is sent again
//! because its acknowledgement was lost, is applied twice. The correct version remembers the numbers of deposits.
//!
//! **Found by** seeds with `Faults::rough`, which has lost and doubled datagrams. Not by FIFO in a calm world.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use anyrt::move_on_after;
use anyrt::net::UdpSocket;

use crate::Version;
use crate::support::{PORT, lock, ms, simulation};

const DEPOSITS: u8 = 5;

/// Runs the program.
///
/// # Panics
///
/// If a deposit was applied twice or never.
pub async fn run(version: Version) {
    let balance = Arc::new(Mutex::new(0));
    let account = balance.clone();
    let server = simulation().host("server").start(move || {
        let account = account.clone();
        async move {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("the port is free");
            let mut applied = BTreeSet::new();
            loop {
                // An acknowledgement may have found no receiver, which is an error here.
                let Ok((deposit, from)) = socket.receive_from(10).await else {
                    continue;
                };
                if applied.insert(deposit[0]) || version.is_buggy() {
                    *lock(&account) += 10;
                }
                drop(socket.send_to(&deposit, from).await);
            }
        }
    });
    let server = SocketAddr::new(server.ip(), PORT);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free");
    for number in 0..DEPOSITS {
        loop {
            drop(socket.send_to(&[number], server).await);
            let acknowledged = move_on_after(ms(1000), async {
                // It may be the acknowledgement of an earlier deposit.
                while !matches!(socket.receive_from(10).await, Ok((bytes, _)) if bytes == [number])
                {
                }
            });
            if acknowledged.await.is_some() {
                break;
            }
        }
    }
    anyrt::sleep(ms(1000)).await;
    let balance = *lock(&balance);
    assert_eq!(
        balance,
        10 * u32::from(DEPOSITS),
        "a deposit was applied twice"
    );
}

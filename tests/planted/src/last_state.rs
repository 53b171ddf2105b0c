//! A sensor that sends its state by datagrams, and a display that shows the latest.
//!
//! **Bug**: the display shows what arrived last. Datagrams overtake each other: it can be an old state. The
//! correct version compares the numbers of the messages.
//!
//! **Found by** seeds with `Faults::rough`, where a datagram can take longer than the pause between two. Not by
//! FIFO in a calm world.

use std::net::{Ipv4Addr, SocketAddr};

use anyrt::move_on_after;
use anyrt::net::UdpSocket;

use crate::Version;
use crate::support::{PORT, ms, simulation};

/// Runs the program.
///
/// # Panics
///
/// If the state that is shown in the end is older than another that has arrived.
pub async fn run(version: Version) {
    let display = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("the port is free");
    simulation().host("sensor").start(|| async {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free");
        let display = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), PORT));
        for number in 1..=5_u8 {
            drop(socket.send_to(&[number], display).await);
            anyrt::sleep(ms(50)).await;
        }
    });
    let (mut shown, mut newest) = (0, 0);
    let watch = async {
        while let Ok((message, _)) = display.receive_from(10).await {
            let number = message[0];
            newest = number.max(newest);
            if version.is_buggy() || number > shown {
                shown = number;
            }
        }
    };
    move_on_after(ms(2000), watch).await;
    assert_eq!(shown, newest, "an old state is shown");
}

//! A client that sends questions to a server by datagrams, and goes on to the next question if no answer arrives in time.
//!
//! **Bug**: it takes the next datagram for the answer to its last question. It may be the late answer to an
//! earlier one. The correct version compares the number of the question, which the answer repeats.
//!
//! **Found by** seeds with `Faults::rough`, where an answer can be late. Not by FIFO in a calm world.

use std::net::{Ipv4Addr, SocketAddr};

use anyrt::move_on_after;
use anyrt::net::UdpSocket;

use crate::Version;
use crate::support::{PORT, ms, simulation};

/// Runs the program.
///
/// # Panics
///
/// If an answer is wrong.
pub async fn run(version: Version) {
    let server = simulation().host("server").start(|| async {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("the port is free");
        while let Ok((question, from)) = socket.receive_from(10).await {
            // The question, and its square.
            let square = question[0] * question[0];
            drop(socket.send_to(&[question[0], square], from).await);
        }
    });
    let server = SocketAddr::new(server.ip(), PORT);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free");
    for number in 1..=5_u8 {
        let sent = socket.send_to(&[number], server).await;
        // The server may not have started: then the next question fares better.
        if sent.is_err() {
            continue;
        }
        let answer = move_on_after(ms(100), async {
            loop {
                let (answer, _) = socket.receive_from(10).await.ok()?;
                if version.is_buggy() || answer[0] == number {
                    return Some(answer[1]);
                }
            }
        });
        if let Some(Some(square)) = answer.await {
            assert_eq!(square, number * number, "the answer to another question");
        }
    }
}

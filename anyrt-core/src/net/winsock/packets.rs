//! Receiving packets.
//!
//! Windows reports a packet that is longer than the buffer as an error, without its sender, and the rest is lost.
//! So the buffer of the call always has room for the longest packet: it is that of the caller, or one of the socket.
//!
//! A packet that reached a host but no socket makes a later call fail with `ConnectionReset`, even on a socket
//! without a peer. There, it says nothing about the sender of the next packet and is ignored.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::loom::{Mutex, lock};

/// The longest packet has less bytes.
const ROOM: usize = 65_536;

/// What a datagram socket needs to receive.
#[derive(Debug)]
pub(super) struct Packets {
    /// A duplicate of the socket, with the methods of the standard library.
    socket: UdpSocket,
    /// The room for a packet, if the buffer of a caller has less; empty until then.
    room: Mutex<Vec<u8>>,
}

impl Packets {
    /// Creates the state for a socket that does not block.
    pub(super) fn new(socket: &socket2::Socket) -> io::Result<Packets> {
        let socket = UdpSocket::from(socket.try_clone()?);
        socket.set_nonblocking(true)?;
        Ok(Packets {
            socket,
            room: Mutex::new(Vec::new()),
        })
    }

    /// Receives a packet of the only peer.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.receive_any(buffer) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            outcome => outcome.map(|(length, _)| length),
        }
    }

    /// Receives a packet of any peer.
    pub(super) fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        // Ends: each error stands for a packet that was sent, and is reported once.
        loop {
            match self.receive_any(buffer) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                outcome => return outcome,
            }
        }
    }

    fn receive_any(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        if buffer.len() >= ROOM {
            return self.socket.recv_from(buffer);
        }
        let mut room = lock(&self.room);
        room.resize(ROOM, 0);
        let (length, from) = self.socket.recv_from(&mut room)?;
        let length = length.min(buffer.len());
        buffer[..length].copy_from_slice(&room[..length]);
        Ok((length, from))
    }
}

use std::fmt;
use std::io;
use std::marker::PhantomData;

use super::packets::Packets;
use super::{ConnectedDatagramSocket, DatagramSocket};
use crate::net::Kind;
use crate::net::attributes::{provide_connected, provide_socket};
use crate::runtime::{Net, Socket, SocketOption};
use crate::stream::{Attributes, Demand};

/// What both kinds of sockets have.
macro_rules! common {
    ($($socket:ident: $provide:ident,)*) => { $(
        impl<R: Net, K: Kind> $socket<R, K> {
            /// The address of its own, with the port that it was given.
            ///
            /// # Errors
            ///
            /// [Closed](crate::stream::is_closed), or what the system says.
            pub fn local_addr(&self) -> io::Result<K::Address> {
                K::address(self.packets.socket()?.local_address()?)
            }

            /// Sets an option of the socket.
            ///
            /// # Errors
            ///
            /// [Closed](crate::stream::is_closed), or what the system says.
            pub fn set_option(&self, option: SocketOption) -> io::Result<()> {
                self.packets.socket()?.set_option(option)
            }

            /// Closes the socket for all who share it. Operations that wait fail as
            /// [closed](crate::stream::is_closed), and so do later ones. Closing it again is fine.
            ///
            /// The system's socket is closed when the last operation has failed, if there is one.
            pub fn close(&self) {
                self.packets.close();
            }

            pub(in crate::net) fn of(socket: R::Socket) -> $socket<R, K> {
                $socket {
                    packets: Packets::new(socket),
                    kind: PhantomData,
                }
            }
        }

        impl<R: Net, K: Kind> Attributes for $socket<R, K> {
            fn provide(&self, demand: &mut Demand<'_>) {
                if let Ok(socket) = self.packets.socket() {
                    $provide(&*socket, demand);
                }
            }
        }

        impl<R: Net, K: Kind> fmt::Debug for $socket<R, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($socket)).field(&self.packets).finish()
            }
        }
    )* };
}

common! {
    DatagramSocket: provide_socket,
    ConnectedDatagramSocket: provide_connected,
}

/// Refuses to receive nothing, which would throw a packet away.
pub(super) fn refuse_zero(max: usize) -> io::Result<()> {
    if max == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a packet needs room for one byte at least",
        ));
    }
    Ok(())
}

/// Keeps what was received. Packets may be kept: a small one does not occupy the room of the largest.
pub(super) fn cut(mut buffer: Vec<u8>, length: usize) -> Vec<u8> {
    buffer.truncate(length);
    if buffer.capacity() > 2 * length {
        buffer.shrink_to_fit();
    }
    buffer
}

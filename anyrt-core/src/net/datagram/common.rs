//! The methods and traits that both types of datagram sockets have.

use std::fmt;
use std::io;
use std::marker::PhantomData;

use super::packets::Packets;
use super::{ConnectedDatagramSocket, DatagramSocket};
use crate::net::Domain;
use crate::net::attributes::{provide_connected, provide_socket};
use crate::runtime::{Net, Socket, SocketOption};
use crate::stream::{Attributes, Request};

/// Implements the methods and traits that both types have.
macro_rules! common {
    ($($socket:ident: $provide:ident,)*) => { $(
        impl<R: Net, K: Domain> $socket<R, K> {
            /// Returns the local address, with the actual port if the system chose it.
            ///
            /// # Errors
            ///
            /// [Closed](crate::stream::is_closed), or the error of the operating system.
            ///
            /// # Examples
            ///
            /// ```
            /// use anyrt::net::UdpSocket;
            ///
            /// # anyrt::run(async {
            /// let socket = UdpSocket::bind(([127, 0, 0, 1], 0))?;
            /// assert_ne!(socket.local_addr()?.port(), 0);
            /// # Ok::<_, Box<dyn std::error::Error>>(())
            /// # }).unwrap();
            /// ```
            pub fn local_addr(&self) -> io::Result<K::Address> {
                K::address(self.packets.socket()?.local_address()?)
            }

            /// Sets an option of the socket.
            ///
            /// # Errors
            ///
            /// [Closed](crate::stream::is_closed), or the error of the operating system.
            ///
            /// # Examples
            ///
            /// ```
            /// use anyrt::net::{SocketOption, UdpSocket};
            ///
            /// # anyrt::run(async {
            /// let socket = UdpSocket::bind(([127, 0, 0, 1], 0))?;
            /// assert!(socket.set_option(SocketOption::Broadcast(true)).is_ok());
            /// # Ok::<_, Box<dyn std::error::Error>>(())
            /// # }).unwrap();
            /// ```
            pub fn set_option(&self, option: SocketOption) -> io::Result<()> {
                self.packets.socket()?.set_option(option)
            }

            /// Closes the socket for all tasks that share it. Pending and later operations fail with an error
            /// that [is closed](crate::stream::is_closed). Closing it again has no effect.
            ///
            /// The system's socket is closed when the last pending operation has failed.
            ///
            /// # Examples
            ///
            /// ```
            /// use anyrt::net::UdpSocket;
            /// use anyrt::stream::is_closed;
            ///
            /// # anyrt::run(async {
            /// let socket = UdpSocket::bind(([127, 0, 0, 1], 0))?;
            /// let close = async { socket.close() };
            /// let (received, ()) = anyrt::gather((socket.receive_from(100), close)).await;
            /// assert!(is_closed(&received.unwrap_err()));
            /// # Ok::<_, Box<dyn std::error::Error>>(())
            /// # }).unwrap();
            /// ```
            pub fn close(&self) {
                self.packets.close();
            }

            /// Creates a socket of this type from one whose kind was checked.
            pub(in crate::net) fn of(socket: R::Socket) -> $socket<R, K> {
                $socket {
                    packets: Packets::new(socket),
                    kind: PhantomData,
                }
            }
        }

        impl<R: Net, K: Domain> Attributes for $socket<R, K> {
            fn provide(&self, demand: &mut Request<'_>) {
                if let Ok(socket) = self.packets.socket() {
                    $provide(&*socket, demand);
                }
            }
        }

        impl<R: Net, K: Domain> fmt::Debug for $socket<R, K> {
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

//! Packets: UDP and Unix datagram sockets.

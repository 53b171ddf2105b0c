//! Connections keep to the contract of byte streams: ST-01 to ST-05, ST-07.

use anyrt_core::net::TcpStream;
use anyrt_core::runtime::{Enter, Net, Socket, SocketOption};
use anyrt_core::stream::StapledByteStream;
use anyrt_core::tls::TlsStream;
use futures_util::future::join;

use super::net_tools::tcp;
use super::tls_support::Authority;
use crate::check_byte_stream;
use crate::support::run;

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, NET-01: a TCP connection keeps to the contract.
pub fn tcp_streams_keep_the_contract<B: Enter<Runtime: Net>>(backend: &B) {
    run(backend, check_byte_stream(tcp::<B::Runtime>, narrow::<B>));
}

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, ST-14: the halves of a TCP connection keep to the contract,
/// stapled to those of another one.
pub fn halves_keep_the_contract<B: Enter<Runtime: Net>>(backend: &B) {
    let make = async || {
        let ((near, far), (other_near, other_far)) = (narrow::<B>().await, narrow::<B>().await);
        let ((send_there, _), (_, receive_there)) = (near.into_split(), far.into_split());
        let ((_, receive_back), (send_back, _)) = (other_near.into_split(), other_far.into_split());
        (
            StapledByteStream::new(send_there, receive_back),
            StapledByteStream::new(send_back, receive_there),
        )
    };
    run(backend, check_byte_stream(make, make));
}

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, ST-17: an encrypted connection keeps to the contract, too.
pub fn encrypted_tcp_streams_keep_the_contract<B: Enter<Runtime: Net>>(backend: &B) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    let encrypt = async |(near, far)| {
        let connect = TlsStream::connect(near, "host.example", &client);
        let (near, far) = join(connect, TlsStream::accept(far, &server)).await;
        (near.unwrap(), far.unwrap())
    };
    // With large buffers: the bytes are on their way when the sender is dropped.
    let check = check_byte_stream(
        async || encrypt(tcp::<B::Runtime>().await).await,
        async || encrypt(narrow::<B>().await).await,
    );
    run(backend, check);
}

/// Returns both ends of a connection that accepts few MiB before a sender has to wait.
async fn narrow<B: Enter<Runtime: Net>>() -> (TcpStream<B::Runtime>, TcpStream<B::Runtime>) {
    let (near, far) = tcp::<B::Runtime>().await;
    for end in [&near, &far] {
        for option in [SocketOption::SendBuffer, SocketOption::ReceiveBuffer] {
            end.socket().set_option(option(128 * 1024)).unwrap();
        }
    }
    (near, far)
}

anyrt_conformance_kit::cases! { net_contract: generic(Net) [Sockets],
    tcp_streams_keep_the_contract,
    halves_keep_the_contract,
    encrypted_tcp_streams_keep_the_contract,
}

//! A proxy, and both of its sides.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process;

use super::service::{PATIENCE, Service};
use super::{Folder, PROXY};

pub(crate) const ANY_PORT: &str = "127.0.0.1:0";

/// A server that the test plays, and a proxy to it.
pub(crate) struct Stage {
    pub(crate) target: TcpListener,
    pub(crate) proxy: Service,
}

impl Stage {
    pub(crate) fn new(backend: &str, args: &[&str]) -> Stage {
        let target = TcpListener::bind(own_address()).unwrap();
        let to = target.local_addr().unwrap().to_string();
        Stage {
            proxy: proxy(backend, &to, args),
            target,
        }
    }

    /// A connection through the proxy: the client's end, and the target's.
    pub(crate) fn connect(&self) -> (TcpStream, TcpStream) {
        (self.proxy.connect(), self.accept())
    }

    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.target.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// An address that nobody else connects to. On a busy machine there are tests of other programs that
/// try ports on which nobody listens any more, and may meet us there. Where the system has all of
/// 127.0.0.0/8, ours is another one.
fn own_address() -> SocketAddr {
    let [.., high, low] = process::id().to_be_bytes();
    let ip = match cfg!(target_os = "linux") {
        true => Ipv4Addr::new(127, 77, high, low),
        false => Ipv4Addr::LOCALHOST,
    };
    (ip, 0).into()
}

pub(crate) fn proxy(backend: &str, to: &str, args: &[&str]) -> Service {
    let folder = Folder::new();
    let mut command = PROXY.command(
        &folder,
        ["--backend", backend, "--listen", ANY_PORT, "--to", to],
    );
    Service::start({
        command.args(args).current_dir("/");
        command
    })
}

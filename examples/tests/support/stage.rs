//! A proxy, with a client and a target.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process;

use super::service::{PATIENCE, Service};
use super::{Folder, PROXY};

pub(crate) const ANY_PORT: &str = "127.0.0.1:0";

/// A target server inside the test, and a proxy to it.
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

    /// Opens a connection through the proxy, and returns the client's end and the target's.
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

/// Returns an address that no other program connects to. On a busy machine tests of other programs may
/// connect to ports without a listener, and could reach this one. Where the system has all of 127.0.0.0/8,
/// the address is a separate one.
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

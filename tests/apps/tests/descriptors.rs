//! A server that runs out of descriptors: in a separate process, because the limit applies to the process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream as System};
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::time::Duration;

use anyrt::net::{ListenerExt, ServeOptions, TcpListener, TcpStream};
use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt::{Backend, run_on, task_group};
use anyrt_apps::REAL;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

async fn echo(mut stream: TcpStream) {
    while let Ok(bytes) = stream.receive(100).await {
        if stream.send(&bytes).await.is_err() {
            break;
        }
    }
}

/// A limit that keeps the process from opening descriptors, until it is dropped.
struct Exhausted(Rlimit);

impl Exhausted {
    fn new() -> Exhausted {
        let before = getrlimit(Resource::Nofile);
        let lowest = fs::File::open("/dev/null").unwrap().as_raw_fd();
        let limit = Rlimit {
            current: Some(lowest.try_into().unwrap()),
            ..before
        };
        setrlimit(Resource::Nofile, limit).unwrap();
        assert!(fs::File::open("/dev/null").is_err(), "none is left");
        Exhausted(before)
    }
}

impl Drop for Exhausted {
    fn drop(&mut self) {
        setrlimit(Resource::Nofile, self.0).unwrap();
    }
}

/// Connects a client, which the system has answered although it has not accepted it yet.
fn connect(to: SocketAddr) -> System {
    let client = System::connect(to).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    client
}

fn ask(mut client: &System) {
    client.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

/// Checks that plain accepting reports the lack of descriptors, and the connection waits, and that serving
/// continues when there are some again (NET-21).
fn runs_out(backend: Backend) {
    let served = run_on(backend, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = connect(listener.local_addr().unwrap());
        let exhausted = Exhausted::new();
        let error = listener.accept().await.unwrap_err();
        assert!(error.to_string().contains("open files"), "{error}");
        drop(exhausted);
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());

        let client = connect(listener.local_addr().unwrap());
        let (told, errors) = mpsc::channel();
        let mut exhausted = Some(Exhausted::new());
        let options = ServeOptions::new().on_accept_error(move |error| {
            told.send(error.to_string()).unwrap();
        });
        let group = task_group(async |tg| -> io::Result<()> {
            tg.spawn(async move { options.serve(&listener, echo).await });
            let client = anyrt::to_thread::run(move || {
                for _ in 0..3 {
                    let error = errors.recv_timeout(Duration::from_secs(30)).unwrap();
                    assert!(error.contains("open files"), "{error}");
                }
                exhausted.take();
                ask(&client);
                client
            });
            drop(client.await);
            tg.cancel();
            Ok(())
        });
        group.await
    });
    drop(served);
}

/// Checks that a thousand connections that are cut off leave no descriptor behind (NET-20).
fn leaves_none_open(backend: Backend) {
    let open = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let done = run_on(backend, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let group = task_group(async |tg| -> io::Result<()> {
            tg.spawn(async move { listener.serve(echo).await });
            anyrt::to_thread::run(move || ask(&connect(address))).await;
            let before = open();
            anyrt::to_thread::run(move || {
                for round in 0..1000 {
                    let mut client = connect(address);
                    if round % 3 > 0 {
                        client.write_all(b"ping").unwrap();
                    }
                    if round % 3 > 1 {
                        client.read_exact(&mut [0; 4]).unwrap();
                    }
                }
                ask(&connect(address));
                for _ in 0..1000 {
                    if open() <= before {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            })
            .await;
            assert!(open() <= before, "{} were open, now {}", before, open());
            tg.cancel();
            Ok(())
        });
        group.await
    });
    drop(done);
}

// One after the other: they share the process.
#[test]
fn servers_live_through_a_lack_of_descriptors() {
    for backend in REAL {
        eprintln!("{backend:?}");
        runs_out(backend);
        leaves_none_open(backend);
    }
}

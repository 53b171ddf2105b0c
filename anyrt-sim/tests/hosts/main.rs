//! Hosts: crashes, restarts, pauses, clocks and partitions.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod links;
mod network;

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::net::{Listener, TcpStream, connect_tcp, listen_tcp};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::time::{now, sleep};
use anyrt_sim::{Config, Sim, Simulation};

fn sim() -> Simulation {
    Simulation::current().expect("this is a simulation")
}

const SECOND: Duration = Duration::from_secs(1);

/// Echoes what it receives, one connection after another.
async fn echo() {
    let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await.unwrap();
    while let Ok(mut stream) = listener.accept().await {
        while let Ok(bytes) = stream.receive(1000).await {
            if stream.send(&bytes).await.is_err() {
                break;
            }
        }
    }
}

/// Connects to the host `server`, which may not listen yet.
async fn connect() -> TcpStream<Sim> {
    loop {
        match connect_tcp::<Sim>("server", 7).await {
            Ok(stream) => return stream,
            Err(_) => sleep::<Sim>(SECOND).await,
        }
    }
}

async fn exchange(stream: &mut TcpStream<Sim>, word: &[u8]) -> io::Result<Vec<u8>> {
    stream.send(word).await?;
    Ok(stream.receive(1000).await?.to_vec())
}

#[test]
fn a_crash_is_silent_and_a_restart_resets() {
    let starts = Arc::new(AtomicU32::new(0));
    let counted = starts.clone();
    let outcome = Config::new(3).run(async {
        let server = sim().host("server").start(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            echo()
        });
        let mut stream = connect().await;
        exchange(&mut stream, b"before").await.unwrap();
        server.crash().await;
        assert!(!server.is_up());
        let crashed = now::<Sim>();
        // Nothing tells the client: it waits until the connection is given up.
        let error = exchange(&mut stream, b"into the void").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(now::<Sim>() - crashed >= 60 * SECOND);
        server.restart().await;
        assert!(server.is_up());
        let mut stream = connect().await;
        exchange(&mut stream, b"after").await.unwrap();
        server.restart().await;
        let error = exchange(&mut stream, b"to a stranger").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
    outcome.unwrap();
    assert_eq!(starts.load(Ordering::Relaxed), 3);
}

/// Adds its name to a list when it is dropped, and tries to do more.
struct LastWords(Arc<Mutex<Vec<&'static str>>>);

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("dropped");
        let said = self.0.clone();
        if let Ok(run) = anyrt_core::task::RunHandle::<Sim>::current() {
            drop(run.spawn(async move { said.lock().unwrap().push("spawned") }));
        }
    }
}

#[test]
fn destructors_of_a_crashed_host_have_no_effect() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let words = said.clone();
    let outcome = Config::new(5).run(async {
        let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 9).await.unwrap();
        let client = sim().host("client").start(move || {
            let words = LastWords(words.clone());
            async move {
                let mut stream = connect_tcp::<Sim>("main", 9).await.unwrap();
                let _words = words;
                stream.send(b"hello").await.unwrap();
                sleep::<Sim>(1000 * SECOND).await;
                stream.send_eof().await.unwrap();
            }
        });
        let mut stream = listener.accept().await.unwrap();
        assert_eq!(stream.receive(100).await.unwrap(), b"hello");
        client.crash().await;
        // The end of the stream would arrive if the destructor of the socket had an effect.
        let more = anyrt_core::cancel::move_on_after::<Sim, _>(600 * SECOND, stream.receive(100));
        assert!(more.await.is_none());
        sleep::<Sim>(SECOND).await;
    });
    outcome.unwrap();
    assert_eq!(*said.lock().unwrap(), ["dropped"]);
}

#[test]
fn a_paused_host_does_nothing_and_loses_nothing() {
    let outcome = Config::new(4).run(async {
        let server = sim().host("server").start(echo);
        let mut stream = connect().await;
        server.pause();
        stream.send(b"later").await.unwrap();
        let early = anyrt_core::cancel::move_on_after::<Sim, _>(30 * SECOND, stream.receive(100));
        assert!(early.await.is_none());
        server.resume();
        assert_eq!(stream.receive(100).await.unwrap(), b"later");
    });
    outcome.unwrap();
}

#[test]
fn clocks_are_skewed_and_drift() {
    let outcome = Config::new(4).run(async {
        let times = Arc::new(Mutex::new(Vec::new()));
        let inside = times.clone();
        let start = now::<Sim>();
        // A clock that gains a tenth, and is ahead by a minute.
        let _fast = sim()
            .host("fast")
            .skew(60 * SECOND)
            .drift(100_000)
            .start(move || {
                let inside = inside.clone();
                async move {
                    let begun = now::<Sim>();
                    sleep::<Sim>(110 * SECOND).await;
                    inside.lock().unwrap().extend([begun, now::<Sim>()]);
                }
            });
        sleep::<Sim>(100 * SECOND + SECOND / 1000).await;
        let times = times.lock().unwrap().clone();
        assert_eq!(times.len(), 2, "110 seconds there are 100 here");
        assert!(times[0] - start >= 60 * SECOND && times[0] - start < 61 * SECOND);
        assert!(times[1] - times[0] >= 110 * SECOND);
    });
    outcome.unwrap();
}

#[test]
fn a_host_can_crash_itself() {
    let outcome = Config::new(4).run(async {
        let slot = Arc::new(Mutex::new(None::<anyrt_sim::Host>));
        let own = slot.clone();
        let host = sim().host("victim").start(move || {
            let own = own.clone();
            async move {
                let host = own.lock().unwrap().clone().unwrap();
                host.crash().await;
                unreachable!("it has crashed");
            }
        });
        *slot.lock().unwrap() = Some(host.clone());
        sleep::<Sim>(SECOND).await;
        assert!(!host.is_up());
    });
    outcome.unwrap();
}

#[test]
#[should_panic(expected = "there is a host `twin` already")]
fn names_are_given_once() {
    Config::new(4)
        .run(async {
            sim().host("twin").start(|| async {});
            sim().host("twin").start(|| async {});
        })
        .unwrap();
}

#[test]
fn a_function_on_a_thread_does_not_outlive_the_crash_of_its_host() {
    let steps = Arc::new(AtomicU32::new(0));
    let count = steps.clone();
    let outcome = Config::new(6).run(async move {
        let host = sim().host("worker").start(move || {
            let count = count.clone();
            anyrt_core::thread::to_thread::run::<Sim, _, _>(move || {
                loop {
                    count.fetch_add(1, Ordering::Relaxed);
                    let pause = sleep::<Sim>(SECOND);
                    if anyrt_core::thread::from_thread::run(pause).is_err() {
                        return;
                    }
                }
            })
        });
        sleep::<Sim>(10 * SECOND).await;
        host.crash().await;
        sleep::<Sim>(10 * SECOND).await;
    });
    outcome.unwrap();
    let steps = steps.load(Ordering::Relaxed);
    assert!((9..=11).contains(&steps), "{steps}");
}

#[test]
fn a_host_that_has_ended_still_answers() {
    let outcome = Config::new(6).run(async {
        sim().host("server").start(|| async {
            let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await.unwrap();
            listener.accept().await.unwrap().send(b"bye").await.unwrap();
        });
        let mut stream = connect().await;
        assert_eq!(stream.receive(10).await.unwrap(), b"bye");
        sleep::<Sim>(SECOND).await;
        let start = now::<Sim>();
        let error = connect_tcp::<Sim>("server", 7).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        // The first is answered by a reset, which a later one finds.
        while stream.send(b"are you there?").await.is_ok() {
            sleep::<Sim>(SECOND).await;
        }
        assert!(now::<Sim>() - start < 10 * SECOND);
    });
    outcome.unwrap();
}

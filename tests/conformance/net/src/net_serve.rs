//! Serving: handlers, cancelling, several listeners.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::net::{
    BoxListener, Ip, LocalAddress, MultiListener, ServeOptions, TcpListener, TcpStream,
};
use anyrt_core::runtime::Net;
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, is_end_of_stream,
};
use anyrt_core::task::{current, task_group};
use futures_util::future::join;

use super::net_tools::{ANY, connect, families, listen};
use crate::erased::{Backend, R};
use crate::support::{Gate, Log, OnDrop, catch, panic_quietly, run, until, yields};

/// NET-20: each connection has a handler, and handlers run concurrently; a connection is closed when its
/// handler has ended.
pub fn each_connection_has_a_handler(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let all_here = Gate::new();
        let arrived = Arc::new(AtomicUsize::new(0));
        let group = task_group::<R, io::Error, _, _>(async |tg| {
            let (gate, count) = (all_here.clone(), arrived.clone());
            tg.spawn(async move {
                let handler = move |mut stream: TcpStream<R>| {
                    let (gate, count) = (gate.clone(), count.clone());
                    async move {
                        if count.fetch_add(1, Ordering::SeqCst) == 2 {
                            gate.open();
                        }
                        gate.opened().await;
                        let request = stream.receive(10).await.unwrap();
                        stream.send(&request).await.unwrap();
                    }
                };
                ServeOptions::new()
                    .serve::<R, _, _, _>(&listener, handler)
                    .await
            });
            let mut clients = Vec::new();
            for number in 0..3 {
                clients.push(tg.spawn(async move {
                    let mut client = connect::<R, Ip>(address).await?;
                    client.send(&[number]).await?;
                    assert_eq!(client.receive(10).await?, [number]);
                    assert!(is_end_of_stream(&client.receive(10).await.unwrap_err()));
                    Ok(())
                }));
            }
            for client in clients {
                client.value().await;
            }
            tg.cancel();
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(arrived.load(Ordering::SeqCst), 3);
    });
}

/// NET-20: cancelling the server cancels the handlers, and waits for their clean-up.
pub fn cancelling_a_server_cancels_its_handlers(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let (log, both) = (Log::new(), Gate::new());
        let handler = |stream: TcpStream<R>| {
            let (log, both) = (log.clone(), both.clone());
            async move {
                log.add("begun");
                if log.count("begun") == 2 {
                    both.open();
                }
                let body = async {
                    let _stream = stream;
                    anyrt_core::time::sleep_forever().await;
                };
                finally(body, async || {
                    checkpoint().await;
                    log.add("cleaned up");
                })
                .await;
            }
        };
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let options = ServeOptions::new();
        let serve = scope.run(options.serve::<R, _, _, _>(&listener, handler));
        let clients = async {
            let mut one = connect::<R, Ip>(address).await.unwrap();
            let mut two = connect::<R, Ip>(address).await.unwrap();
            both.opened().await;
            handle.cancel();
            // The connections of the handlers are closed.
            one.receive(1).await.unwrap_err();
            two.receive(1).await.unwrap_err();
        };
        let (served, ()) = join(serve, clients).await;
        served.unwrap_err();
        assert_eq!(log.count("cleaned up"), 2);
        // The listener still accepts.
        let client = connect::<R, Ip>(address).await.unwrap();
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    });
}

/// NET-20, G1: with handlers in a group of the caller, cancelling stops only the accepting; the connections
/// stay open, and the group waits for them.
pub fn handlers_can_outlive_their_server(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let log = Log::new();
        let group = task_group::<R, io::Error, _, _>(async |tg| {
            let begun = Gate::new();
            let (there, seen) = (begun.clone(), log.clone());
            let handler = move |mut stream: TcpStream<R>| {
                let (there, seen) = (there.clone(), seen.clone());
                async move {
                    there.open();
                    let request = stream.receive(10).await?;
                    stream.send(&request).await?;
                    seen.add("answered");
                    Ok::<_, io::Error>(())
                }
            };
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let serve = scope.run(ServeOptions::new().serve_in(&tg, &listener, handler));
            let client = async {
                let client = connect::<R, Ip>(address).await.unwrap();
                begun.opened().await;
                handle.cancel();
                client
            };
            let (served, mut client) = join(serve, client).await;
            served.unwrap_err();
            drop(listener);
            client.send(b"late").await?;
            assert_eq!(client.receive(10).await?, b"late");
            Ok(())
        });
        group.await.unwrap();
        assert!(log.has("answered"));
    });
}

/// NET-20, G4: a panic of a handler cancels the others, and continues where the server is awaited.
pub fn a_panic_of_a_handler_continues_in_the_server(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let log = Log::new();
        let handler = |mut stream: TcpStream<R>| {
            let guard = log.on_drop("gone");
            async move {
                let _guard = guard;
                stream.receive(1).await.unwrap();
                panic_quietly("handler");
            }
        };
        let options = ServeOptions::new();
        let serve = catch(options.serve::<R, _, _, _>(&listener, handler));
        let clients = async {
            let idle = connect::<R, Ip>(address).await.unwrap();
            let mut bad = connect::<R, Ip>(address).await.unwrap();
            bad.send(b"x").await.unwrap();
            (idle, bad)
        };
        let (served, _clients) = join(serve, clients).await;
        assert_eq!(served.unwrap_err(), "handler");
        assert_eq!(log.count("gone"), 2);
    });
}

/// NET-20: handlers are named after the place where they are served.
pub fn handlers_are_named_after_the_server(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let handler = |stream| {
            let (log, handle) = (log.clone(), handle.clone());
            async move {
                drop::<TcpStream<R>>(stream);
                log.add(&*current().unwrap().name());
                handle.cancel();
            }
        };
        let serve = scope.run(ServeOptions::new().serve::<R, _, _, _>(&listener, handler));
        let (_served, _client) = join(serve, connect::<R, Ip>(address)).await;
        let name = &log.entries()[0];
        assert!(name.contains("net_serve.rs"), "{name}");
    });
}

/// NET-22: several listeners are served as one, whichever address a client connects to, and are closed as
/// one.
pub fn several_listeners_are_served_as_one(backend: &Backend) {
    run(backend, async {
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for family in families::<R>() {
            let listener = TcpListener::<R>::bind((family, 0)).unwrap();
            addresses.push(listener.local_addr().unwrap());
            listeners.push(BoxListener::new(listener));
        }
        let last = TcpListener::<R>::bind(ANY).unwrap();
        addresses.push(last.local_addr().unwrap());
        listeners.push(BoxListener::new(last));
        let listener = MultiListener::new(listeners);
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let handler = |mut stream: Box<dyn ByteStream>| async move {
            let own = stream.attribute::<LocalAddress>().unwrap().to_string();
            stream.send(own.as_bytes()).await.unwrap();
        };
        let serve = scope.run(ServeOptions::new().serve::<R, _, _, _>(&listener, handler));
        let clients = async {
            for _ in 0..3 {
                for address in &addresses {
                    let mut client = connect::<R, Ip>(*address).await.unwrap();
                    let own = client.receive(100).await.unwrap();
                    assert_eq!(own, address.to_string().as_bytes());
                }
            }
            handle.cancel();
        };
        join(serve, clients).await.0.unwrap_err();
        listener.close();
        for address in addresses {
            let error = connect::<R, Ip>(address).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    });
}

/// NET-22: no listener is preferred: one with many connections does not starve the others.
pub fn no_listener_is_preferred(backend: &Backend) {
    use anyrt_core::net::Listener;
    run(backend, async {
        let (busy, busy_address) = listen::<R>();
        let (quiet, quiet_address) = listen::<R>();
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(connect::<R, Ip>(busy_address).await.unwrap());
        }
        clients.push(connect::<R, Ip>(quiet_address).await.unwrap());
        let listener = MultiListener::new([busy, quiet]);
        let mut order = Vec::new();
        for _ in 0..6 {
            order.push(listener.accept().await.unwrap().local_addr().unwrap());
        }
        let place = order.iter().position(|own| *own == quiet_address);
        assert!(place.unwrap() < 3, "{order:?}");
    });
}

/// NET-20, NET-21: a thousand connections that open and close at random leave no task behind, and each is
/// closed; the server continues.
pub fn a_thousand_connections_leave_nothing_behind(backend: &Backend) {
    const CLIENTS: u64 = 1000;
    run(backend, async {
        let (listener, address) = listen::<R>();
        let living = Arc::new(AtomicUsize::new(0));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let count = living.clone();
            let server = tg.spawn(async move {
                let handler = move |mut stream: TcpStream<R>| {
                    count.fetch_add(1, Ordering::SeqCst);
                    let count = count.clone();
                    let counted = OnDrop::new(move || {
                        count.fetch_sub(1, Ordering::SeqCst);
                    });
                    async move {
                        let _counted = counted;
                        while let Ok(bytes) = stream.receive(100).await {
                            if stream.send(&bytes).await.is_err() {
                                break;
                            }
                        }
                    }
                };
                let options = ServeOptions::new();
                drop(options.serve::<R, _, _, _>(&listener, handler).await);
                Ok(())
            });
            let mut clients = Vec::new();
            for number in 0..CLIENTS {
                clients.push(tg.spawn(client::<R>(address, number)));
                // Not all at once: each needs two descriptors.
                if clients.len() == 50 {
                    for client in clients.drain(..) {
                        client.value().await;
                    }
                }
            }
            for client in clients {
                client.value().await;
            }
            until(|| living.load(Ordering::SeqCst) == 0).await;
            // The server still accepts.
            let mut last = connect::<R, Ip>(address).await.unwrap();
            last.send(b"hello").await.unwrap();
            assert_eq!(last.receive(100).await.unwrap(), b"hello");
            server.cancel();
            last.receive(100).await.unwrap_err();
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(living.load(Ordering::SeqCst), 0);
    });
}

async fn client<R: Net>(address: std::net::SocketAddr, number: u64) -> Result<(), Infallible> {
    // A small generator, so that the behaviour depends on the number alone.
    let mut chance = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let mut below = |end: u64| {
        let value = chance % end;
        chance /= end;
        value
    };
    let mut stream = connect::<R, Ip>(address).await.unwrap();
    yields(below(5) as usize).await;
    for _ in 0..below(4) {
        stream.send(b"hello").await.unwrap();
        if below(2) == 0 {
            stream.receive(100).await.unwrap();
        }
    }
    // Closing with unread answers makes it a reset.
    if below(2) == 0 {
        stream.send_eof().await.unwrap();
        while stream.receive(100).await.is_ok() {}
    }
    Ok(())
}

anyrt_conformance_kit::cases! { net_serve: erased [Sockets],
    each_connection_has_a_handler,
    cancelling_a_server_cancels_its_handlers,
    handlers_can_outlive_their_server: [whole_transfers],
    a_panic_of_a_handler_continues_in_the_server,
    handlers_are_named_after_the_server,
    several_listeners_are_served_as_one: [whole_transfers],
    no_listener_is_preferred,
    a_thousand_connections_leave_nothing_behind: [whole_transfers],
}

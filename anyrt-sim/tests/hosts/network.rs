//! What is sent between hosts, and rules about it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyrt_core::net::{Listener, UdpSocket, connect_tcp, listen_tcp};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::time::{now, sleep};
use anyrt_sim::{
    Config, Content, Event, EventKind, Faults, Packet, Policy, RuleChoices, Sim, Verdict,
};

use super::{SECOND, connect, echo, exchange, sim};

#[test]
fn hosts_reach_each_other_by_name_and_address() {
    for seed in 0..20 {
        let outcome = Config::new(seed).run(async {
            let server = sim().host("server").start(echo);
            let mut stream = connect().await;
            assert_eq!(exchange(&mut stream, b"by name").await.unwrap(), b"by name");
            for ip in server.addresses() {
                let mut stream = connect_tcp::<Sim>(&ip.to_string(), 7).await;
                // The server listens on IPv4 alone.
                assert_eq!(stream.is_ok(), ip.is_ipv4(), "{ip}");
                if let Ok(stream) = &mut stream {
                    drop(exchange(stream, b"x"));
                }
            }
        });
        outcome.unwrap();
    }
}

#[test]
fn a_partition_delays_streams_and_ends_with_its_guard() {
    let outcome = Config::new(1).run(async {
        let server = sim().host("server").start(echo);
        let client = sim().host("client").start(|| async {
            let mut stream = connect().await;
            for _ in 0..10 {
                exchange(&mut stream, b"ping").await.unwrap();
                sim().note("pong");
                sleep::<Sim>(SECOND).await;
            }
        });
        sleep::<Sim>(3 * SECOND).await;
        let partition = sim().net().partition(&server, &client);
        sleep::<Sim>(20 * SECOND).await;
        drop(partition);
        // The tenth second of the client comes when the partition is over.
        while client.is_up() {
            sleep::<Sim>(SECOND).await;
        }
        sim().clock().elapsed()
    });
    let elapsed = outcome.unwrap();
    assert!(
        elapsed > 25 * SECOND && elapsed < 60 * SECOND,
        "{elapsed:?}"
    );
}

#[test]
fn a_rule_sees_packets_and_decides() {
    let seen = Arc::new(AtomicU32::new(0));
    let count = seen.clone();
    let outcome = Config::new(2).run(async move {
        let _server = sim().host("server").start(echo);
        let _rule = sim()
            .net()
            .rule(
                move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| match packet.content {
                    Content::Data(b"slow") => {
                        count.fetch_add(1, Ordering::Relaxed);
                        Verdict::Delay(5 * SECOND)
                    }
                    _ => Verdict::Pass,
                },
            );
        let mut stream = connect().await;
        let start = now::<Sim>();
        exchange(&mut stream, b"fast").await.unwrap();
        assert!(now::<Sim>() - start < SECOND);
        exchange(&mut stream, b"slow").await.unwrap();
        assert!(now::<Sim>() - start >= 10 * SECOND);
    });
    outcome.unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[test]
fn an_unknown_host_is_an_error() {
    let outcome = Config::new(4).run(async {
        let error = connect_tcp::<Sim>("nowhere", 7).await.unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
        let error = connect_tcp::<Sim>("10.9.9.9", 7).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::HostUnreachable, "{error}");
    });
    outcome.unwrap();
}

#[test]
fn seeds_decide_everything_with_faults_too() {
    let world = |config: Config| {
        config
            .faults(Faults::hostile())
            .keep_events(true)
            .run(async {
                let server = sim().host("server").start(echo);
                for number in 0..3 {
                    let name = format!("client {number}");
                    sim().host(&name).start(move || async move {
                        let mut stream = connect().await;
                        for round in 0..5_u8 {
                            if exchange(&mut stream, &[number, round]).await.is_err() {
                                stream = connect().await;
                            }
                        }
                    });
                }
                sleep::<Sim>(Duration::from_millis(40)).await;
                server.restart().await;
                sleep::<Sim>(100 * SECOND).await;
            })
    };
    let (mut hashes, mut faults) = (Vec::new(), 0);
    for seed in 0..30 {
        let (one, other) = (world(Config::new(seed)), world(Config::new(seed)));
        assert_eq!(one.events, other.events, "seed {seed}");
        assert!(one.result.is_ok(), "{one:?}");
        let is_fault = |event: &anyrt_sim::Event| event.kind == EventKind::Fault;
        faults += one.events.iter().filter(is_fault).count();
        hashes.push(one.hash);
        // The list of draws repeats the run, faults and all.
        let policy = Policy::Replay(one.choices);
        assert_eq!(world(Config::new(0).policy(policy)).hash, one.hash);
    }
    assert!(faults > 30, "{faults} faults");
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 30);
}

#[test]
fn a_rule_that_lets_everything_pass_changes_nothing() {
    // Without faults and rules, the packets of streams take a shorter path through the simulation.
    let world = |seed: u64, short_transfers: u32, has_rule: bool| {
        let mut faults = Faults::calm();
        faults.short_transfers = short_transfers;
        let config = Config::new(seed).faults(faults).keep_events(true);
        config.run(async move {
            let rule = |_: &Packet<'_>, _: &mut RuleChoices<'_>| Verdict::Pass;
            let _rule = has_rule.then(|| sim().net().rule(rule));
            let server = sim().host("server").start(echo);
            sim().host("client").start(|| async {
                let mut stream = connect().await;
                for round in 0..20_u8 {
                    if exchange(&mut stream, &[round; 100]).await.is_err() {
                        stream = connect().await;
                    }
                }
            });
            sleep::<Sim>(Duration::from_millis(40)).await;
            server.crash().await;
            sleep::<Sim>(SECOND).await;
            server.restart().await;
            sleep::<Sim>(100 * SECOND).await;
        })
    };
    for seed in 0..20 {
        for short_transfers in [0, 300] {
            let [one, other] = [false, true].map(|rule| world(seed, short_transfers, rule));
            assert!(one.result.is_ok(), "{one:?}");
            assert!(one.stats.packets > 40, "{one:?}");
            assert_eq!(one.hash, other.hash, "seed {seed}");
            // The rule itself is listed, without a part in the hash.
            let is_rule =
                |event: &Event| matches!(event.kind, EventKind::Rule | EventKind::RuleEnd);
            let others = other.events.iter().filter(|event| !is_rule(event));
            assert!(one.events.iter().eq(others), "seed {seed}");
        }
    }
}

/// Checks that bytes arrive in the order in which they were sent, also while segments are lost before others that
/// are on their way.
#[test]
fn bytes_stay_in_order_on_a_bad_day() {
    for faults in [Faults::rough(), Faults::hostile()] {
        for seed in 0..300 {
            let outcome = Config::new(seed).faults(faults.clone()).run(async {
                sim().host("server").start(|| async {
                    let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await.unwrap();
                    let mut stream = listener.accept().await.unwrap();
                    for byte in 0..50_u8 {
                        // The connection may be given up.
                        drop(stream.send(&[byte]).await);
                    }
                });
                let mut stream = connect().await;
                let mut received = Vec::new();
                while let Ok(bytes) = stream.receive(10).await {
                    received.extend(bytes);
                }
                received
            });
            let received = outcome.unwrap();
            assert!(
                received.iter().copied().eq(0..received.len() as u8),
                "seed {seed}: {received:?}"
            );
        }
    }
}

/// Checks that a packet from a socket that is bound to the unspecified address can be answered.
#[test]
fn the_source_of_a_packet_is_an_address_of_its_host() {
    let outcome = Config::new(1).run(async {
        let server = sim().host("server").start(|| async {
            let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 7)).unwrap();
            loop {
                let (packet, from) = socket.receive_from(100).await.unwrap();
                socket.send_to(&packet, from).await.unwrap();
            }
        });
        sleep::<Sim>(SECOND).await;
        let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let to = SocketAddr::new(server.ip(), 7);
        socket.send_to(b"hello", to).await.unwrap();
        assert_eq!(
            socket.receive_from(100).await.unwrap(),
            (b"hello".to_vec(), to)
        );
        // On the same host, the source is what the packet was sent to.
        let own = socket.local_addr().unwrap().port();
        for ip in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1)] {
            let to = SocketAddr::from((ip, own));
            socket.send_to(b"x", to).await.unwrap();
            assert_eq!(socket.receive_from(100).await.unwrap().1, to);
        }
    });
    outcome.unwrap();
}

#[test]
fn streams_and_datagrams_have_ports_of_their_own() {
    let outcome = Config::new(1).run(async {
        let _listener = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await.unwrap();
        let _socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 7)).unwrap();
        let twice = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 7)).unwrap_err();
        assert_eq!(twice.kind(), io::ErrorKind::AddrInUse);
        let twice = listen_tcp::<Sim>(Some("0.0.0.0"), 7).await.unwrap_err();
        assert_eq!(twice.kind(), io::ErrorKind::AddrInUse);
    });
    outcome.unwrap();
}

//! Packets that are held back, and links with a limited bandwidth.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyrt_core::net::{Listener, UdpSocket, connect_tcp, listen_tcp, lookup};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::time::{now, sleep};
use anyrt_sim::{Config, EventKind, Faults, Host, Outcome, Sim};

use super::{SECOND, connect, echo, exchange, sim};

/// Waits until a host has ended.
async fn ended(host: &Host) {
    // It is up after the next step.
    sleep::<Sim>(Duration::from_millis(1)).await;
    while host.is_up() {
        sleep::<Sim>(Duration::from_millis(1)).await;
    }
}

/// Starts a host that exchanges words with the server, and notes each.
fn start_client(name: &str, rounds: u8) -> Host {
    sim().host(name).start(move || async move {
        let mut stream = connect().await;
        for round in 0..rounds {
            assert_eq!(exchange(&mut stream, &[round]).await.unwrap(), [round]);
            sim().note(round);
            sleep::<Sim>(SECOND).await;
        }
    })
}

/// A stream that is held for longer than a connection lives whose packets are lost.
fn held_for_long(faults: Faults, seed: u64) -> Outcome<Duration> {
    let config = Config::new(seed).faults(faults).keep_events(true);
    config.run(async {
        let server = sim().host("server").start(echo);
        let client = start_client("client", 5);
        sleep::<Sim>(2 * SECOND).await;
        let hold = sim().net().hold(&server, &client);
        sleep::<Sim>(500 * SECOND).await;
        assert!(client.is_up());
        assert!(hold.waiting() > 0);
        hold.release();
        ended(&client).await;
        sim().clock().elapsed()
    })
}

#[test]
fn a_stream_outlives_a_long_hold() {
    for (faults, seeds) in [(Faults::calm(), 0..5), (Faults::rough(), 0..50)] {
        for seed in seeds {
            let [one, other] = [0; 2].map(|_| held_for_long(faults.clone(), seed));
            assert_eq!(one.events, other.events, "seed {seed}");
            let events = one.events.clone();
            let kinds = events.iter().map(|event| event.kind);
            assert_eq!(kinds.filter(|kind| *kind == EventKind::Hold).count(), 1);
            let elapsed = one.result.unwrap();
            assert!(elapsed > 502 * SECOND, "seed {seed}: {elapsed:?}");
            assert!(elapsed < 530 * SECOND, "seed {seed}: {elapsed:?}");
        }
    }
}

#[test]
fn a_hold_concerns_its_two_hosts_alone() {
    let outcome = Config::new(1).run(async {
        let server = sim().host("server").start(echo);
        let held = sim().host("held").start(|| async {
            sleep::<Sim>(SECOND).await;
            drop(connect().await);
        });
        let hold = sim().net().hold(&held, &server);
        let mut stream = connect().await;
        exchange(&mut stream, b"free").await.unwrap();
        drop(stream);
        sleep::<Sim>(10 * SECOND).await;
        // The requests for the connection, by either version of IP.
        assert_eq!(hold.waiting(), 2);
        assert!(held.is_up());
        drop(hold);
        ended(&held).await;
    });
    outcome.unwrap();
}

/// Sends numbered datagrams from one host to another, in a quick row. Returns the numbers as they arrived, and the
/// time that the first and the last took.
async fn datagrams(count: u8, length: usize) -> (Vec<u8>, [Duration; 2]) {
    let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 9)).unwrap();
    let start = now::<Sim>();
    let (mut numbers, mut first) = (Vec::new(), None);
    while numbers.len() < usize::from(count) {
        let (packet, _) = socket.receive_from(65_536).await.unwrap();
        assert_eq!(packet.len(), length);
        numbers.push(packet[0]);
        first.get_or_insert(now::<Sim>() - start);
    }
    (numbers, [first.unwrap(), now::<Sim>() - start])
}

/// Starts a host that sends these datagrams to `main` after a second.
fn start_sender(count: u8, length: usize) -> Host {
    sim().host("sender").start(move || async move {
        sleep::<Sim>(SECOND).await;
        let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 8)).unwrap();
        let to = lookup::<Sim>("receiver", 9).await.unwrap()[0];
        for number in 0..count {
            socket.send_to(&vec![number; length], to).await.unwrap();
        }
    })
}

#[test]
fn held_datagrams_are_sent_in_their_order() {
    let exact = Duration::from_millis(3)..Duration::from_millis(3);
    let outcome = Config::new(1).latency(exact).run(async {
        let receiver = sim().host("receiver").start(|| async {
            let (numbers, times) = datagrams(20, 10).await;
            assert!(numbers.into_iter().eq(0..20));
            for time in times {
                let late = time.checked_sub(60 * SECOND).unwrap();
                assert!(late >= Duration::from_millis(3), "{late:?}");
                assert!(late < Duration::from_millis(4), "{late:?}");
            }
        });
        let sender = start_sender(20, 10);
        let first = sim().net().hold(&sender, &receiver);
        let second = sim().net().hold(&receiver, &sender);
        sleep::<Sim>(30 * SECOND).await;
        assert_eq!([first.waiting(), second.waiting()], [20, 0]);
        // What the first hold releases waits for the second.
        drop(first);
        assert_eq!(second.waiting(), 20);
        sleep::<Sim>(30 * SECOND).await;
        drop(second);
        ended(&receiver).await;
    });
    outcome.unwrap();
}

#[test]
fn packets_that_are_held_at_the_end_are_dropped() {
    let outcome = Config::new(1).run(async {
        let receiver = sim().host("receiver").start(std::future::pending::<()>);
        let sender = start_sender(20, 10);
        let hold = sim().net().hold(&sender, &receiver);
        ended(&sender).await;
        hold
    });
    assert_eq!(outcome.unwrap().waiting(), 0);
}

/// Returns the time that a transfer takes over a link with this bandwidth.
fn transfer(seed: u64, bytes: usize, bandwidth: Option<u64>) -> Outcome<Duration> {
    let mut config = Config::new(seed).keep_events(true);
    if let Some(bandwidth) = bandwidth {
        config = config.bandwidth(bandwidth);
    }
    config.run(async move {
        sim().host("source").start(move || async move {
            let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 80).await.unwrap();
            let mut stream = listener.accept().await.unwrap();
            stream.send(&vec![7; bytes]).await.unwrap();
        });
        sleep::<Sim>(SECOND).await;
        let start = now::<Sim>();
        let mut stream = connect_tcp::<Sim>("source", 80).await.unwrap();
        let mut received = 0;
        while let Ok(part) = stream.receive(100_000).await {
            received += part.len();
        }
        assert_eq!(received, bytes);
        now::<Sim>() - start
    })
}

#[test]
fn a_transfer_takes_time_in_proportion_to_its_size() {
    for seed in 0..5 {
        for (bytes, bandwidth, seconds) in [
            (1_000_000, 1_000_000, 1.0),
            (5_000_000, 1_000_000, 5.0),
            (5_000_000, 100_000, 50.0),
            (100, 1, 100.0),
        ] {
            let outcome = transfer(seed, bytes, Some(bandwidth));
            let hash = outcome.hash;
            let taken = outcome.unwrap().as_secs_f64();
            assert!(
                taken >= seconds && taken < seconds + 0.05,
                "{taken} for {seconds}"
            );
            assert_eq!(transfer(seed, bytes, Some(bandwidth)).hash, hash);
        }
        let taken = transfer(seed, 5_000_000, None).unwrap();
        assert!(taken < SECOND, "{taken:?}");
    }
}

#[test]
fn packets_wait_for_each_other_in_one_direction() {
    let exact = Duration::from_millis(3)..Duration::from_millis(3);
    let outcome = Config::new(1).latency(exact).bandwidth(1).run(async {
        let receiver = sim().host("receiver").start(|| async {
            let (numbers, [first, last]) = datagrams(10, 1000).await;
            assert!(numbers.into_iter().eq(0..10));
            // A second until they are sent, half a second for each, and the latency.
            let [first, last] = [first, last].map(|time| time.as_secs_f64());
            assert!((1.503..1.504).contains(&first), "{first}");
            assert!((6.003..6.004).contains(&last), "{last}");
        });
        let sender = start_sender(10, 1000);
        // The guard counts, not the limit of all links.
        let slower = sim().net().limit_bandwidth(&sender, &receiver, 10);
        let _limit = sim().net().limit_bandwidth(&receiver, &sender, 2000);
        drop(slower);
        ended(&receiver).await;
    });
    outcome.unwrap();
}

#[test]
fn a_limit_ends_with_its_guard() {
    let outcome = Config::new(1).run(async {
        let server = sim().host("server").start(echo);
        let client = start_client("client", 5);
        let limit = sim().net().limit_bandwidth(&server, &client, 1);
        ended(&client).await;
        let slow = sim().clock().elapsed();
        drop(limit);
        let client = start_client("another", 5);
        ended(&client).await;
        (slow, sim().clock().elapsed() - slow)
    });
    let (slow, fast) = outcome.unwrap();
    // A byte each way takes a second each.
    assert!(slow > 15 * SECOND && slow < 17 * SECOND, "{slow:?}");
    assert!(fast < 7 * SECOND, "{fast:?}");
}

#[test]
#[should_panic(expected = "carries nothing")]
fn a_bandwidth_of_zero_is_refused() {
    let _config = Config::new(1).bandwidth(0);
}

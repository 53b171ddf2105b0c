//! Checks the explorer of faults.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyrt_core::cancel::move_on_after;
use anyrt_core::fs;
use anyrt_core::net::{Listener, UdpSocket, connect_tcp, listen_tcp, lookup};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::time::sleep;
use anyrt_sim::explore::{FaultKind, FaultReport, faults};
use anyrt_sim::{Config, Faults, Packet, RuleChoices, Sim, Simulation, Verdict};

const SECOND: Duration = Duration::from_secs(1);

fn sim() -> Simulation {
    Simulation::current().expect("this is a simulation")
}

/// Answers each question.
async fn server() {
    let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 9)).unwrap();
    while let Ok((question, from)) = socket.receive_from(10).await {
        socket.send_to(&question, from).await.unwrap();
    }
}

/// Asks the server, and again if there is no answer. Answers to earlier questions are left out.
async fn ask(socket: &UdpSocket<Sim>, question: u8, attempts: u32) -> Option<u8> {
    let to = lookup::<Sim>("server", 9).await.unwrap()[0];
    for _ in 0..attempts {
        socket.send_to(&[question], to).await.unwrap();
        let answer = move_on_after::<Sim, _>(SECOND, async {
            loop {
                let (answer, _) = socket.receive_from(10).await.unwrap();
                if answer == [question] {
                    return answer[0];
                }
            }
        });
        if let Some(answer) = answer.await {
            return Some(answer);
        }
    }
    None
}

/// Asks five questions, with this number of attempts for the fourth.
async fn questions(attempts: u32) {
    sim().host("server").start(server);
    sleep::<Sim>(SECOND).await;
    let socket = UdpSocket::<Sim>::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    for question in 0..5 {
        let attempts = if question == 3 { attempts } else { 2 };
        let answer = ask(&socket, question, attempts).await;
        assert_eq!(answer, Some(question), "no answer to question {question}");
    }
}

#[test]
fn a_retry_that_is_missing_in_one_place_is_found() {
    for seed in 0..5 {
        let config = Config::new(seed);
        let report = faults(&config, || questions(1));
        // Each packet can be lost and duplicated: a question and its answer, five times.
        assert_eq!(report.places.len(), 20, "{report}");
        assert_eq!(report.runs, 21);
        // The question and the answer.
        assert_eq!(report.failures.len(), 2, "{report}");
        for (found, direction) in report.failures.iter().zip(["to `server`", "from `server`"]) {
            assert!(
                found.message.contains("no answer to question 3"),
                "{report}"
            );
            assert!(found.message.contains("faults.rs:"), "{report}");
            let place = found.place.as_ref().unwrap();
            assert_eq!(place.kind, FaultKind::Loss, "{report}");
            assert!(place.subject.contains(direction), "{report}");
            assert!(place.task.is_some(), "{report}");
            // Each alone repeats it, also by the text of the report.
            let repeated = place.config(&config).run(questions(1));
            assert!(repeated.result.is_err());
            assert!(repeated.misfit.is_none());
            let text = place.choices.to_string();
            assert!(report.to_string().contains(&text), "{report}");
            let config = Config::new(seed).inject_faults(text.parse().unwrap());
            assert_eq!(config.run(questions(1)).hash, repeated.hash);
        }
        let site = |index: usize| report.failures[index].site.clone().unwrap_or_default();
        assert!(site(0).contains("faults::ask"), "{report}");
        assert!(site(1).contains("faults::server"), "{report}");
    }
}

#[test]
fn a_program_with_all_its_retries_passes() {
    for seed in 0..5 {
        let report = faults(&Config::new(seed), || questions(2));
        assert_eq!(report.places.len(), 20, "{report}");
        report.unwrap();
    }
}

/// Explores a message that is received in one call, or to its end.
fn message(to_its_end: bool) -> FaultReport {
    faults(&Config::new(1), || async move {
        sim().host("server").start(|| async {
            let listener = listen_tcp::<Sim>(Some("0.0.0.0"), 80).await.unwrap();
            let mut stream = listener.accept().await.unwrap();
            stream.send(b"a message").await.unwrap();
        });
        sleep::<Sim>(SECOND).await;
        let mut stream = connect_tcp::<Sim>("server", 80).await.unwrap();
        let mut received = Vec::new();
        while let Ok(part) = stream.receive(100).await {
            received.extend_from_slice(&part);
            if !to_its_end {
                break;
            }
        }
        assert_eq!(received, b"a message");
    })
}

#[test]
fn a_short_read_taken_for_a_message_is_found() {
    let report = message(false);
    assert!(!report.failures.is_empty());
    for found in &report.failures {
        let place = found.place.as_ref().unwrap();
        assert_eq!(place.kind, FaultKind::ShortTransfer, "{report}");
    }
    // Lost packets of a stream are sent again.
    assert!(
        report
            .places
            .iter()
            .any(|place| place.kind == FaultKind::Loss)
    );
    message(true).unwrap();
}

/// Writes a file, and another try if the first fails and there is one.
async fn save(attempts: u32) -> io::Result<()> {
    for _ in 1..attempts {
        if fs::write::<Sim>("/state", b"12").await.is_ok() {
            return Ok(());
        }
    }
    fs::write::<Sim>("/state", b"12").await
}

#[test]
fn an_error_of_a_disk_is_found() {
    let mut kinds = Faults::calm();
    kinds.disk_errors = 7;
    let config = Config::new(1).faults(kinds);
    let report = faults(&config, || save(1));
    assert!(!report.failures.is_empty(), "{report}");
    for place in &report.places {
        assert_eq!(place.kind, FaultKind::DiskError, "{report}");
        assert!(place.subject.contains("write of file"), "{report}");
    }
    faults(&config, || save(2)).unwrap();
    // With short transfers too.
    let report = faults(&Config::new(1), || save(2));
    let kinds = report.places.iter().map(|place| place.kind);
    assert!(
        kinds.eq([FaultKind::DiskError, FaultKind::ShortTransfer]),
        "{report}"
    );
    report.unwrap();
}

#[test]
fn draws_of_rules_are_places() {
    let mut kinds = Faults::calm();
    kinds.disk_errors = 1;
    let report = faults(&Config::new(1).faults(kinds), || async {
        let rule = |_: &Packet<'_>, choices: &mut RuleChoices<'_>| match choices.below(3) {
            2 => Verdict::Drop,
            _ => Verdict::Pass,
        };
        let _rule = sim().net().rule(rule);
        questions(1).await;
    });
    assert_eq!(report.places.len(), 10, "{report}");
    assert!(
        report
            .places
            .iter()
            .all(|place| place.kind == FaultKind::Rule)
    );
    assert_eq!(report.failures.len(), 2, "{report}");
}

#[test]
fn a_test_that_fails_anyway_is_not_explored() {
    let report = faults(&Config::new(1), || async {
        questions(1).await;
        panic!("anyway");
    });
    assert_eq!(report.runs, 1);
    assert!(report.failures[0].place.is_none());
    assert!(report.to_string().contains("without a fault"), "{report}");
}

#[test]
#[should_panic(expected = "no answer to question 3")]
fn unwrap_panics_with_the_report() {
    faults(&Config::new(1), || questions(1)).unwrap();
}

//! Connections with both ends cancelled together, and accepted connections of a lost race. EN-03, EN-04,
//! rules C4, G12.

use std::io;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, move_on_after};
use anyrt_core::combine::race;
use anyrt_core::error::GroupError;
use anyrt_core::net::{Domain, SocketStream, TcpStream};
use anyrt_core::runtime::Net;
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::sync::Event;
use anyrt_core::task::task_group;

use super::net_tools::{connect, listen, tcp};
use crate::erased::{Backend, R};
use crate::limits::{foreign_sleep, within};
use crate::support::{poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(3);
const LIMIT: Duration = Duration::from_secs(1);
const ROUNDS: usize = 40;

/// Receives at both ends, in two tasks, until these are cancelled: by a time limit around the group, or
/// with the group.
pub(super) async fn cut_short<N: Net, K: Domain>(
    round: usize,
    ends: (SocketStream<N, K>, SocketStream<N, K>),
) where
    SocketStream<N, K>: Send + 'static,
{
    let mut ends = [ends.0, ends.1];
    if round % 2 == 0 {
        ends.reverse();
    }
    let group = task_group::<N, io::Error, _, _>(async |tg| {
        for mut end in ends {
            tg.spawn(async move { end.receive(10).await.map(drop) });
        }
        if round % 4 < 2 {
            yields(round % 5 + 3).await;
            tg.cancel();
        }
        std::future::pending::<()>().await;
        Ok(())
    });
    match move_on_after::<N, _>(SHORT, group).await {
        None | Some(Err(GroupError::Cancelled(_))) => {}
        other => panic!("round {round}: {other:?}"),
    }
}

/// EN-03, C4, G5: two tasks that receive from the two ends of a TCP connection are cancelled together:
/// neither reports that the other end was closed.
pub fn cancelled_connections_report_no_end(backend: &Backend) {
    run(backend, async {
        for round in 0..ROUNDS {
            cut_short(round, tcp::<R>().await).await;
        }
    });
}

/// EN-03, C4: a reset that an operation found after it was cancelled is reported by later operations,
/// instead of an end.
pub fn a_reset_is_reported_after_the_scope(backend: &Backend) {
    run(backend, async {
        let (mut near, far): (TcpStream<R>, _) = tcp::<R>().await;
        near.send(b"never received").await.unwrap();
        foreign_sleep(SHORT).await;
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let body = scope.run(async {
            let mut receives = pin!(near.receive(10));
            assert!(poll_once(receives.as_mut()).await.is_pending());
            // Closing with unread bytes makes it a reset.
            drop(far);
            foreign_sleep(SHORT).await;
            handle.cancel();
            for _ in 0..3 {
                assert!(poll_once(receives.as_mut()).await.is_pending());
            }
        });
        assert!(body.await.is_ok());
        for _ in 0..2 {
            let error = within(LIMIT, "the error", near.receive(10))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        }
    });
}

/// EN-04, G12: the loser of a race had bytes to receive: they are received, or still there.
pub fn the_loser_of_a_race_loses_no_bytes_of_a_socket(backend: &Backend) {
    run(backend, async {
        for _ in 0..20 {
            let (mut near, mut far): (TcpStream<R>, _) = tcp::<R>().await;
            let event = Event::new();
            let won = {
                let receives = async { far.receive(10).await.ok() };
                let waits = async {
                    event.wait().await;
                    None
                };
                let mut racing = pin!(race::<R, _>((receives, waits)));
                assert!(poll_once(racing.as_mut()).await.is_pending());
                // The event is woken first; then both are ready in one poll.
                event.set();
                near.send(b"seven").await.unwrap();
                foreign_sleep(SHORT).await;
                racing.await
            };
            let bytes = match won {
                Some(bytes) => bytes,
                None => within(LIMIT, "the bytes", far.receive(10)).await.unwrap(),
            };
            assert_eq!(bytes, b"seven");
        }
    });
}

/// EN-04, G12: the loser of a race could have accepted a connection: it is accepted, or still there.
pub fn the_loser_of_a_race_loses_no_connection(backend: &Backend) {
    run(backend, async {
        for _ in 0..20 {
            let (listener, address) = listen::<R>();
            let event = Event::new();
            let (won, client) = {
                let accepts = async { listener.accept().await.ok() };
                let waits = async {
                    event.wait().await;
                    None
                };
                let mut racing = pin!(race::<R, _>((accepts, waits)));
                assert!(poll_once(racing.as_mut()).await.is_pending());
                event.set();
                let client: TcpStream<R> = connect(address).await.unwrap();
                foreign_sleep(SHORT).await;
                (racing.await, client)
            };
            let (server, _) = match won {
                Some(accepted) => accepted,
                None => within(LIMIT, "the connection", listener.accept())
                    .await
                    .unwrap(),
            };
            drop((server, client));
        }
    });
}

anyrt_conformance_kit::cases! { engine_sockets: erased [Sockets],
    cancelled_connections_report_no_end,
    a_reset_is_reported_after_the_scope,
    the_loser_of_a_race_loses_no_bytes_of_a_socket: [whole_transfers],
    the_loser_of_a_race_loses_no_connection,
}

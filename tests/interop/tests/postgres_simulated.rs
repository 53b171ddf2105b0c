//! `tokio-postgres`, unchanged, in a simulation: the server is a host, and can crash.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt::interop::tokio_io::ForTokio;
use anyrt::net::{TcpStream, connect_tcp};
use anyrt::sim::{Config, Faults, Host, Seeds, Simulation, always, sometimes};
use anyrt::{TaskGroup, fail_after, move_on_after};
use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use self::pool::pool;
use self::server::{Entries, PORT, lock, serve};

#[path = "postgres/pool.rs"]
mod pool;
#[path = "postgres_simulated/server.rs"]
mod server;

const SECOND: Duration = Duration::from_secs(1);

type Group = TaskGroup<Infallible>;

/// Returns the simulation that the test runs in.
fn sim() -> Simulation {
    Simulation::current().unwrap()
}

/// Starts the server on the host `database`.
fn start(entries: &Entries) -> Host {
    let entries = entries.clone();
    sim().host("database").start(move || serve(entries.clone()))
}

/// Opens a connection to the host of the server, which may not listen yet.
async fn raw() -> ForTokio<TcpStream> {
    loop {
        match connect_tcp("database", PORT).await {
            Ok(stream) => return ForTokio::new(stream),
            Err(_) => anyrt::sleep(SECOND / 10).await,
        }
    }
}

/// Connects a client. Its connection is a child of the group, and ends with the client.
async fn connect(group: &Group) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::Config::new()
        .user("postgres")
        .dbname("postgres")
        .connect_raw(raw().await, NoTls)
        .await?;
    group.task().name("connection").spawn(async move {
        // The client's queries get the error too.
        drop(connection.await);
    });
    Ok(client)
}

/// Runs a test with a client in a group.
async fn with_client(test: impl AsyncFnOnce(&Group, Client)) {
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        let client = connect(&tg).await.unwrap();
        test(&tg, client).await;
    });
    group.await.unwrap();
}

const INSERT: &str = "INSERT INTO entries (name, value) VALUES ($1, $2)";
const FIND: &str = "SELECT value FROM entries WHERE name = $1";
const ALL: &str = "SELECT name, value FROM entries ORDER BY name";
const SLEEP: &str = "SELECT true FROM pg_sleep($1::INT4)";

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn queries_have_values_of_several_types() {
    start(&Entries::default());
    with_client(async |_, client| {
        let row = client.query_one("SELECT $1::INT4 + 1", &[&41]).await;
        assert_eq!(row.unwrap().get::<_, i32>(0), 42);
        for (value, expected) in [(None, true), (Some("text"), false)] {
            let row = client.query_one("SELECT $1::TEXT IS NULL", &[&value]).await;
            assert_eq!(row.unwrap().get::<_, bool>(0), expected);
        }
        let insert = client.prepare(INSERT).await.unwrap();
        for (name, value) in [("second", 2_i64), ("first", 1), ("größer", i64::MAX)] {
            let count = client.execute(&insert, &[&name, &value]).await.unwrap();
            assert_eq!(count, 1);
        }
        let rows = client.query(ALL, &[]).await.unwrap();
        let rows: Vec<(&str, i64)> = rows
            .iter()
            .map(|row| (row.get(0), row.get("value")))
            .collect();
        assert_eq!(rows, [("first", 1), ("größer", i64::MAX), ("second", 2)]);
        let none = client.query_opt(FIND, &[&"third"]).await.unwrap();
        assert!(none.is_none());

        // The simple protocol, whose values are texts.
        let messages = client.simple_query(&format!("BEGIN; {ALL}; COMMIT")).await;
        let texts: Vec<String> = messages
            .unwrap()
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get("value").map(str::to_owned),
                _ => None,
            })
            .collect();
        assert_eq!(texts, ["1", &i64::MAX.to_string(), "2"]);
    })
    .await;
}

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn pipelined_queries_share_a_round_trip() {
    start(&Entries::default());
    with_client(async |_, client| {
        let square = client.prepare("SELECT $1::INT8 * $1").await.unwrap();
        let begun = sim().clock().elapsed();
        let squares = (0..50_i64).map(|number| {
            let (client, square) = (&client, &square);
            async move { client.query_one(square, &[&number]).await }
        });
        let rows = anyrt::try_gather(squares.collect::<Vec<_>>())
            .await
            .unwrap();
        for (number, row) in rows.iter().enumerate() {
            assert_eq!(row.get::<_, i64>(0), (number * number) as i64);
        }
        // One after the other would be fifty times at least two milliseconds.
        let elapsed = sim().clock().elapsed() - begun;
        assert!(elapsed < SECOND / 10, "{elapsed:?}");
    })
    .await;
}

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn an_error_leaves_the_connection_usable() {
    start(&Entries::default());
    with_client(async |_, mut client| {
        let error = client.query("SELECT 1 / 0", &[]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
        let error = client.prepare("SELEKT").await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::SYNTAX_ERROR));
        let error = client.batch_execute("SELECT 1 / 0").await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
        let error = client.query("SELECT $1::INT4 + 1", &[&i32::MAX]).await;
        let code = error.unwrap_err().code().cloned();
        assert_eq!(code, Some(SqlState::NUMERIC_VALUE_OUT_OF_RANGE));

        // A transaction fails as a whole.
        let transaction = client.transaction().await.unwrap();
        transaction
            .execute(INSERT, &[&"name", &1_i64])
            .await
            .unwrap();
        let error = transaction.execute(INSERT, &[&"name", &2_i64]).await;
        let code = error.unwrap_err().code().cloned();
        assert_eq!(code, Some(SqlState::UNIQUE_VIOLATION));
        let error = transaction.query(ALL, &[]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
        transaction.rollback().await.unwrap();
        assert!(client.query(ALL, &[]).await.unwrap().is_empty());
    })
    .await;
}

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn a_transaction_that_is_dropped_is_rolled_back() {
    start(&Entries::default());
    with_client(async |tg, mut client| {
        let other = connect(tg).await.unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction
            .execute(INSERT, &[&"name", &1_i64])
            .await
            .unwrap();
        assert!(other.query(ALL, &[]).await.unwrap().is_empty());
        drop(transaction);
        assert!(client.query(ALL, &[]).await.unwrap().is_empty());
        let transaction = client.transaction().await.unwrap();
        transaction
            .execute(INSERT, &[&"name", &2_i64])
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        let row = other.query_one(FIND, &[&"name"]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 2);
    })
    .await;
}

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn a_cancel_request_interrupts_a_query() {
    start(&Entries::default());
    with_client(async |tg, client| {
        let token = client.cancel_token();
        tg.spawn(async move {
            anyrt::sleep(10 * SECOND).await;
            token.cancel_query_raw(raw().await, NoTls).await.unwrap();
        });
        let error = client.query(SLEEP, &[&3600]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
        let elapsed = sim().clock().elapsed();
        assert!((10 * SECOND..12 * SECOND).contains(&elapsed), "{elapsed:?}");
        assert!(client.query(ALL, &[]).await.unwrap().is_empty());
    })
    .await;
}

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn a_query_that_is_dropped_leaves_the_connection_usable() {
    start(&Entries::default());
    with_client(async |_, client| {
        let query = client.query(SLEEP, &[&60]);
        assert!(move_on_after(SECOND, query).await.is_none());
        // The server has not been asked to stop: the next query waits for it.
        let row = client
            .query_one("SELECT $1::INT4 + 1", &[&1])
            .await
            .unwrap();
        assert_eq!(row.get::<_, i32>(0), 2);
        assert!(sim().clock().elapsed() >= 60 * SECOND);
    })
    .await;
}

#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn a_crash_of_the_server_ends_the_connection() {
    let entries = Entries::default();
    let server = start(&entries);
    with_client(async |tg, client| {
        let parameters: [(&str, i64); 2] = [("kept", 1), ("lost", 2)];
        let [kept, lost] = parameters;
        client.execute(INSERT, &[&kept.0, &kept.1]).await.unwrap();
        client.batch_execute("BEGIN").await.unwrap();
        client.execute(INSERT, &[&lost.0, &lost.1]).await.unwrap();
        server.crash().await;
        // The network reports nothing: the request is sent again, until the connection is given up.
        let error = client.query(ALL, &[]).await.unwrap_err();
        assert!(error.is_closed(), "{error:?}");
        assert!(sim().clock().elapsed() >= 60 * SECOND);
        let error = client.query(ALL, &[]).await.unwrap_err();
        assert!(error.is_closed() && client.is_closed(), "{error:?}");

        // After a restart there is what was committed.
        server.restart().await;
        let client = connect(tg).await.unwrap();
        let rows = pin!(client.query_raw(ALL, [0; 0]).await.unwrap());
        let rows: Vec<String> = rows.map_ok(|row| row.get(0)).try_collect().await.unwrap();
        assert_eq!(rows, ["kept"]);

        // One that has restarted meanwhile does not know the connection, and resets it.
        let begun = sim().clock().elapsed();
        server.restart().await;
        assert!(client.query(ALL, &[]).await.unwrap_err().is_closed());
        assert!(sim().clock().elapsed() - begun < SECOND);
    })
    .await;
}

/// The writers of the test with faults, and the entries of each.
const WRITERS: i64 = 3;
const EACH: i64 = 5;

/// Inserts the entries of a writer, each until the server has confirmed it.
async fn write(writer: i64) {
    let mut next = 0;
    let mut is_repeated = false;
    while next < EACH {
        let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
            // A connection, until it fails.
            if let Ok(Ok(client)) = fail_after(20 * SECOND, connect(&tg)).await {
                while next < EACH {
                    let (name, value) = (format!("{writer}-{next}"), writer * EACH + next);
                    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
                        [&name, &value];
                    let insert = client.execute(INSERT, &parameters);
                    match fail_after(20 * SECOND, insert).await {
                        Ok(Ok(_)) => {}
                        Ok(Err(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                            always!(
                                is_repeated,
                                "{name} was inserted once, and is there already"
                            );
                            sometimes!(true, "an answer is lost and the insertion is not");
                        }
                        Ok(Err(error)) => {
                            always!(error.is_closed(), "{error:?}");
                            sometimes!(true, "a query fails with its connection");
                            break;
                        }
                        Err(_) => {
                            sometimes!(true, "a query is not answered");
                            break;
                        }
                    }
                    next += 1;
                    is_repeated = false;
                }
            }
            tg.cancel();
        });
        group.await.unwrap();
        is_repeated = true;
    }
}

/// Crashes the server several times, at times that the seed decides.
async fn crash_now_and_then(server: Host) {
    for _ in 0..3 {
        anyrt::sleep(Duration::from_millis(sim().choose(1000))).await;
        server.crash().await;
        anyrt::sleep(Duration::from_millis(sim().choose(3000))).await;
        server.restart().await;
    }
}

async fn confirmed_entries_survive() {
    let entries = Entries::default();
    let server = start(&entries);
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        for writer in 0..WRITERS {
            tg.task().name("writer").spawn(write(writer));
        }
        tg.task().name("crashes").spawn(crash_now_and_then(server));
    });
    group.await.unwrap();
    let entries = lock(&entries).clone();
    let expected: BTreeMap<String, i64> = (0..WRITERS * EACH)
        .map(|value| (format!("{}-{}", value / EACH, value % EACH), value))
        .collect();
    assert_eq!(entries, expected);
}

/// Checks that a pool by `deadpool` opens new connections after the server was started again.
#[anyrt::test(backends = ["sim"], seeds = 20)]
async fn a_pool_replaces_connections_after_a_crash() {
    let database = start(&Entries::default());
    let group = anyrt::task_group::<Infallible, _, _>(async |tg: Group| {
        let pool = pool(&tg, 3, raw);
        let square = async |number: i64| {
            let client = pool.get().await.ok()?;
            let row = client.query_one("SELECT $1::INT8 * $1", &[&number]).await;
            Some(row.ok()?.get::<_, i64>(0))
        };
        let squares = anyrt::gather((0..12).map(square).collect::<Vec<_>>()).await;
        let expected = (0..12).map(|number| Some(number * number));
        assert!(squares.into_iter().eq(expected));
        assert_eq!(pool.status().size, 3);

        database.crash().await;
        database.restart().await;
        // Connections that were in the pool may fail once.
        let mut answers = 0;
        for number in 0..10 {
            answers += usize::from(square(number).await == Some(number * number));
        }
        assert!(answers >= 7, "{answers}");
    });
    group.await.unwrap();
}

#[test]
fn confirmed_entries_survive_crashes_in_two_hundred_worlds() {
    let config = Config::default()
        .faults(Faults::rough())
        .time_limit(3600 * SECOND);
    let seeds = Seeds::from_env(0..200).config(config).jobs(2);
    seeds.run(confirmed_entries_survive).unwrap();
}

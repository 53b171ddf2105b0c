//! `tokio-postgres` on anyrt, against a separate server, on every backend.
//!
//! It needs an installed PostgreSQL. If there is none, the test prints that and passes, unless
//! `ANYRT_REQUIRE_SERVICES=1` is set.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::collections::BTreeSet;
use std::env;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyrt::interop::tokio_io::ForTokio;
use anyrt::net::UnixStream;
use anyrt::net::connect_unix;
use anyrt::{Backend, CancelScope, TaskGroup};
use futures_util::future::{Either, select};
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls};

use self::pool::pool;
use self::server::Server;

#[path = "postgres/pool.rs"]
mod pool;
#[path = "postgres/server.rs"]
mod server;

#[test]
fn queries_run_on_every_backend() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(reason) if env::var_os("ANYRT_REQUIRE_SERVICES").is_some_and(|value| value == "1") => {
            panic!("{reason}")
        }
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    // The server is a process of the system, which a simulation does not reach; for that, see
    // `postgres_simulated.rs`.
    for backend in [Backend::Tokio, Backend::Smol, Backend::AsyncStd] {
        anyrt::run_on(backend, async {
            queries(server.socket()).await;
            cancelling(server.socket()).await;
            interrupting(server.socket()).await;
            cutting_off(server.socket()).await;
            pooling(server.socket()).await;
        });
        println!("passed on {backend}");
    }
}

type Group = TaskGroup<Error>;

/// Connects; the connection is a child of the group, and passes notifications on.
async fn connect(
    group: &Group,
    socket: &Path,
) -> (
    Client,
    anyrt::stream::MemoryObjectReceiveStream<tokio_postgres::Notification>,
) {
    let (client, mut connection) = Config::new()
        .user("postgres")
        .dbname("postgres")
        .connect_raw(raw(socket).await, NoTls)
        .await
        .unwrap();
    let (sender, notifications) = anyrt::memory_object_stream(16);
    group.task().name("connection").spawn(async move {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(notification) = message? {
                drop(sender.try_send(notification));
            }
        }
        Ok(())
    });
    (client, notifications)
}

async fn raw(socket: &Path) -> ForTokio<UnixStream> {
    ForTokio::new(connect_unix(socket).await.unwrap())
}

async fn queries(socket: &Path) {
    let group = anyrt::task_group::<Error, _, _>(async |tg: Group| {
        let (client, notifications) = connect(&tg, socket).await;

        let row = client.query_one("SELECT $1::INT4 + 1", &[&41]).await?;
        assert_eq!(row.get::<_, i32>(0), 42);
        let error = client.query("SELECT 1 / 0", &[]).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));

        // One statement, many times at once: they are pipelined.
        let square = client.prepare("SELECT $1::INT8 * $1").await?;
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

        // More than fits into any buffer, in both directions.
        let table = "CREATE TEMPORARY TABLE lines (number INT4, text TEXT)";
        client.batch_execute(table).await?;
        let mut lines = pin!(client.copy_in("COPY lines FROM STDIN").await?);
        let text = "x".repeat(1000);
        for number in 0..5000 {
            let line = bytes::Bytes::from(format!("{number}\t{text}\n"));
            lines.send(line).await?;
        }
        assert_eq!(lines.finish().await?, 5000);
        let copied = client.copy_out("COPY lines TO STDOUT").await?;
        let length = copied
            .try_fold(0, async |sum, line| Ok(sum + line.len()))
            .await?;
        let numbers: usize = (0..5000)
            .map(|number: usize| number.to_string().len())
            .sum();
        assert_eq!(length, 5000 * 1002 + numbers);

        // A message that the server sends without a request.
        client
            .batch_execute("LISTEN news; NOTIFY news, 'extra'")
            .await?;
        let notification = notifications.receive().await.unwrap();
        assert_eq!(
            (notification.channel(), notification.payload()),
            ("news", "extra")
        );

        // Rows are received one by one, and the rest may be dropped.
        let series = "SELECT * FROM generate_series(1, 1000000)";
        let parameters: [i32; 0] = [];
        let mut rows = pin!(client.query_raw(series, parameters).await?);
        for number in 1..=3 {
            assert_eq!(rows.next().await.unwrap()?.get::<_, i32>(0), number);
        }
        Ok(())
        // Without a client the connection ends by itself, and so does the group.
    });
    group.await.unwrap();
}

/// Checks that a query that is dropped leaves its connection usable; a cancel request interrupts it in the
/// server.
async fn cancelling(socket: &Path) {
    let group = anyrt::task_group::<Error, _, _>(async |tg: Group| {
        let (watcher, _) = connect(&tg, socket).await;
        let (client, _) = connect(&tg, socket).await;
        let process = process(&client).await?;
        let sleeping = pin!(client.query("SELECT pg_sleep(3600)", &[]));
        let begun = pin!(wait_until(&watcher, process, "PgSleep"));
        assert!(matches!(select(sleeping, begun).await, Either::Right(_)));
        let token = client.cancel_token();
        token.cancel_query_raw(raw(socket).await, NoTls).await?;
        loop {
            match client.query_one("SELECT 'still here'", &[]).await {
                // The server interrupts its process and the process group: twice, when it is slow.
                Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {}
                row => {
                    assert_eq!(row?.get::<_, &str>(0), "still here");
                    return Ok(());
                }
            }
        }
    });
    group.await.unwrap();
}

/// Checks that a transaction that is interrupted is rolled back.
async fn interrupting(socket: &Path) {
    let group = anyrt::task_group::<Error, _, _>(async |tg: Group| {
        let (mut client, _) = connect(&tg, socket).await;
        let table = "CREATE TEMPORARY TABLE marks (mark INT4)";
        client.batch_execute(table).await?;
        let scope = CancelScope::new();
        let handle = scope.handle();
        let interrupted = scope.run(async {
            let transaction = client.transaction().await?;
            let insert = "INSERT INTO marks VALUES (1)";
            assert_eq!(transaction.execute(insert, &[]).await?, 1);
            handle.cancel();
            anyrt::checkpoint().await;
            transaction.commit().await
        });
        assert!(interrupted.await.is_err());
        let row = client.query_one("SELECT count(*) FROM marks", &[]).await?;
        assert_eq!(row.get::<_, i64>(0), 0);
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a group that is cancelled closes the connection, in the middle of a query.
async fn cutting_off(socket: &Path) {
    let group = anyrt::task_group::<Error, _, _>(async |tg: Group| {
        let (watcher, _) = connect(&tg, socket).await;
        let inner = anyrt::task_group::<Error, _, _>(async |inner: Group| {
            let (client, _) = connect(&inner, socket).await;
            let process = process(&client).await?;
            // Whether it notices that the connection is gone is a race.
            inner.spawn(async move { drop(client.query("SELECT pg_sleep(3600)", &[]).await) });
            wait_until(&watcher, process, "PgSleep").await;
            inner.cancel();
            Ok(process)
        });
        wait_until(&watcher, inner.await.unwrap(), "gone").await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks a pool by `deadpool`: it keeps connections, limits their number, and replaces those that are closed.
async fn pooling(socket: &Path) {
    let group = anyrt::task_group::<Error, _, _>(async |tg: Group| {
        let path = socket.to_owned();
        let pool = pool(&tg, 4, move || {
            let path = path.clone();
            async move { raw(&path).await }
        });
        let queries = (0..40).map(|_| async {
            let client = pool.get().await.unwrap();
            process(&client).await
        });
        let processes = anyrt::try_gather(queries.collect::<Vec<_>>())
            .await
            .unwrap();
        let processes = BTreeSet::from_iter(processes);
        assert!(processes.len() <= 4, "{processes:?}");

        // While all are in use, a task that waits for one can be interrupted, and the next one gets it.
        let clients = anyrt::gather([(); 4].map(|()| pool.get())).await;
        let limit = Duration::from_millis(20);
        assert!(anyrt::move_on_after(limit, pool.get()).await.is_none());
        drop(clients);
        let client = pool.get().await.unwrap();

        // A connection that the server closes is not used again.
        let closed = process(&client).await?;
        let (watcher, _) = connect(&tg, socket).await;
        let terminate = "SELECT pg_terminate_backend($1)";
        watcher.execute(terminate, &[&closed]).await?;
        wait_until(&watcher, closed, "gone").await;
        while !client.is_closed() {
            anyrt::sleep(Duration::from_millis(1)).await;
        }
        drop(client);
        let clients = anyrt::gather([(); 4].map(|()| pool.get())).await;
        for client in clients {
            assert_ne!(process(&client.unwrap()).await?, closed);
        }
        Ok(())
        // Without its pool, the clients are dropped, and their connections end.
    });
    group.await.unwrap();
}

/// Returns the number of the server's process for a connection.
async fn process(client: &Client) -> Result<i32, Error> {
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
    Ok(row.get(0))
}

/// Waits until the server reports that a process waits for `expected`, or, with `gone`, that there is no
/// such process.
async fn wait_until(watcher: &Client, process: i32, expected: &str) {
    let query = "SELECT coalesce(
        (SELECT coalesce(wait_event, 'none') FROM pg_stat_activity WHERE pid = $1), 'gone'
    )";
    let query = watcher.prepare(query).await.unwrap();
    loop {
        let row = watcher.query_one(&query, &[&process]).await.unwrap();
        if row.get::<_, &str>(0) == expected {
            return;
        }
        anyrt::sleep(Duration::from_millis(5)).await;
    }
}

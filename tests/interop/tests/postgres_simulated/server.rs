//! A small PostgreSQL server on anyrt, for a host of a simulation.
//!
//! It speaks version 3 of the protocol: start-up without a password, simple and extended queries, cancel requests.
//! Instead of SQL it knows the statements of a table. Transactions are isolated until they are committed.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyrt::CancelScope;
use anyrt::net::{ListenerExt, TcpListener, TcpStream};
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};
use tokio_postgres::error::SqlState;

use self::protocol::{Body, Output};
use self::statement::{Statement, Value};

#[path = "server/protocol.rs"]
mod protocol;
#[path = "server/statement.rs"]
mod statement;

/// The port of the server.
pub(crate) const PORT: u16 = 5432;

/// The time that a commit takes.
const COMMIT: Duration = Duration::from_millis(2);

/// The entries that were committed. They survive a crash of the server.
pub(crate) type Entries = Arc<Mutex<BTreeMap<String, i64>>>;

/// The sessions that execute a statement, by the number of their process: the secret of the session, and the scope
/// of the statement.
type Running = Arc<Mutex<BTreeMap<i32, (i32, anyrt::CancelHandle)>>>;

/// Serves all connections, until the host crashes.
pub(crate) async fn serve(entries: Entries) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("the port is free");
    let running = Running::default();
    let processes = AtomicI32::new(1);
    let served = listener.serve(move |stream: TcpStream| {
        let session = Session {
            stream: BufferedByteStream::new(stream),
            output: Output::default(),
            process: processes.fetch_add(1, Ordering::Relaxed),
            entries: entries.clone(),
            running: running.clone(),
            prepared: BTreeMap::new(),
            portals: BTreeMap::new(),
            pending: BTreeMap::new(),
            transaction: Transaction::Implicit,
        };
        async {
            // A client that is gone is no concern of the server.
            drop(session.run().await);
        }
    });
    served
        .await
        .expect("the network has no errors of listeners");
}

/// Locks a mutex of the standard library.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error that the client gets.
#[derive(Debug)]
struct SqlError {
    state: SqlState,
    message: String,
}

impl SqlError {
    fn new(state: SqlState, message: impl Into<String>) -> SqlError {
        let message = message.into();
        SqlError { state, message }
    }
}

/// The transaction of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    /// Each synchronization ends it.
    Implicit,
    /// `COMMIT` or `ROLLBACK` ends it.
    Explicit,
    /// It is explicit, a statement of it has failed, and it has to be rolled back.
    Failed,
}

/// A statement with the values of its parameters.
struct Portal {
    statement: Statement,
    values: Vec<Value>,
    /// Whether the client wants values in binary form.
    is_binary: bool,
}

/// A connection of a client.
struct Session {
    stream: BufferedByteStream<TcpStream>,
    output: Output,
    process: i32,
    entries: Entries,
    running: Running,
    prepared: BTreeMap<String, Statement>,
    portals: BTreeMap<String, Portal>,
    /// What the transaction has inserted.
    pending: BTreeMap<String, i64>,
    transaction: Transaction,
}

impl Session {
    async fn run(mut self) -> io::Result<()> {
        if !self.start_up().await? {
            return Ok(());
        }
        // After an error of an extended query, messages are ignored until the client synchronizes.
        let mut skips = false;
        loop {
            let kind = self.stream.receive_exactly(1).await?[0];
            let body = self.receive_body().await?;
            let body = Body(&body);
            match kind {
                b'X' => return Ok(()),
                b'Q' => {
                    self.simple_query(body).await?;
                    self.synchronize().await?;
                }
                b'S' => {
                    skips = false;
                    self.synchronize().await?;
                }
                b'H' => self.flush().await?,
                _ if skips => {}
                _ => {
                    if let Err(error) = self.extended_query(kind, body).await? {
                        self.fail(&error);
                        skips = true;
                    }
                }
            }
        }
    }

    /// Receives the part of a message after its kind.
    async fn receive_body(&mut self) -> io::Result<Vec<u8>> {
        let length = self.stream.receive_exactly(4).await?;
        let length = Body(&length).int4()?;
        let length = usize::try_from(length - 4).map_err(|_| protocol::malformed())?;
        Ok(self.stream.receive_exactly(length).await?.to_vec())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let bytes = self.output.take();
        self.stream.send(&bytes).await?;
        Ok(())
    }

    /// Receives the messages before the first query. Returns false if the connection is for a cancel request.
    async fn start_up(&mut self) -> io::Result<bool> {
        loop {
            let body = self.receive_body().await?;
            let mut body = Body(&body);
            match body.int4()? {
                protocol::TLS => self.stream.send(b"N").await?,
                protocol::CANCEL => {
                    let (process, secret) = (body.int4()?, body.int4()?);
                    let running = lock(&self.running);
                    if let Some((expected, scope)) = running.get(&process) {
                        if *expected == secret {
                            scope.cancel();
                        }
                    }
                    return Ok(false);
                }
                protocol::VERSION => break,
                _ => return Err(protocol::malformed()),
            }
        }
        self.output.authentication_ok();
        for (name, value) in [
            ("server_version", "17.0"),
            ("server_encoding", "UTF8"),
            ("client_encoding", "UTF8"),
            ("standard_conforming_strings", "on"),
        ] {
            self.output.parameter_status(name, value);
        }
        self.output.key_data(self.process, self.secret());
        self.synchronize().await?;
        Ok(true)
    }

    fn secret(&self) -> i32 {
        self.process.wrapping_mul(0x51ed_270b)
    }

    /// Ends an implicit transaction, and tells the client that the next query may come.
    async fn synchronize(&mut self) -> io::Result<()> {
        self.portals.clear();
        if self.transaction == Transaction::Implicit {
            if let Err(error) = self.commit().await {
                self.fail(&error);
            }
        }
        self.output.ready_for_query(match self.transaction {
            Transaction::Implicit => b'I',
            Transaction::Explicit => b'T',
            Transaction::Failed => b'E',
        });
        self.flush().await
    }

    /// Makes the insertions of the transaction durable.
    async fn commit(&mut self) -> Result<(), SqlError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // A crash before this is over loses all of them, one after it none.
        anyrt::sleep(COMMIT).await;
        let mut entries = lock(&self.entries);
        let pending = std::mem::take(&mut self.pending);
        if let Some(name) = pending.keys().find(|name| entries.contains_key(*name)) {
            return Err(exists_already(name));
        }
        entries.extend(pending);
        Ok(())
    }

    /// Reports an error, and undoes what the transaction did.
    fn fail(&mut self, error: &SqlError) {
        self.output.error(error.state.code(), &error.message);
        self.pending.clear();
        if self.transaction == Transaction::Explicit {
            self.transaction = Transaction::Failed;
        }
    }

    /// Executes the statements of a text, one after the other, until one fails.
    async fn simple_query(&mut self, mut body: Body<'_>) -> io::Result<()> {
        let text = body.text()?;
        let statements = text.split(';').map(str::trim);
        for text in statements.filter(|text| !text.is_empty()) {
            let done = match Statement::find(text) {
                Ok(statement) => {
                    self.output.row_description(statement.columns(), false);
                    let portal = Portal {
                        statement,
                        values: Vec::new(),
                        is_binary: false,
                    };
                    self.execute(&portal).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                self.fail(&error);
                break;
            }
        }
        Ok(())
    }

    /// Handles a message of an extended query. The outer error ends the session.
    async fn extended_query(
        &mut self,
        kind: u8,
        mut body: Body<'_>,
    ) -> io::Result<Result<(), SqlError>> {
        match kind {
            b'P' => {
                let (name, text) = (body.text()?, body.text()?);
                match Statement::find(text) {
                    Ok(statement) => self.prepared.insert(name.to_owned(), statement),
                    Err(error) => return Ok(Err(error)),
                };
                self.output.empty(b'1');
            }
            b'B' => return self.bind(body),
            b'D' => {
                let kind = body.byte()?;
                let name = body.text()?;
                let statement = match kind {
                    b'S' => self.prepared.get(name).copied(),
                    _ => self.portals.get(name).map(|portal| portal.statement),
                };
                let Some(statement) = statement else {
                    return Ok(Err(unknown(name)));
                };
                if kind == b'S' {
                    self.output.parameter_description(statement.parameters());
                }
                if statement.columns().is_empty() {
                    self.output.empty(b'n');
                } else {
                    self.output.row_description(statement.columns(), true);
                }
            }
            b'E' => {
                let name = body.text()?;
                let Some(portal) = self.portals.remove(name) else {
                    return Ok(Err(unknown(name)));
                };
                return Ok(self.execute(&portal).await);
            }
            b'C' => {
                let kind = body.byte()?;
                let name = body.text()?;
                match kind {
                    b'S' => drop(self.prepared.remove(name)),
                    _ => drop(self.portals.remove(name)),
                }
                self.output.empty(b'3');
            }
            _ => return Err(protocol::malformed()),
        }
        Ok(Ok(()))
    }

    fn bind(&mut self, mut body: Body<'_>) -> io::Result<Result<(), SqlError>> {
        let (name, statement) = (body.text()?, body.text()?);
        let Some(&statement) = self.prepared.get(statement) else {
            return Ok(Err(unknown(statement)));
        };
        let formats = body.int2_list()?;
        let count = body.int2()?;
        if usize::from(count.unsigned_abs()) != statement.parameters().len() {
            return Ok(Err(SqlError::new(
                SqlState::PROTOCOL_VIOLATION,
                format!("bind has {count} parameters, but the statement has others"),
            )));
        }
        let mut values = Vec::new();
        for kind in statement.parameters() {
            if !formats.contains(&1) {
                let message = "parameters are in text form, which is not supported";
                return Ok(Err(SqlError::new(SqlState::FEATURE_NOT_SUPPORTED, message)));
            }
            values.push(match body.value()? {
                Some(bytes) => Value::from_binary(kind, bytes).ok_or_else(protocol::malformed)?,
                None => Value::Null,
            });
        }
        let portal = Portal {
            statement,
            values,
            is_binary: body.int2_list()?.contains(&1),
        };
        self.portals.insert(name.to_owned(), portal);
        self.output.empty(b'2');
        Ok(Ok(()))
    }

    /// Executes a statement. A cancel request interrupts it.
    async fn execute(&mut self, portal: &Portal) -> Result<(), SqlError> {
        let ends = matches!(portal.statement, Statement::Commit | Statement::Rollback);
        if self.transaction == Transaction::Failed && !ends {
            return Err(SqlError::new(
                SqlState::IN_FAILED_SQL_TRANSACTION,
                "the transaction is aborted; commands are ignored until its end",
            ));
        }
        let scope = CancelScope::new();
        let (key, secret) = (self.process, self.secret());
        lock(&self.running).insert(key, (secret, scope.handle()));
        let done = scope.run(self.evaluate(portal)).await;
        lock(&self.running).remove(&key);
        let (tag, rows) = done.unwrap_or_else(|_| {
            Err(SqlError::new(
                SqlState::QUERY_CANCELED,
                "canceling statement due to user request",
            ))
        })?;
        for row in rows {
            self.output.data_row(&row, portal.is_binary);
        }
        self.output.command_complete(&tag);
        Ok(())
    }

    /// Returns the tag and the rows of a statement.
    async fn evaluate(&mut self, portal: &Portal) -> Result<(String, Vec<Vec<Value>>), SqlError> {
        let rows = match (portal.statement, portal.values.as_slice()) {
            (Statement::Begin, []) => {
                self.transaction = Transaction::Explicit;
                return Ok(("BEGIN".into(), Vec::new()));
            }
            (Statement::Commit, []) if self.transaction != Transaction::Failed => {
                self.transaction = Transaction::Implicit;
                self.commit().await?;
                return Ok(("COMMIT".into(), Vec::new()));
            }
            (Statement::Commit | Statement::Rollback, []) => {
                self.transaction = Transaction::Implicit;
                self.pending.clear();
                return Ok(("ROLLBACK".into(), Vec::new()));
            }
            (Statement::Insert, [Value::Text(name), Value::Int8(value)]) => {
                if self.entry(name).is_some() {
                    return Err(exists_already(name));
                }
                self.pending.insert(name.clone(), *value);
                return Ok(("INSERT 0 1".into(), Vec::new()));
            }
            (Statement::Find, [Value::Text(name)]) => {
                let found = self.entry(name);
                found
                    .map(|value| vec![Value::Int8(value)])
                    .into_iter()
                    .collect()
            }
            (Statement::All, []) => self.all(),
            (Statement::AddOne, [Value::Int4(number)]) => match number.checked_add(1) {
                Some(sum) => vec![vec![Value::Int4(sum)]],
                None => {
                    let state = SqlState::NUMERIC_VALUE_OUT_OF_RANGE;
                    return Err(SqlError::new(state, "integer out of range"));
                }
            },
            (Statement::Square, [Value::Int8(number)]) => vec![vec![Value::Int8(number * number)]],
            (Statement::IsNull, [value]) => vec![vec![Value::Bool(*value == Value::Null)]],
            (Statement::DivideByZero, []) => {
                return Err(SqlError::new(
                    SqlState::DIVISION_BY_ZERO,
                    "division by zero",
                ));
            }
            (Statement::Sleep, [Value::Int4(seconds)]) => {
                anyrt::sleep(Duration::from_secs(seconds.unsigned_abs().into())).await;
                vec![vec![Value::Bool(true)]]
            }
            (_, values) => {
                let message = format!("no such operator for {values:?}");
                return Err(SqlError::new(SqlState::UNDEFINED_FUNCTION, message));
            }
        };
        Ok((format!("SELECT {}", rows.len()), rows))
    }

    /// Returns the value of an entry that the session can see.
    fn entry(&self, name: &str) -> Option<i64> {
        let pending = self.pending.get(name).copied();
        pending.or_else(|| lock(&self.entries).get(name).copied())
    }

    /// Returns all entries that the session can see.
    fn all(&self) -> Vec<Vec<Value>> {
        let mut all = lock(&self.entries).clone();
        all.extend(self.pending.clone());
        all.into_iter()
            .map(|(name, value)| vec![Value::Text(name), Value::Int8(value)])
            .collect()
    }
}

fn exists_already(name: &str) -> SqlError {
    let message = format!("duplicate key value violates unique constraint: {name}");
    SqlError::new(SqlState::UNIQUE_VIOLATION, message)
}

fn unknown(name: &str) -> SqlError {
    let message = format!("\"{name}\" does not exist");
    SqlError::new(SqlState::INVALID_SQL_STATEMENT_NAME, message)
}

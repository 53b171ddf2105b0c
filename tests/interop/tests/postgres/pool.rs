//! A pool of connections by `deadpool`, which needs no runtime: it has no clock and starts no tasks.

use anyrt::TaskGroup;
use deadpool::managed::{Manager, Metrics, Pool, RecycleError, RecycleResult};
use tokio_postgres::{Client, Config, Error, NoTls};

/// Opens connections for a pool. The connection of each client is a child of the group, which ends when the client is
/// dropped.
#[derive(Debug)]
pub(crate) struct Connections<E, C> {
    group: TaskGroup<E>,
    connect: C,
}

impl<E, C, S> Manager for Connections<E, C>
where
    E: Send + 'static,
    C: Connect<Stream = S>,
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    type Type = Client;
    type Error = Error;

    async fn create(&self) -> Result<Client, Error> {
        let stream = self.connect.connect().await;
        let (client, connection) = Config::new()
            .user("postgres")
            .dbname("postgres")
            .connect_raw(stream, NoTls)
            .await?;
        // The client's queries get the error too.
        let connection = async { drop(connection.await) };
        self.group.task().name("connection").spawn(connection);
        Ok(client)
    }

    async fn recycle(&self, client: &mut Client, _: &Metrics) -> RecycleResult<Error> {
        if client.is_closed() {
            return Err(RecycleError::message(
                "the server has closed the connection",
            ));
        }
        Ok(())
    }
}

/// Opens a stream to the server.
pub(crate) trait Connect: Send + Sync + 'static {
    /// The stream.
    type Stream;

    /// Opens a stream.
    fn connect(&self) -> impl Future<Output = Self::Stream> + Send;
}

impl<F, Fut> Connect for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
{
    type Stream = Fut::Output;

    fn connect(&self) -> impl Future<Output = Fut::Output> + Send {
        self()
    }
}

/// Creates a pool of at most `size` clients.
pub(crate) fn pool<E, C, S>(
    group: &TaskGroup<E>,
    size: usize,
    connect: C,
) -> Pool<Connections<E, C>>
where
    E: Send + 'static,
    C: Connect<Stream = S>,
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let connections = Connections {
        group: group.clone(),
        connect,
    };
    Pool::builder(connections).max_size(size).build().unwrap()
}

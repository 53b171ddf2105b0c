//! QUIC with quinn: both ways on this machine, with a certificate of its own, on every backend and simulated.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyrt::interop::quinn::{QuinnRuntime, QuinnSocket};
use anyrt::sim::{Config, Faults, Seeds, Simulation};
use anyrt::{Backend, TaskGroup};
use quinn::rustls::RootCertStore;
use quinn::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, ServerConfig,
    TransportConfig,
};
use rcgen::{CertificateParams, KeyPair};

type AnyError = Box<dyn Error + Send + Sync>;
type Group = TaskGroup<AnyError>;

const LARGE: usize = 300_000;
const SECOND: Duration = Duration::from_secs(1);

/// A certificate for `localhost`, and its private key. Signatures of this kind always have the same length, so that a
/// simulated handshake is the same each time.
static IDENTITY: LazyLock<(CertificateDer<'static>, Vec<u8>)> = LazyLock::new(|| {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().clone(), key.serialize_der())
});

fn server_config(transport: TransportConfig) -> ServerConfig {
    let (certificate, key) = &*IDENTITY;
    let key = PrivatePkcs8KeyDer::from(key.clone()).into();
    let mut config = ServerConfig::with_single_cert(vec![certificate.clone()], key).unwrap();
    config.transport_config(Arc::new(transport));
    config
}

fn client_config(transport: TransportConfig) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.0.clone()).unwrap();
    let mut config = ClientConfig::with_root_certificates(Arc::new(roots)).unwrap();
    config.transport_config(Arc::new(transport));
    config
}

fn endpoint(group: &Group, server: Option<ServerConfig>) -> Endpoint {
    endpoint_at((Ipv4Addr::LOCALHOST, 0), group, server)
}

fn endpoint_at(address: (Ipv4Addr, u16), group: &Group, server: Option<ServerConfig>) -> Endpoint {
    let runtime = Arc::new(QuinnRuntime::new(group.clone()));
    let socket = Arc::new(QuinnSocket::bind(address).unwrap());
    let mut config = EndpointConfig::default();
    // quinn's own random numbers, which would differ from one simulation to the next.
    config.rng_seed(Some([u8::from(server.is_some()); 32]));
    Endpoint::new_with_abstract_socket(config, server, socket, runtime).unwrap()
}

/// Opens an endpoint that serves, and one that connects.
fn endpoints(group: &Group) -> (Endpoint, Endpoint) {
    let server = endpoint(group, Some(server_config(TransportConfig::default())));
    let mut client = endpoint(group, None);
    client.set_default_client_config(client_config(TransportConfig::default()));
    (server, client)
}

async fn connect(client: &Endpoint, to: SocketAddr) -> Result<Connection, AnyError> {
    Ok(client.connect(to, "localhost")?.await?)
}

/// Sends the bytes of each stream back, until the peer closes the connection.
async fn echo(connection: Connection, group: Group) -> Result<(), AnyError> {
    loop {
        let (mut send, mut receive) = match connection.accept_bi().await {
            Ok(stream) => stream,
            Err(ConnectionError::ApplicationClosed(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        group.spawn(async move {
            while let Some(chunk) = receive.read_chunk(65536, true).await? {
                send.write_chunk(chunk.bytes).await?;
            }
            send.finish()?;
            Ok(())
        });
    }
}

/// Accepts connections, and serves each in a task of its own, until the endpoint is closed.
async fn serve(endpoint: Endpoint, group: Group) -> Result<(), AnyError> {
    while let Some(incoming) = endpoint.accept().await {
        let inner = group.clone();
        group.spawn(async move { echo(incoming.await?, inner).await });
    }
    Ok(())
}

async fn send_and_compare(connection: &Connection, bytes: Vec<u8>) -> Result<(), AnyError> {
    let (mut send, mut receive) = connection.open_bi().await?;
    let sending = async {
        send.write_all(&bytes).await?;
        send.finish()?;
        Ok::<_, AnyError>(())
    };
    let receiving = async { Ok(receive.read_to_end(2 * LARGE).await?) };
    let ((), received) = anyrt::try_gather((sending, receiving)).await?;
    assert!(received == bytes);
    Ok(())
}

/// Closes both endpoints, and waits until their peers know.
async fn close(endpoints: [&Endpoint; 2]) {
    for endpoint in endpoints {
        endpoint.close(0_u32.into(), b"done");
        endpoint.wait_idle().await;
    }
}

/// Checks that streams carry bytes in both directions, one after the other and at the same time. The group ends by
/// itself once the endpoints are closed and dropped: no task is left.
#[anyrt::test]
async fn streams_carry_bytes_both_ways() {
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let (server, client) = endpoints(&tg);
        tg.spawn(serve(server.clone(), tg.clone()));
        let connection = connect(&client, server.local_addr()?).await?;
        send_and_compare(&connection, b"hello".to_vec()).await?;
        send_and_compare(&connection, vec![7; LARGE]).await?;
        let streams = (0..20_u8).map(|number| {
            let connection = connection.clone();
            async move { send_and_compare(&connection, vec![number; 10_000]).await }
        });
        anyrt::try_gather(streams.collect::<Vec<_>>()).await?;
        let tasks = anyrt::task::all();
        let ours = tasks.iter().filter(|task| &*task.name() == "quinn").count();
        assert_eq!(ours, 4, "two endpoints, and two ends of a connection");
        close([&client, &server]).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that the server opens streams too, in one direction, and that packets without a stream arrive.
#[anyrt::test]
async fn the_server_sends_by_itself() {
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let (server, client) = endpoints(&tg);
        let accepting = server.clone();
        tg.spawn(async move {
            let connection = accepting.accept().await.unwrap().await?;
            let mut send = connection.open_uni().await?;
            send.write_all(b"from the server").await?;
            send.finish()?;
            // A packet may be lost, but the next one is not.
            while connection.close_reason().is_none() {
                connection.send_datagram("packet".into()).ok();
                anyrt::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        });
        let connection = connect(&client, server.local_addr()?).await?;
        let mut receive = connection.accept_uni().await?;
        assert_eq!(receive.read_to_end(100).await?, b"from the server");
        assert_eq!(&*connection.read_datagram().await?, b"packet");
        close([&client, &server]).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that many connections of one endpoint send at the same time: they share its socket.
#[anyrt::test]
async fn connections_share_an_endpoint() {
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let (server, client) = endpoints(&tg);
        tg.spawn(serve(server.clone(), tg.clone()));
        let address = server.local_addr()?;
        let connections = (0..10_u8).map(|number| {
            let client = &client;
            async move {
                let connection = connect(client, address).await?;
                send_and_compare(&connection, vec![number; LARGE / 10]).await
            }
        });
        anyrt::try_gather(connections.collect::<Vec<_>>()).await?;
        close([&client, &server]).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a certificate that is not trusted is refused, and the peer is told.
#[anyrt::test]
async fn an_unknown_certificate_is_refused() {
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let (server, client) = endpoints(&tg);
        let accepting = server.clone();
        let refused = tg.spawn(async move {
            let connection = accepting.accept().await.unwrap().await;
            Ok(connection.is_err())
        });
        let nothing = ClientConfig::with_root_certificates(Arc::new({
            let mut roots = RootCertStore::empty();
            let other = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
            roots.add(other.cert.der().clone())?;
            roots
        }))?;
        let connection = client
            .connect_with(nothing, server.local_addr()?, "localhost")?
            .await;
        assert!(matches!(
            connection,
            Err(ConnectionError::TransportError(_))
        ));
        assert!(refused.value().await);
        close([&client, &server]).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that a peer whose group was cancelled is given up at the idle timeout, by the clock of the run. In a
/// simulation, where no thread is slow, also that keep-alive packets prevent that while it lives.
#[anyrt::test]
async fn a_peer_that_is_gone_is_given_up() {
    const IDLE: Duration = Duration::from_secs(1);
    let simulated = Backend::current() == Some(Backend::Sim);
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let server = endpoint(&tg, Some(server_config(TransportConfig::default())));
        let address = server.local_addr()?;
        let accepting = server.clone();
        let connected = tg.spawn(async move { Ok(accepting.accept().await.unwrap().await?) });
        let inner = anyrt::task_group::<AnyError, _, _>(async |inner: Group| {
            let mut transport = TransportConfig::default();
            transport.max_idle_timeout(Some(IDLE.try_into()?));
            transport.keep_alive_interval(Some(IDLE / 8));
            let mut client = endpoint(&inner, None);
            client.set_default_client_config(client_config(transport));
            let connection = connect(&client, address).await?;
            if simulated {
                anyrt::sleep(IDLE * 10).await;
                assert!(connection.close_reason().is_none());
            }
            inner.cancel();
            Ok(connection)
        });
        let ours = inner.await.unwrap();
        assert!(ours.close_reason().is_some() || ours.open_uni().await.is_err());
        let start = anyrt::now();
        let reason = connected.value().await.closed().await;
        assert_eq!(reason, ConnectionError::TimedOut);
        let passed = anyrt::now() - start;
        assert!(!simulated || passed >= IDLE / 2, "{passed:?}");
        server.close(0_u32.into(), b"done");
        Ok(())
    });
    anyrt::fail_after(60 * SECOND, group)
        .await
        .unwrap()
        .unwrap();
}

/// Checks that a socket of the standard library is adopted, that an endpoint can move to another one, and that a
/// connection can be dropped on a thread without a runtime.
#[anyrt::test(backends = ["tokio", "smol", "async-std"])]
async fn sockets_of_the_standard_library_are_adopted() {
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let server = endpoint(&tg, Some(server_config(TransportConfig::default())));
        tg.spawn(serve(server.clone(), tg.clone()));
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let runtime = Arc::new(QuinnRuntime::new(tg.clone()));
        let mut client = Endpoint::new(EndpointConfig::default(), None, socket, runtime)?;
        client.set_default_client_config(client_config(TransportConfig::default()));
        let connection = connect(&client, server.local_addr()?).await?;
        send_and_compare(&connection, vec![1; 1000]).await?;
        client.rebind(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?)?;
        send_and_compare(&connection, vec![2; 1000]).await?;
        std::thread::spawn(move || drop(connection)).join().unwrap();
        close([&client, &server]).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that the sender waits for a receiver that is slow, and that all bytes arrive.
#[anyrt::test]
async fn a_slow_receiver_slows_the_sender() {
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let (server, client) = endpoints(&tg);
        let accepting = server.clone();
        let received = tg.spawn(async move {
            let connection = accepting.accept().await.unwrap().await?;
            let mut receive = connection.accept_uni().await?;
            let mut length = 0;
            while let Some(chunk) = receive.read_chunk(200_000, true).await? {
                length += chunk.bytes.len();
                anyrt::sleep(Duration::from_millis(1)).await;
            }
            Ok(length)
        });
        let connection = connect(&client, server.local_addr()?).await?;
        let mut send = connection.open_uni().await?;
        send.write_all(&vec![3; 3 * LARGE]).await?;
        send.finish()?;
        assert_eq!(received.value().await, 3 * LARGE);
        close([&client, &server]).await;
        Ok(())
    });
    group.await.unwrap();
}

/// Checks that all bytes arrive through a network that delays, loses and duplicates packets, between two simulated
/// hosts.
#[test]
fn a_rough_network_loses_no_bytes() {
    let config = Config::default()
        .faults(Faults::rough())
        .time_limit(3600 * SECOND);
    let seeds = Seeds::from_env(0..10).config(config).jobs(2);
    seeds.run(through_a_network).unwrap();
}

async fn through_a_network() {
    const PORT: u16 = 443;
    let served = async || {
        let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
            let config = server_config(TransportConfig::default());
            let server = endpoint_at((Ipv4Addr::UNSPECIFIED, PORT), &tg, Some(config));
            serve(server, tg).await
        });
        group.await.unwrap();
    };
    let simulation = Simulation::current().unwrap();
    simulation.host("server").start(served);
    let group = anyrt::task_group::<AnyError, _, _>(async |tg: Group| {
        let mut client = endpoint_at((Ipv4Addr::UNSPECIFIED, 0), &tg, None);
        client.set_default_client_config(client_config(TransportConfig::default()));
        let address = anyrt::net::lookup("server", PORT).await?[0];
        let connection = connect(&client, address).await?;
        let streams = (0..4_u8).map(|number| {
            let connection = connection.clone();
            async move { send_and_compare(&connection, vec![number; LARGE / 10]).await }
        });
        anyrt::try_gather(streams.collect::<Vec<_>>()).await?;
        client.close(0_u32.into(), b"done");
        client.wait_idle().await;
        Ok(())
    });
    group.await.unwrap();
}

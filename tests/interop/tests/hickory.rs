//! DNS with hickory's resolver, against a small name server, on every backend and simulated.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::TaskGroup;
use anyrt::interop::hickory::HickoryProvider;
use anyrt::net::{ListenerExt, TcpListener, TcpStream, UdpSocket};
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

type Group = TaskGroup<io::Error>;
type Lookups = Resolver<HickoryProvider<io::Error>>;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The requests that the name server has received.
#[derive(Debug, Default)]
struct Requests {
    udp: AtomicUsize,
    tcp: AtomicUsize,
}

/// Returns the answer to a request, or `None` if the server ignores it.
///
/// | name | answer |
/// | --- | --- |
/// | `unknown.test` | that there is no such name |
/// | `silent.test` | none |
/// | `lossy.test` | none to the first two requests |
/// | `large.test`, `TXT` | 40 texts of 100 bytes, over TCP; over UDP, that they are too many |
/// | other names, `A` | one address |
fn answer(request: &[u8], over_tcp: bool, count: usize) -> Option<Vec<u8>> {
    let request = Message::from_vec(request).unwrap();
    let query = request.queries[0].clone();
    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata.recursion_available = true;
    response.add_query(query.clone());
    let name: Name = query.name().clone();
    let record = |data| Record::from_rdata(name.clone(), 60, data);
    match (name.to_utf8().as_str(), query.query_type()) {
        ("silent.test.", _) => return None,
        ("lossy.test.", _) if count < 2 => return None,
        ("unknown.test.", _) => response.metadata.response_code = ResponseCode::NXDomain,
        ("large.test.", RecordType::TXT) if over_tcp => {
            for number in 0..40 {
                let text = format!("{number:0>100}");
                response.add_answer(record(RData::TXT(TXT::new(vec![text]))));
            }
        }
        ("large.test.", RecordType::TXT) => response.metadata.truncation = true,
        (_, RecordType::A) => {
            response.add_answer(record(RData::A(A(ADDRESS))));
        }
        _ => {}
    }
    Some(response.to_vec().unwrap())
}

/// Opens a UDP socket and a listener at one port.
fn sockets() -> io::Result<(UdpSocket, TcpListener)> {
    loop {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        match TcpListener::bind(socket.local_addr()?) {
            Ok(listener) => return Ok((socket, listener)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}

/// Answers requests over UDP.
async fn answer_packets(socket: UdpSocket, requests: Arc<Requests>) -> io::Result<()> {
    loop {
        let (request, from) = socket.receive_from(4096).await?;
        let count = requests.udp.fetch_add(1, Ordering::Relaxed);
        if let Some(answer) = answer(&request, false, count) {
            socket.send_to(&answer, from).await?;
        }
    }
}

/// Answers requests over a TCP connection, until the client closes it.
async fn answer_stream(stream: TcpStream, requests: Arc<Requests>) {
    let mut stream = BufferedByteStream::new(stream);
    while let Ok(length) = stream.receive_exactly(2).await {
        let length = u16::from_be_bytes([length[0], length[1]]);
        let request = stream.receive_exactly(length.into()).await.unwrap();
        let count = requests.tcp.fetch_add(1, Ordering::Relaxed);
        let answer = answer(&request, true, count).unwrap();
        let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
        stream.send(&[&length, &*answer].concat()).await.unwrap();
    }
}

/// Starts a name server in the group.
fn serve(group: &Group) -> io::Result<(SocketAddr, Arc<Requests>)> {
    let (socket, listener) = sockets()?;
    let address = socket.local_addr()?;
    let requests = Arc::<Requests>::default();
    group.spawn(answer_packets(socket, requests.clone()));
    let seen = requests.clone();
    group.spawn(async move {
        let served = listener.serve(move |stream: TcpStream| answer_stream(stream, seen.clone()));
        served.await
    });
    Ok((address, requests))
}

/// Creates a resolver that asks this name server.
fn resolver(group: &Group, server: SocketAddr, change: impl FnOnce(&mut ResolverOpts)) -> Lookups {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = Resolver::builder_with_config(config, HickoryProvider::new(group.clone()));
    builder.options_mut().os_port_selection = true;
    change(builder.options_mut());
    builder.build().unwrap()
}

/// Runs a test with a name server, and a resolver in a group within that of the server. The inner group ends
/// without being cancelled, since the resolver is dropped.
async fn with_resolver(
    change: impl FnOnce(&mut ResolverOpts),
    test: impl AsyncFnOnce(Lookups, Arc<Requests>),
) {
    let group = anyrt::task_group::<io::Error, _, _>(async |tg: Group| {
        let (address, requests) = serve(&tg)?;
        let inner = anyrt::task_group::<io::Error, _, _>(async |inner: Group| {
            test(resolver(&inner, address, change), requests).await;
            Ok(())
        });
        inner.await.unwrap();
        tg.cancel();
        Ok(())
    });
    group.await.unwrap();
}

fn unchanged(_: &mut ResolverOpts) {}

#[anyrt::test]
async fn addresses_are_looked_up_and_kept() {
    with_resolver(unchanged, async |resolver, requests| {
        for _ in 0..3 {
            let found = resolver.lookup("host.test.", RecordType::A).await.unwrap();
            assert_eq!(found.answers()[0].data, RData::A(A(ADDRESS)));
        }
        assert_eq!(requests.udp.load(Ordering::Relaxed), 1);
        assert_eq!(requests.tcp.load(Ordering::Relaxed), 0);
    })
    .await;
}

#[anyrt::test]
async fn an_unknown_name_is_an_error() {
    with_resolver(unchanged, async |resolver, _| {
        let error = resolver.lookup_ip("unknown.test.").await.unwrap_err();
        assert!(
            matches!(&error, NetError::Dns(DnsError::NoRecordsFound(_))),
            "{error:?}"
        );
    })
    .await;
}

/// Checks that many lookups run at the same time, and that tasks of hickory are children of the group.
#[anyrt::test]
async fn lookups_run_at_the_same_time() {
    with_resolver(unchanged, async |resolver, _| {
        let lookups = (0..30).map(|number| {
            let resolver = resolver.clone();
            async move { resolver.lookup_ip(format!("host-{number}.test.")).await }
        });
        let found = anyrt::try_gather(lookups.collect::<Vec<_>>())
            .await
            .unwrap();
        assert!(found.iter().all(|found| found.iter().eq([ADDRESS])));
        let tasks = anyrt::task::all();
        assert!(tasks.iter().any(|task| &*task.name() == "hickory"));
    })
    .await;
}

#[anyrt::test]
async fn an_answer_that_is_too_large_is_received_over_tcp() {
    with_resolver(unchanged, async |resolver, requests| {
        let found = resolver
            .lookup("large.test.", RecordType::TXT)
            .await
            .unwrap();
        assert_eq!(found.answers().len(), 40);
        assert_eq!(requests.udp.load(Ordering::Relaxed), 1);
        assert_eq!(requests.tcp.load(Ordering::Relaxed), 1);
    })
    .await;
}

/// Checks that hickory repeats a request that has no answer, by the clock of the run.
#[anyrt::test]
async fn a_lost_request_is_repeated() {
    let change = |options: &mut ResolverOpts| {
        options.timeout = Duration::from_millis(500);
        options.attempts = 5;
    };
    with_resolver(change, async |resolver, requests| {
        let found = resolver.lookup("lossy.test.", RecordType::A).await.unwrap();
        assert_eq!(found.answers().len(), 1);
        assert!(requests.udp.load(Ordering::Relaxed) >= 3);
    })
    .await;
}

#[anyrt::test]
async fn a_silent_server_is_given_up() {
    let limit = Duration::from_millis(50);
    let change = |options: &mut ResolverOpts| {
        options.timeout = limit;
        options.attempts = 1;
    };
    with_resolver(change, async |resolver, _| {
        let start = anyrt::now();
        let error = resolver
            .lookup("silent.test.", RecordType::A)
            .await
            .unwrap_err();
        assert!(matches!(&error, NetError::Timeout), "{error:?}");
        assert!(anyrt::now() - start >= limit);
    })
    .await;
}

/// Waits until the server has received this many requests.
async fn wait_for(requests: &Requests, count: usize) {
    while requests.udp.load(Ordering::Relaxed) < count {
        anyrt::sleep(Duration::from_millis(1)).await;
    }
}

/// Checks that a lookup can be interrupted, and fails if the group of hickory's tasks is
/// cancelled or has ended.
#[anyrt::test]
async fn cancelling_ends_lookups() {
    let group = anyrt::task_group::<io::Error, _, _>(async |tg: Group| {
        let (address, requests) = serve(&tg)?;
        let inner = anyrt::task_group::<io::Error, _, _>(async |inner: Group| {
            // hickory reports the failure of a connection at the end of this limit.
            let short = |options: &mut ResolverOpts| options.timeout = Duration::from_millis(500);
            let resolver = resolver(&inner, address, short);
            let silent = async {
                drop(resolver.lookup("silent.test.", RecordType::A).await);
                panic!("there is no answer");
            };
            anyrt::race((silent, wait_for(&requests, 1))).await;

            let waiting = resolver.clone();
            let waiting = tg.spawn(async move {
                let failed = waiting.lookup("silent.test.", RecordType::A).await;
                Ok(failed.is_err())
            });
            wait_for(&requests, 2).await;
            inner.cancel();
            Ok((resolver, waiting))
        });
        let (resolver, waiting) = inner.await.unwrap();
        assert!(waiting.value().await);
        let late = resolver.lookup("host.test.", RecordType::A);
        assert!(late.await.is_err());
        tg.cancel();
        Ok(())
    });
    group.await.unwrap();
}

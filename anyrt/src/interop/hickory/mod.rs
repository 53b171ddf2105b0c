//! Adapters for hickory 0.26, a DNS library; features `hickory` and, implied, `net`.
//!
//! hickory's resolver and its clients need a [`HickoryProvider`]: it opens sockets, waits, and starts tasks in a group.
//! It works on every backend, and in a simulation.
//!
//! anyrt itself looks up names with the functions of the operating system ([`net::lookup`](crate::net::lookup)). A
//! resolver is for other records, other servers, or a cache; see `hickory_resolver`.
//!
//! # Tasks
//!
//! A connection with a name server is a task, over UDP too. It ends when the resolver is dropped, and the group does not
//! end before. Cancelling the group ends it at once; pending requests then fail at their time limit
//! (`ResolverOpts::timeout`).
//!
//! # Limitations
//!
//! - Time limits and pauses follow the run's clock. hickory's cache and its statistics of servers use the real clock: in
//!   a simulation, entries do not expire as virtual time passes.
//! - hickory draws the numbers of requests, and ports, at random. In a simulation that is not repeatable.
//! - There are UDP and TCP. DNS over QUIC needs a socket that this provider does not have. DNS over TLS and HTTPS are not
//!   tested.
//!
//! # Examples
//!
//! A resolver, and a name server that has one address for every name:
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use std::error::Error;
//! use std::net::Ipv4Addr;
//!
//! use anyrt::interop::hickory::HickoryProvider;
//! use anyrt::net::UdpSocket;
//! use hickory_resolver::Resolver;
//! use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
//! # use hickory_resolver::proto::op::Message;
//! # use hickory_resolver::proto::rr::{RData, Record, RecordType, rdata::A};
//!
//! # async fn serve(socket: UdpSocket) -> Result<(), Box<dyn Error + Send + Sync>> {
//! #     loop {
//! #         let (request, from) = socket.receive_from(1500).await?;
//! #         let request = Message::from_vec(&request)?;
//! #         let query = request.queries[0].clone();
//! #         let mut response = Message::response(request.metadata.id, request.metadata.op_code);
//! #         if query.query_type() == RecordType::A {
//! #             let data = RData::A(A(Ipv4Addr::new(192, 0, 2, 1)));
//! #             response.add_answer(Record::from_rdata(query.name().clone(), 60, data));
//! #         }
//! #         response.add_query(query);
//! #         socket.send_to(&response.to_vec()?, from).await?;
//! #     }
//! # }
//! let group = anyrt::task_group::<Box<dyn Error + Send + Sync>, _, _>(async |tg| {
//!     let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
//!     let address = server.local_addr()?;
//!     tg.spawn(serve(server));
//!
//!     let mut connection = ConnectionConfig::udp();
//!     connection.port = address.port();
//!     let server = NameServerConfig::new(address.ip(), true, vec![connection]);
//!     let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
//!     let provider = HickoryProvider::new(tg.clone());
//!     let resolver = Resolver::builder_with_config(config, provider).build()?;
//!     let addresses: Vec<_> = resolver.lookup_ip("example.org.").await?.iter().collect();
//!     tg.cancel();
//!     Ok(addresses)
//! });
//! assert_eq!(anyrt::run(group).unwrap(), [Ipv4Addr::new(192, 0, 2, 1)]);
//! ```

mod provider;
mod sockets;

pub use self::provider::{HickoryHandle, HickoryProvider, HickoryTime};
pub use self::sockets::{HickoryTcpStream, HickoryUdpSocket};

//! Adapters for quinn 0.11, an implementation of QUIC; features `quinn` and, implied, `net`.
//!
//! quinn needs a runtime that starts its tasks and has a clock ([`QuinnRuntime`]), and a socket ([`QuinnSocket`]). They
//! work on every backend, and in a simulation.
//!
//! Both are arguments of `Endpoint::new_with_abstract_socket`. `Endpoint::new` is the same for a socket of the standard
//! library, which the runtime adopts. `Endpoint::client` and `Endpoint::server` look for a runtime of quinn's own; do not
//! use them.
//!
//! # Tasks
//!
//! An endpoint is a task, and so is each of its connections. They are children of the group that the runtime was created
//! with. A connection ends when it is closed and its peer has had the time to learn that; the endpoint ends when all of
//! its handles and connections are dropped. Cancelling the group drops both at once: a peer that is not told finds
//! out by its idle timeout. So close the endpoint first, and wait with `Endpoint::wait_idle`.
//!
//! # Examples
//!
//! A server that returns what it receives, and a client. `server_config` and `client_config` are quinn's own.
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return Ok::<_, Box<dyn std::error::Error>>(()) }
//! use std::error::Error;
//! use std::net::Ipv4Addr;
//! use std::sync::Arc;
//!
//! use anyrt::interop::quinn::{QuinnRuntime, QuinnSocket};
//! use quinn::{Endpoint, EndpointConfig};
//! # use quinn::{ClientConfig, ServerConfig, rustls};
//!
//! # let key = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! # let certificate = key.cert.der().clone();
//! # let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()).into();
//! # let server_config = ServerConfig::with_single_cert(vec![certificate.clone()], private)?;
//! # let mut roots = rustls::RootCertStore::empty();
//! # roots.add(certificate)?;
//! # let client_config = ClientConfig::with_root_certificates(Arc::new(roots))?;
//! let group = anyrt::task_group::<Box<dyn Error + Send + Sync>, _, _>(async |tg| {
//!     let runtime = Arc::new(QuinnRuntime::new(tg.clone()));
//!     let open = |server_config| {
//!         let socket = QuinnSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
//!         let config = EndpointConfig::default();
//!         let (socket, runtime) = (Arc::new(socket), runtime.clone());
//!         Endpoint::new_with_abstract_socket(config, server_config, socket, runtime)
//!     };
//!     let (server, client) = (open(Some(server_config))?, open(None)?);
//!     let address = server.local_addr()?;
//!     tg.spawn(async move {
//!         let Some(incoming) = server.accept().await else { return Ok(()) };
//!         let connection = incoming.await?;
//!         let (mut send, mut receive) = connection.accept_bi().await?;
//!         send.write_all(&receive.read_to_end(1000).await?).await?;
//!         send.finish()?;
//!         connection.closed().await;
//!         Ok(())
//!     });
//!
//!     let connection = client.connect_with(client_config, address, "localhost")?.await?;
//!     let (mut send, mut receive) = connection.open_bi().await?;
//!     send.write_all(b"hello").await?;
//!     send.finish()?;
//!     let answer = receive.read_to_end(1000).await?;
//!     client.close(0_u32.into(), b"done");
//!     client.wait_idle().await;
//!     Ok(answer)
//! });
//! assert_eq!(anyrt::run(group).unwrap(), b"hello");
//! # Ok(())
//! ```

mod runtime;
mod socket;
mod writable;

pub use self::runtime::QuinnRuntime;
pub use self::socket::QuinnSocket;

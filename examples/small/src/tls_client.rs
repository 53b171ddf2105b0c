//! A TLS client: it trusts one certificate, which the local server has, and uses the encrypted stream as any other. A
//! client that trusts another certificate is not connected. Over the internet, `TlsClientConfig::new` trusts the
//! authorities of the system.

use std::error::Error;
use std::io;

use anyrt::net::{Connectable, ListenerExt, LocalPort, TcpConnectable, listen_tcp};
use anyrt::stream::{AttributesExt, BufferedByteStream, ByteSendStreamExt, ByteStream};
use anyrt::tls::{self, TlsClientConfig, TlsListener, TlsServerConfig, TlsVersion};

/// Returns a certificate for `localhost` that is its own authority, and the configuration of its server.
fn self_signed() -> Result<(TlsClientConfig, TlsServerConfig), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = tls::certificates_from_pem(made.cert.pem())?;
    let key = tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    let client = TlsClientConfig::with_roots(certificate.clone())?;
    Ok((client, TlsServerConfig::new(certificate, key)?))
}

/// Answers one line.
async fn answer(stream: impl ByteStream) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    let name = stream.receive_until(b"\n", 100).await?;
    stream.send(&[b"hello, ", &*name, b"\n"].concat()).await?;
    stream.close().await
}

async fn talk(address: TcpConnectable, config: TlsClientConfig) -> io::Result<()> {
    let stream = address.tls(config).connect().await?;
    println!("connected by {:?}", stream.attribute::<TlsVersion>()?);
    let mut stream = BufferedByteStream::new(stream);
    stream.send(b"world\n").await?;
    let answer = stream.receive_until(b"\n", 100).await?;
    println!("answer: {}", String::from_utf8_lossy(&answer));
    Ok(())
}

#[anyrt::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (trusting, server) = self_signed()?;
    let (distrusting, _) = self_signed()?;
    let listener = listen_tcp(Some("localhost"), 0).await?;
    let address = TcpConnectable::new("localhost", listener.attribute::<LocalPort>()?);
    let listener = TlsListener::new(listener, server);
    let serving = listener.serve(async |stream| drop(answer(stream).await));
    let talking = async {
        talk(address.clone(), trusting).await?;
        let refused = talk(address, distrusting).await;
        println!("not connected: {}", refused.unwrap_err());
        Ok(())
    };
    Ok(anyrt::race((serving, talking)).await?)
}

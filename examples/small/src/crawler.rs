//! A crawler, which follows the links of a local site level by level. `try_map_concurrent` fetches at most four pages
//! at a time. Each page has a time limit, and the first failure ends the crawl.

use std::collections::HashSet;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyrt::net::{ListenerExt, TcpListener, TcpStream, connect_tcp};
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};

/// Answers the request `GET path` with one line: the links of the page.
async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    let request = stream.receive_until(b"\n", 1000).await?;
    let links: &[u8] = match &*request {
        b"GET /" => b"/news /about\n",
        b"GET /news" => b"/ /news/1 /news/2\n",
        b"GET /about" => b"/ /news\n",
        _ => b"\n",
    };
    stream.send(links).await?;
    stream.close().await
}

async fn fetch(port: u16, path: &str) -> io::Result<String> {
    let mut stream = BufferedByteStream::new(connect_tcp("127.0.0.1", port).await?);
    stream.send(format!("GET {path}\n").as_bytes()).await?;
    let links = stream.receive_until(b"\n", 1000).await?;
    String::from_utf8(links).map_err(io::Error::other)
}

async fn crawl(port: u16) -> io::Result<()> {
    let mut seen = HashSet::from(["/".to_owned()]);
    let mut level = vec!["/".to_owned()];
    while !level.is_empty() {
        println!("{}", level.join(" "));
        let pages = anyrt::try_map_concurrent(4, level, async |path| {
            anyrt::fail_after(Duration::from_secs(5), fetch(port, &path)).await?
        });
        let pages = pages.await?.join(" ");
        let links = pages.split_whitespace().map(str::to_owned);
        level = links.filter(|link| seen.insert(link.clone())).collect();
    }
    Ok(())
}

#[anyrt::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let serving = listener.serve(async |stream| drop(serve(stream).await));
    anyrt::race((serving, crawl(port))).await
}

//! A chat server: each member gets the lines of all members through a queue of its own. Two futures serve a member, one
//! for each direction. However the connection ends, `finally` removes the member.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use anyrt::net::{ListenerExt, TcpListener, TcpStream, connect_tcp};
use anyrt::stream::{
    BufferedByteStream, ByteReceiveStream, ByteSendStreamExt, MemoryObjectSendStream,
};

type Room = Arc<Mutex<BTreeMap<String, MemoryObjectSendStream<String>>>>;

fn tell(room: &Room, line: &str) {
    for queue in room.lock().unwrap().values() {
        // A member whose queue is full misses the line, and does not hold up the others.
        drop(queue.try_send(format!("{line}\n")));
    }
}

async fn read(stream: &mut BufferedByteStream<impl ByteReceiveStream>) -> io::Result<String> {
    let line = stream.receive_until(b"\n", 1000).await?;
    String::from_utf8(line).map_err(io::Error::other)
}

async fn serve(stream: TcpStream, room: Room) {
    let (mut sending, receiving) = stream.into_split();
    let mut receiving = BufferedByteStream::new(receiving);
    let Ok(name) = read(&mut receiving).await else {
        return;
    };
    let (queue, lines) = anyrt::memory_object_stream(16);
    room.lock().unwrap().insert(name.clone(), queue);
    tell(&room, &format!("{name} joined"));
    let to_room = async {
        while let Ok(line) = read(&mut receiving).await {
            tell(&room, &format!("{name}: {line}"));
        }
    };
    let to_member = async {
        while let Ok(line) = lines.receive().await
            && sending.send(line.as_bytes()).await.is_ok()
        {}
    };
    let leave = async || {
        room.lock().unwrap().remove(&name);
        tell(&room, &format!("{name} left"));
    };
    anyrt::finally(anyrt::race((to_room, to_member)), leave).await;
}

/// Two members who talk.
async fn talk(port: u16) -> io::Result<()> {
    let mut ada = BufferedByteStream::new(connect_tcp("127.0.0.1", port).await?);
    ada.send(b"ada\n").await?;
    println!("ada reads: {}", read(&mut ada).await?);
    let mut bob = connect_tcp("127.0.0.1", port).await?;
    bob.send(b"bob\nhello\n").await?;
    println!("ada reads: {}", read(&mut ada).await?);
    println!("ada reads: {}", read(&mut ada).await?);
    bob.close().await?;
    println!("ada reads: {}", read(&mut ada).await?);
    Ok(())
}

#[anyrt::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let room = Room::default();
    let serving = listener.serve(|stream| serve(stream, room.clone()));
    // The end of `talk` cancels the server, which ends the connections.
    anyrt::race((serving, talk(port))).await
}

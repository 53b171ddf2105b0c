//! ST-04, ST-15: a closed stream is gone.

use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, FileReadStream, memory_byte_stream};

async fn again() -> std::io::Result<()> {
    let (mut stream, _peer) = memory_byte_stream(100);
    stream.close().await?;
    stream.send(b"more").await?;
    let mut file = FileReadStream::open("Cargo.toml").await?;
    file.close().await;
    file.receive(10).await?;
    Ok(())
}

fn main() {
    anyrt::run(again()).unwrap();
}

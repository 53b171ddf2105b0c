//! Generic code over byte streams is `Send` wherever the streams are.

use std::io::{self, SeekFrom};

use anyrt::stream::{
    BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, FileReadStream,
    FileWriteStream, ObjectReceiveStream, ObjectSendStream, TextStream, memory_byte_stream,
};

async fn bytes(stream: impl ByteStream) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    stream.receive_until(b"\n", 10).await?;
    stream.receive_exactly(1).await?;
    stream.receive(1).await?;
    stream.receive_into(&mut [0]).await?;
    stream.send(b"x").await?;
    stream.send_eof().await?;
    stream.close().await
}

async fn text(stream: impl ByteStream) -> io::Result<()> {
    let mut stream = TextStream::new(stream);
    stream.receive().await?;
    stream.send("x").await?;
    stream.send_eof().await?;
    stream.close().await
}

async fn objects<S, E>(mut stream: S) -> Result<(), E>
where
    S: ObjectReceiveStream<Item = String, ReceiveError = E>,
    S: ObjectSendStream<String, SendError = E>,
{
    let item = stream.receive().await?;
    stream.send(item).await?;
    stream.send_eof().await
}

async fn files(path: String) -> io::Result<()> {
    let mut file = FileReadStream::open(&path).await?;
    file.seek(SeekFrom::Start(1)).await?;
    file.tell().await?;
    file.close().await;
    FileWriteStream::append(&path).await?;
    FileWriteStream::create(&path).await?.close().await
}

pub(crate) fn main() {
    let group = anyrt::task_group(async |tg| {
        let (near, far) = memory_byte_stream(1);
        tg.spawn(bytes(near));
        tg.spawn(text(far));
        let (near, far) = memory_byte_stream(1);
        tg.spawn(objects(TextStream::new(near)));
        tg.spawn(bytes(Box::new(far) as Box<dyn ByteStream>));
        tg.spawn(files(String::new()));
        Ok::<_, io::Error>(())
    });
    drop(group);
}

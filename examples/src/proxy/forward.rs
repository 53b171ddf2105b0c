//! Forwarding bytes in both directions, between any streams.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyrt::stream::{
    ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt, is_end_of_stream,
};
use anyrt::sync::Event;

/// The buffer of each direction, which is its only memory.
const BUFFER: usize = 64 * 1024;

/// The time that the other end may take to end, after one end has failed.
const LINGER: Duration = Duration::from_secs(1);

/// One end of a connection.
pub(crate) struct End<R, S> {
    pub(crate) name: &'static str,
    pub(crate) receive: R,
    pub(crate) send: S,
}

/// The number of bytes that were forwarded.
#[derive(Default)]
pub(crate) struct Carried {
    pub(crate) there: AtomicU64,
    pub(crate) back: AtomicU64,
}

/// An end that failed.
#[derive(Debug)]
pub(crate) struct Broken {
    name: &'static str,
    error: io::Error,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.error)
    }
}

/// Forwards the bytes of each end to the other, until both have ended. When one direction ends, its end
/// is forwarded, and the other direction continues. `moved` is called for all bytes that move.
///
/// An end that receives nothing more may still have a response to send, so that direction continues too.
/// The bytes that the other end sends meanwhile are discarded.
///
/// # Cancel safety
///
/// Cancelling it loses the bytes that were received and not yet sent.
///
/// # Errors
///
/// Returns an error if one end failed.
pub(crate) async fn forward(
    near: End<impl ByteReceiveStream, impl ByteSendStream>,
    far: End<impl ByteReceiveStream, impl ByteSendStream>,
    carried: &Carried,
    moved: impl Fn(),
) -> Result<(), Broken> {
    let (mut near, mut far) = (near, far);
    let (there, back) = (Direction::default(), Direction::default());
    let going_there = there.run(
        (near.name, &mut near.receive),
        (far.name, &mut far.send),
        &back,
        Counter {
            count: &carried.there,
            moved: &moved,
        },
    );
    let going_back = back.run(
        (far.name, &mut far.receive),
        (near.name, &mut near.send),
        &there,
        Counter {
            count: &carried.back,
            moved: &moved,
        },
    );
    let (there, back) = anyrt::gather((going_there, going_back)).await;
    there.and(back)
}

/// The state of a direction that the opposite one needs.
#[derive(Default)]
struct Direction {
    /// It forwards nothing any more.
    over: Event,
    /// Receiving failed: sending to that end is useless.
    gone: Event,
}

/// The callbacks for the bytes that move in a direction.
struct Counter<'a, M> {
    count: &'a AtomicU64,
    moved: &'a M,
}

/// The reason why a direction stopped before its end.
enum Failed {
    Receiving(Broken),
    Sending(Broken),
}

impl Direction {
    async fn run(
        &self,
        (name, from): (&'static str, &mut impl ByteReceiveStream),
        to: (&'static str, &mut impl ByteSendStream),
        opposite: &Direction,
        counter: Counter<'_, impl Fn()>,
    ) -> Result<(), Broken> {
        let mut buffer = vec![0; BUFFER];
        let carrying = async { Some(carry((name, &mut *from), to, &mut buffer, counter).await) };
        let gone = async {
            opposite.gone.wait().await;
            None
        };
        let carried = anyrt::race((carrying, gone)).await;
        self.over.set();
        let result = match carried {
            Some(Ok(())) => return Ok(()),
            Some(Err(Failed::Receiving(broken))) => {
                self.gone.set();
                return Err(broken);
            }
            Some(Err(Failed::Sending(broken))) => Err(broken),
            // The opposite direction reports the error.
            None => Ok(()),
        };
        // Closing a connection with unread bytes resets it, and the bytes on the way to that end would
        // be lost.
        let discarding = async { while from.receive_into(&mut buffer).await.is_ok() {} };
        let enough = async {
            opposite.over.wait().await;
            anyrt::sleep(LINGER).await;
        };
        anyrt::race((discarding, enough)).await;
        result
    }
}

/// Forwards until the end, and forwards the end.
async fn carry(
    (name, from): (&'static str, &mut impl ByteReceiveStream),
    (target, to): (&'static str, &mut impl ByteSendStream),
    buffer: &mut [u8],
    counter: Counter<'_, impl Fn()>,
) -> Result<(), Failed> {
    let sending = |error| {
        Failed::Sending(Broken {
            name: target,
            error,
        })
    };
    loop {
        let received = match from.receive_into(buffer).await {
            Ok(received) => received,
            Err(error) if is_end_of_stream(&error) => return to.send_eof().await.map_err(sending),
            Err(error) => {
                // No more bytes follow, so the other end must not wait for them. If that fails too, the
                // first error is more useful.
                drop(to.send_eof().await);
                return Err(Failed::Receiving(Broken { name, error }));
            }
        };
        (counter.moved)();
        send(to, &buffer[..received], &counter)
            .await
            .map_err(sending)?;
    }
}

/// Sends all bytes, and counts each part: with a slow end, the whole takes long.
async fn send(
    to: &mut impl ByteSendStream,
    bytes: &[u8],
    counter: &Counter<'_, impl Fn()>,
) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let sent = poll_fn(|cx| Pin::new(&mut *to).poll_write(cx, rest)).await?;
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        rest = &rest[sent..];
        counter.count.fetch_add(sent as u64, Ordering::Relaxed);
        (counter.moved)();
    }
    poll_fn(|cx| Pin::new(&mut *to).poll_flush(cx)).await
}

#[cfg(test)]
mod tests {
    use super::{Broken, Carried, End, forward};
    use anyrt::stream::{
        ByteReceiveStreamExt, ByteSendStreamExt, MemoryByteReceiveStream, MemoryByteSendStream,
        MemoryByteStream, is_end_of_stream, memory_byte_stream,
    };
    use std::sync::atomic::Ordering;

    fn end(
        name: &'static str,
        stream: MemoryByteStream,
    ) -> End<MemoryByteReceiveStream, MemoryByteSendStream> {
        let (send, receive) = stream.into_parts();
        End {
            name,
            receive,
            send,
        }
    }

    /// Forwards between two streams. `talk` has their other ends.
    fn forwarding<T>(
        talk: impl AsyncFnOnce(MemoryByteStream, MemoryByteStream) -> T,
    ) -> (Result<(), Broken>, T, [u64; 2]) {
        let (client, near) = memory_byte_stream(16);
        let (far, target) = memory_byte_stream(16);
        let carried = Carried::default();
        let (forwarded, talked) = anyrt::run(async {
            let forwarding = forward(end("client", near), end("target", far), &carried, || {});
            anyrt::gather((forwarding, talk(client, target))).await
        });
        let counts = [&carried.there, &carried.back].map(|count| count.load(Ordering::Relaxed));
        (forwarded, talked, counts)
    }

    #[test]
    fn each_side_ends_by_itself() {
        let (forwarded, (), counts) = forwarding(async |mut client, mut target| {
            client.send(b"a question").await.unwrap();
            client.send_eof().await.unwrap();
            assert_eq!(target.receive(99).await.unwrap(), b"a question");
            let end = target.receive(99).await.unwrap_err();
            assert!(is_end_of_stream(&end), "the end is passed on");

            target.send(b"an answer").await.unwrap();
            assert_eq!(client.receive(99).await.unwrap(), b"an answer");
            drop(target);
            let end = client.receive(99).await.unwrap_err();
            assert!(is_end_of_stream(&end));
        });
        forwarded.unwrap();
        assert_eq!(counts, [10, 9]);
    }

    #[test]
    fn who_takes_nothing_more_may_still_answer() {
        let (forwarded, (), counts) = forwarding(async |mut client, target| {
            let (mut send, receive) = target.into_parts();
            drop(receive);
            // More than the buffers hold: it is received from the client and discarded.
            client.send(&[1; 1000]).await.unwrap();
            send.send(b"too much").await.unwrap();
            assert_eq!(client.receive(99).await.unwrap(), b"too much");
            drop(send);
            let end = client.receive(99).await.unwrap_err();
            assert!(is_end_of_stream(&end), "the end is passed on");
        });
        let broken = forwarded.unwrap_err().to_string();
        assert!(broken.starts_with("target: "), "{broken}");
        assert_eq!(counts, [0, 8]);
    }

    #[test]
    fn an_end_that_fails_ends_both_directions() {
        let (forwarded, (), counts) = forwarding(async |mut client, target| {
            drop(target);
            client.send(b"lost").await.unwrap();
            let end = client.receive(99).await.unwrap_err();
            assert!(is_end_of_stream(&end));
        });
        let broken = forwarded.unwrap_err().to_string();
        assert!(broken.starts_with("target: "), "{broken}");
        assert_eq!(counts, [0, 0]);
    }
}

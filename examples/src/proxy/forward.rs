//! Carrying bytes in both directions, over any streams.

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

/// How much is carried at a time. Each direction has so much memory, and no more.
const BUFFER: usize = 64 * 1024;

/// When one end has failed and the other has been told, how long that one may take to end.
const LINGER: Duration = Duration::from_secs(1);

/// One end of a connection.
pub(crate) struct End<R, S> {
    pub(crate) name: &'static str,
    pub(crate) receive: R,
    pub(crate) send: S,
}

/// What was carried.
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

/// Carries what each end sends to the other, until both have ended. When one ends, that is passed
/// on, and the other direction goes on. `moved` is called for all that moves.
///
/// An end that takes nothing more may still have an answer to give, so that direction goes on too.
/// What the other end sends meanwhile is discarded.
///
/// # Cancel safety
///
/// Cancelling it loses what was received and could not be sent yet.
///
/// # Errors
///
/// If one end failed.
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

/// What the opposite direction has to know of one.
#[derive(Default)]
struct Direction {
    /// It carries nothing any more.
    over: Event,
    /// Receiving failed: there is no use in sending anything to that end.
    gone: Event,
}

/// Who is told of what moves in a direction.
struct Counter<'a, M> {
    count: &'a AtomicU64,
    moved: &'a M,
}

/// Why a direction stopped before its end.
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
            // The opposite direction says what is wrong.
            None => Ok(()),
        };
        // Closing a connection with something unread resets it, and what is on its way to that end
        // would be lost.
        let discarding = async { while from.receive_into(&mut buffer).await.is_ok() {} };
        let enough = async {
            opposite.over.wait().await;
            anyrt::sleep(LINGER).await;
        };
        anyrt::race((discarding, enough)).await;
        result
    }
}

/// Carries until the end, and passes that on.
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
                // More will not come: nobody should wait for it. If that cannot be said either,
                // the first error tells more.
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

/// Sends all of it, and tells of each part: with a slow end, the whole takes long.
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

    /// Forwards between two streams, of which `talk` has the other ends.
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
            // More than there is room for: it is taken off the client's hands all the same.
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

//! Carrying bytes in both directions, over any streams.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use anyrt::GroupError;
use anyrt::stream::{
    ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt, is_end_of_stream,
};

/// How much is carried at a time. Each direction has so much memory, and no more.
const BUFFER: usize = 64 * 1024;

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
/// # Cancel safety
///
/// Cancelling it loses what was received and could not be sent yet.
///
/// # Errors
///
/// If one end fails, which ends both directions.
pub(crate) async fn forward(
    near: End<impl ByteReceiveStream, impl ByteSendStream>,
    far: End<impl ByteReceiveStream, impl ByteSendStream>,
    carried: &Carried,
    moved: impl Fn(),
) -> Result<(), Broken> {
    let (mut near, mut far) = (near, far);
    let there = carry(
        (near.name, &mut near.receive),
        (far.name, &mut far.send),
        |bytes| {
            carried.there.fetch_add(bytes, Ordering::Relaxed);
            moved();
        },
    );
    let back = carry(
        (far.name, &mut far.receive),
        (near.name, &mut near.send),
        |bytes| {
            carried.back.fetch_add(bytes, Ordering::Relaxed);
            moved();
        },
    );
    match anyrt::try_gather((there, back)).await {
        Ok(((), ())) => Ok(()),
        Err(GroupError::Failed(errors)) => Err(errors.into_first()),
        Err(_) => unreachable!("nobody has a handle to cancel it with"),
    }
}

/// One direction: until the end, which is passed on.
async fn carry(
    (name, from): (&'static str, &mut impl ByteReceiveStream),
    (target, to): (&'static str, &mut impl ByteSendStream),
    moved: impl Fn(u64),
) -> Result<(), Broken> {
    let to_broken = |name| move |error| Broken { name, error };
    let mut buffer = vec![0; BUFFER];
    loop {
        let received = match from.receive_into(&mut buffer).await {
            Ok(received) => received,
            Err(error) if is_end_of_stream(&error) => {
                return to.send_eof().await.map_err(to_broken(target));
            }
            Err(error) => return Err(to_broken(name)(error)),
        };
        let sent = to.send(&buffer[..received]).await;
        sent.map_err(to_broken(target))?;
        moved(received as u64);
    }
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

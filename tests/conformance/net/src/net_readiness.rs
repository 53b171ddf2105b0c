//! Waiting for descriptors: NET-31.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::cancel::fail_after;
use anyrt_core::descriptors::{notify_closing, wait_readable, wait_writable};
use anyrt_core::net::{Descriptor, UnixStream as OurUnixStream};
use anyrt_core::stream::{AttributesExt, ByteReceiveStreamExt, is_closed};
use anyrt_core::task::task_group;
use futures_util::future::join;

use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{OsBackend, OsR};
use crate::support::{Wakes, in_cancelled_scope, poll_once, run, yields};

const SHORT: Duration = Duration::from_millis(20);

fn pair() -> (UnixStream, UnixStream) {
    let pair = UnixStream::pair().unwrap();
    pair.0.set_nonblocking(true).unwrap();
    pair.1.set_nonblocking(true).unwrap();
    pair
}

/// Writes until there is no room.
fn fill(stream: &mut UnixStream) {
    while stream.write(&[0; 4096]).is_ok() {}
}

fn drain(stream: &mut UnixStream) {
    while stream.read(&mut [0; 65_536]).is_ok() {}
}

/// NET-31: `wait_readable` returns when there is data, and again while there is; not before.
pub fn a_readable_descriptor_is_waited_for(backend: &OsBackend) {
    run(backend, async {
        let (mut ours, mut theirs) = pair();
        let waited = fail_after::<OsR, _>(SHORT, wait_readable::<OsR>(&ours));
        assert!(waited.await.is_err(), "there is nothing to read");
        let (waited, ()) = join(wait_readable::<OsR>(&ours), async {
            yields(3).await;
            theirs.write_all(b"some").unwrap();
        })
        .await;
        waited.unwrap();
        for _ in 0..3 {
            wait_readable::<OsR>(&ours).await.unwrap();
        }
        drain(&mut ours);
        let waited = fail_after::<OsR, _>(SHORT, wait_readable::<OsR>(&ours));
        assert!(waited.await.is_err(), "all was read");
        drop(theirs);
        wait_readable::<OsR>(&ours).await.unwrap();
        assert_eq!(ours.read(&mut [0]).unwrap(), 0);
    });
}

/// NET-31: `wait_writable` returns when there is room; not before.
pub fn a_writable_descriptor_is_waited_for(backend: &OsBackend) {
    run(backend, async {
        let (mut ours, mut theirs) = pair();
        wait_writable::<OsR>(&ours).await.unwrap();
        fill(&mut ours);
        let waited = fail_after::<OsR, _>(SHORT, wait_writable::<OsR>(&ours));
        assert!(waited.await.is_err(), "there is no room");
        let (waited, ()) = join(wait_writable::<OsR>(&ours), async {
            yields(3).await;
            drain(&mut theirs);
        })
        .await;
        waited.unwrap();
        assert!(ours.write(b"more").is_ok());
    });
}

/// NET-31: waiting does not change whether the descriptor blocks.
pub fn waiting_leaves_the_mode_alone(backend: &OsBackend) {
    run(backend, async {
        let (mut ours, mut theirs) = pair();
        theirs.write_all(b"some").unwrap();
        ours.set_nonblocking(false).unwrap();
        wait_readable::<OsR>(&ours).await.unwrap();
        drain_exactly(&mut ours);
        ours.set_read_timeout(Some(SHORT)).unwrap();
        let start = std::time::Instant::now();
        assert!(ours.read(&mut [0]).is_err(), "there is nothing to read");
        assert!(start.elapsed() >= SHORT / 2, "reading did not block");
    });
}

fn drain_exactly(stream: &mut UnixStream) {
    stream.read_exact(&mut [0; 4]).unwrap();
}

/// NET-31: several tasks may wait for one descriptor, for the same readiness and for different ones, and it
/// may be one that the runtime knows.
pub fn several_may_wait_for_one_descriptor(backend: &OsBackend) {
    run(backend, async {
        let (ours, mut theirs) = pair();
        let ours = OurUnixStream::<OsR>::adopt(ours).unwrap();
        let descriptor = Arc::new(ours.attribute::<Descriptor>().unwrap());
        let group = task_group::<OsR, io::Error, _, _>(async |tg| {
            for _ in 0..3 {
                let descriptor = descriptor.clone();
                tg.spawn(async move { wait_readable::<OsR>(&*descriptor).await });
            }
            let descriptor = descriptor.clone();
            tg.spawn(async move { wait_writable::<OsR>(&*descriptor).await });
            let mut ours = ours;
            yields(3).await;
            // The stream itself waits, too.
            let received = tg.spawn(async move {
                let received = ours.receive(1).await?;
                Ok((ours, received))
            });
            yields(3).await;
            theirs.write_all(b"some")?;
            let (ours, received) = received.value().await;
            assert_eq!(received, b"s");
            Ok(ours)
        });
        group.await.unwrap();
    });
}

/// NET-31: announcing that a descriptor will be closed releases all tasks that wait for it, and no others.
pub fn closing_releases_those_who_wait(backend: &OsBackend) {
    run(backend, async {
        let (mut ours, theirs) = pair();
        fill(&mut ours);
        let waiters = async {
            let (readable, writable) =
                join(wait_readable::<OsR>(&ours), wait_writable::<OsR>(&ours)).await;
            [readable, writable]
        };
        let (unconcerned, _peer) = pair();
        let mut other = pin!(wait_readable::<OsR>(&unconcerned));
        assert!(poll_once(other.as_mut()).await.is_pending());
        let (waited, ()) = join(waiters, async {
            yields(3).await;
            notify_closing(&ours);
        })
        .await;
        for waited in waited {
            assert!(is_closed(&waited.unwrap_err()));
        }
        assert!(poll_once(other.as_mut()).await.is_pending());
        // It applied to the tasks that waited then.
        let again = fail_after::<OsR, _>(SHORT, wait_readable::<OsR>(&ours));
        assert!(again.await.is_err(), "nobody announced anything");
        // Without a waiting task it has no effect.
        notify_closing(&ours);
        drop(theirs);
    });
}

/// NET-31: a file is an error that states the remedy.
pub fn files_are_refused(backend: &OsBackend) {
    if !cfg!(target_os = "linux") {
        eprintln!("files_are_refused: skipped, as only Linux cannot wait for files");
        return;
    }
    run(backend, async {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let error = wait_readable::<OsR>(&file).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("worker thread"), "{error}");
    });
}

/// C4: both are cancel points, also where they need not wait.
pub fn waiting_is_a_cancel_point(backend: &OsBackend) {
    run(backend, async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"some").unwrap();
        let readable = wait_readable::<OsR>(&ours);
        assert!(in_cancelled_scope::<OsR, _>(readable).await.is_err());
        let writable = wait_writable::<OsR>(&ours);
        assert!(in_cancelled_scope::<OsR, _>(writable).await.is_err());
    });
}

/// NET-31, C4: wherever waiting is cancelled, the next waiter is released as usual.
pub fn cancelled_waiters_leave_no_trace(backend: &OsBackend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (ours, mut theirs) = pair();
            let wait = async {
                let (waited, ()) = join(wait_readable::<OsR>(&ours), async {
                    yields(2).await;
                    theirs.write_all(b"some").unwrap();
                })
                .await;
                waited.unwrap();
            };
            cut.apply(wait).await;
            drain(&mut ours.try_clone().unwrap());
            let wakes = Wakes::new();
            let mut next = Box::pin(wait_readable::<OsR>(&ours));
            assert!(wakes.poll(next.as_mut()).is_pending());
            notify_closing(&ours);
            assert!(is_closed(&next.await.unwrap_err()));
            // Only the two ends of the pair keep it open.
            drop(ours);
            let end = theirs.write_all(b"more").unwrap_err();
            assert_eq!(end.kind(), io::ErrorKind::BrokenPipe);
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { net_readiness: descriptors [Sockets],
    a_readable_descriptor_is_waited_for,
    a_writable_descriptor_is_waited_for,
    waiting_leaves_the_mode_alone,
    several_may_wait_for_one_descriptor,
    closing_releases_those_who_wait,
    files_are_refused,
    waiting_is_a_cancel_point,
    cancelled_waiters_leave_no_trace,
}

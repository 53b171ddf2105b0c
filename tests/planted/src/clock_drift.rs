//! Two nodes that elect a leader by a lease that a registry grants for ten seconds.
//!
//! **Bug**: a node takes ten seconds of its own clock for ten seconds of the registry's. If its clock is slow, it
//! still leads when the registry has given the lease to the other node. The correct version stops early, by
//! more than clocks drift.
//!
//! **Found by** clocks whose drift the seed draws. FIFO finds it too, since drift is not a matter of the order.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use anyrt::Instant;
use anyrt::net::{ListenerExt, TcpStream};
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};

use crate::Version;
use crate::support::{connect, listen, lock, ms, receive_number, simulation};

/// The length of a lease.
const LEASE: u64 = 10_000;

/// The drift of a clock, in parts per million, at most: 5 %, far more than real clocks, to keep the test short.
const DRIFT: i32 = 50_000;

async fn registry() {
    let end: Arc<Mutex<Option<Instant>>> = Arc::default();
    let listener = listen();
    let served = listener.serve(move |stream: TcpStream| {
        let end = end.clone();
        async move {
            let mut stream = BufferedByteStream::new(stream);
            while receive_number(&mut stream).await.is_ok() {
                let granted = {
                    let (mut end, now) = (lock(&end), anyrt::now());
                    let is_free = end.is_none_or(|end| end <= now);
                    if is_free {
                        *end = Some(now + ms(LEASE));
                    }
                    u64::from(is_free)
                };
                if stream.send(&granted.to_be_bytes()).await.is_err() {
                    return;
                }
            }
        }
    });
    served
        .await
        .expect("the network has no errors of listeners");
}

async fn node(leaders: Arc<AtomicU32>, version: Version) {
    let mut stream = BufferedByteStream::new(connect("registry").await);
    loop {
        // The lease begins at the registry after this.
        let start = anyrt::now();
        stream.send(&[0; 8]).await.expect("the registry is there");
        let granted = receive_number(&mut stream).await;
        if granted.expect("the registry is there") == 0 {
            anyrt::sleep(ms(50)).await;
            continue;
        }
        let margin = if version.is_buggy() { 0 } else { LEASE / 8 };
        let others = leaders.fetch_add(1, Ordering::Relaxed);
        assert_eq!(others, 0, "there are two leaders");
        anyrt::sleep_until(start + ms(LEASE - margin)).await;
        leaders.fetch_sub(1, Ordering::Relaxed);
        anyrt::sleep(ms(100)).await;
    }
}

/// Runs the program.
///
/// # Panics
///
/// If there are two leaders.
pub async fn run(version: Version) {
    let sim = simulation();
    // 0 is a clock that is right.
    let drift = || [0, -DRIFT, DRIFT][sim.choose(3) as usize];
    sim.host("registry").drift(drift()).start(registry);
    let leaders = Arc::new(AtomicU32::new(0));
    for name in ["one", "two"] {
        let leaders = leaders.clone();
        let host = sim.host(name).drift(drift());
        host.start(move || node(leaders.clone(), version));
    }
    anyrt::sleep(ms(60_000)).await;
}

//! Two workers that add to a value in a store, under a lease that ends by itself.
//!
//! **Bug**: a worker looks at its lease, makes a remote call, and then writes. The lease can have ended during the
//! call, and the other worker can have written meanwhile: its update is lost. The correct store refuses the
//! number of a lease that is older than one it has seen.
//!
//! **Found by** seeds with `Faults::rough`, where the call can take longer than the lease. Not by FIFO in a calm
//! world.

use std::sync::{Arc, Mutex};

use anyrt::Instant;

use crate::Version;
use crate::support::{call, lock, ms, start_echo};

/// The service that grants the lease, and the store, which are safe in themselves.
#[derive(Default)]
struct World {
    /// The number of leases so far, and the end of the last one.
    lease: Option<(u64, Instant)>,
    value: u64,
    /// The highest number of a lease that the store has seen.
    seen: u64,
    writes: u64,
}

impl World {
    fn acquire(&mut self) -> Option<(u64, Instant)> {
        let now = anyrt::now();
        let number = match self.lease {
            Some((_, end)) if now < end => return None,
            Some((number, _)) => number + 1,
            None => 1,
        };
        let lease = (number, now + ms(100));
        self.lease = Some(lease);
        Some(lease)
    }

    fn release(&mut self, number: u64) {
        if let Some((last, end)) = &mut self.lease {
            if *last == number {
                *end = anyrt::now();
            }
        }
    }

    fn read(&mut self, number: u64) -> u64 {
        self.seen = self.seen.max(number);
        self.value
    }

    fn write(&mut self, number: u64, value: u64, version: Version) -> bool {
        let is_old = number < self.seen;
        if is_old && !version.is_buggy() {
            return false;
        }
        self.value = value;
        self.writes += 1;
        true
    }
}

async fn add_one(world: &Mutex<World>, version: Version) {
    loop {
        let lease = lock(world).acquire();
        let Some((number, end)) = lease else {
            anyrt::sleep(ms(10)).await;
            continue;
        };
        let value = lock(world).read(number);
        assert!(anyrt::now() < end, "the lease is new");
        let added = call("adder", value + 1).await;
        let written = added.is_ok_and(|added| lock(world).write(number, added, version));
        lock(world).release(number);
        if written {
            return;
        }
    }
}

/// Runs the program.
///
/// # Panics
///
/// If an update was lost.
pub async fn run(version: Version) {
    start_echo("adder");
    let world = Arc::new(Mutex::new(World::default()));
    let group = anyrt::task_group(async |tg| {
        for _ in 0..2 {
            let world = world.clone();
            tg.spawn(async move {
                for _ in 0..2 {
                    add_one(&world, version).await;
                }
            });
        }
    });
    group.await.expect("no task fails");
    let world = lock(&world);
    assert_eq!(world.value, world.writes, "an update was lost");
}

//! Clocks that drift as much as leases bear, at the time at which a lease ends.
//!
//! Random faults seldom meet that time. So this world is made for it: the clock of the primary is slow, those of the
//! backups are fast, and the primary is cut off from them, and not from its client.

use std::sync::Arc;

use anyrt::sim::sometimes;
use anyrt::sync::Event;
use anyrt_examples::kv::Bug;

use crate::checker::Kind;
use crate::faults::cut_off;
use crate::world::{
    DRIFT, History, NODES, Story, add, check_all, client_of, ms, parse, sim, start_node,
};

const KEY: &str = "key";

/// The node with the slow clock, from 0 on.
const SLOW: usize = 1;

/// Runs a client that reads from the old primary, and one that writes to the new one.
///
/// # Panics
///
/// If the history is not linearizable.
pub(crate) async fn run(bug: Option<Bug>) {
    let story = Story::default();
    let lease = ms(10_000);
    // The first node would stand for election before the others. It starts late, so that another one is the primary,
    // and is the first that can take over.
    for me in (0..NODES).rev() {
        if me == 0 {
            anyrt::sleep(lease / 2).await;
        }
        let drift = if me == SLOW { -DRIFT } else { DRIFT };
        start_node(me, drift, &story, lease, bug);
    }
    while story.primary().is_none() {
        anyrt::sleep(ms(100)).await;
    }
    sometimes!(story.primary() == Some(SLOW), "the slow one is the primary");
    let history = History::default();
    let is_over = Arc::new(Event::new());
    let group = anyrt::task_group(async |tg| {
        let primary = story.primary().expect("there is one") + 1;
        let _rule = cut_off(format!("node-{primary}"));
        story.note(format_args!("node-{primary} is cut off from the nodes"));
        let (history, over) = (history.clone(), is_over.clone());
        let others = (1..=NODES).filter(move |node| *node != primary);
        let reads = history.clone();
        tg.spawn(async move {
            let mut client = client_of(primary..=primary, 1).patience(ms(500));
            while !over.is_set() {
                let called = sim().clock().elapsed();
                if let Ok(value) = client.get(KEY).await {
                    add(&reads, KEY, 1, called, Kind::Read(parse(value)), true);
                }
                anyrt::sleep(ms(20)).await;
            }
        });
        let mut client = client_of(others, 2).patience(lease * 3);
        let called = sim().clock().elapsed();
        let written = client.put(KEY, b"1").await;
        let kind = Kind::Write(Some(1));
        add(&history, KEY, 2, called, kind, written.is_ok());
        anyrt::sleep(lease / 4).await;
        is_over.set();
    });
    group.await.expect("no task fails");
    check_all(&history, &story);
}

//! What goes wrong: crashes, power failures, pauses, partitions and slow links, as the seed decides.

use std::time::Duration;

use anyrt::net::Address;
use anyrt::sim::{Host, Packet, RuleChoices, RuleGuard, Verdict};

use crate::world::{Story, ms, sim};

/// Breaks something several times, and repairs it. Nothing is broken at the end.
pub(crate) async fn break_things(nodes: &[Host], story: &Story, lease: Duration) {
    // The first primary needs about a lease.
    anyrt::sleep(lease).await;
    for _ in 0..1 + sim().choose(4) {
        anyrt::sleep(lease * (1 + sim().choose(12) as u32) / 10).await;
        // Most of what can go wrong needs a primary.
        let node = match (story.primary(), sim().choose(6)) {
            (Some(primary), 0..3) => primary,
            (_, number) => number as usize % nodes.len(),
        };
        let other = (node + 1 + sim().choose(nodes.len() as u64 - 1) as usize) % nodes.len();
        let duration = lease * (1 + sim().choose(16) as u32) / 5;
        break_one(nodes, (&nodes[node], &nodes[other]), duration, story).await;
    }
}

async fn break_one(
    nodes: &[Host],
    (node, other): (&Host, &Host),
    duration: Duration,
    story: &Story,
) {
    let name = node.name();
    let net = sim().net();
    match sim().choose(10) {
        1 => {
            story.note(format_args!("{name} crashes for {duration:?}"));
            node.crash().await;
            anyrt::sleep(duration).await;
            node.restart().await;
        }
        2 => {
            story.note(format_args!("all nodes lose their power"));
            for node in nodes {
                node.crash().await;
            }
            for node in nodes {
                node.restart().await;
                anyrt::sleep(ms(100 * sim().choose(5))).await;
            }
        }
        3 => {
            story.note(format_args!("{name} pauses for {duration:?}"));
            node.pause();
            anyrt::sleep(duration).await;
            node.resume();
        }
        4 => {
            story.note(format_args!("{name} is cut off for {duration:?}"));
            let _rule = net.isolate(node);
            anyrt::sleep(duration).await;
        }
        5 | 6 => {
            story.note(format_args!(
                "{name} is cut off from the nodes for {duration:?}"
            ));
            let _rule = cut_off(name.to_owned());
            anyrt::sleep(duration).await;
        }
        7 => {
            let other_name = other.name();
            story.note(format_args!(
                "{other_name} hears nothing from {name} for {duration:?}"
            ));
            let _rule = net.block(node, other);
            anyrt::sleep(duration).await;
        }
        8 => {
            story.note(format_args!("packets of {name} take {duration:?} longer"));
            let _rule = between_nodes(name.to_owned(), Verdict::Delay(duration));
            anyrt::sleep(duration / 2).await;
        }
        9 => {
            story.note(format_args!(
                "answers of {name} on some connections are lost for {duration:?}"
            ));
            let _rule = without_answers(name.to_owned());
            anyrt::sleep(duration).await;
        }
        _ => {}
    }
}

/// Cuts a node off from the other nodes. Clients still reach it.
pub(crate) fn cut_off(name: String) -> RuleGuard {
    between_nodes(name, Verdict::Drop)
}

fn is_node(host: &str) -> bool {
    host.starts_with("node-")
}

/// Loses what a node sends to clients on some of their connections, so that they try again what was done.
fn without_answers(name: String) -> RuleGuard {
    let net = sim().net();
    net.rule(move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| {
        let port = match packet.destination {
            Address::Ip(address) => address.port(),
            _ => 0,
        };
        match packet.from == name && !is_node(packet.to) && port % 2 == 1 {
            true => Verdict::Drop,
            false => Verdict::Pass,
        }
    })
}

/// Applies a rule to the packets between a node and the others, both ways.
fn between_nodes(name: String, verdict: Verdict) -> RuleGuard {
    sim()
        .net()
        .rule(move |packet: &Packet<'_>, _: &mut RuleChoices<'_>| {
            let is_concerned = packet.from == name || packet.to == name;
            match is_concerned && is_node(packet.from) && is_node(packet.to) {
                true => verdict,
                false => Verdict::Pass,
            }
        })
}

//! ST-06: two receives at once on one stream are ruled out.

use anyrt::stream::{ByteReceiveStreamExt, memory_byte_pipe};

async fn both() {
    let (_sender, mut receiver) = memory_byte_pipe(100);
    let first = receiver.receive(10);
    let second = receiver.receive(10);
    let _ = anyrt::gather((first, second)).await;
}

fn main() {
    anyrt::run(both());
}

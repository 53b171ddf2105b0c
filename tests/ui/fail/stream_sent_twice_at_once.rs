//! ST-06: two sends at once on one stream are ruled out.

use anyrt::stream::{ByteSendStreamExt, memory_byte_pipe};

async fn both() {
    let (mut sender, _receiver) = memory_byte_pipe(100);
    let first = sender.send(b"one");
    let second = sender.send(b"two");
    let _ = anyrt::gather((first, second)).await;
}

fn main() {
    anyrt::run(both());
}

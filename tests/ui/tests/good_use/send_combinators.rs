//! Combinators, scopes, shields, limits and clean-up stay `Send` over borrowed captures.

use std::io;
use std::time::Duration;

use anyrt::{
    CancelScope, Cancelled, checkpoint, fail_after, finally, gather, move_on_after, race, race_ok,
    shield, task_group, try_gather, wait_for, with_resource,
};

struct Connection<'a>(&'a str);

async fn all(text: &str, numbers: &mut Vec<usize>) -> usize {
    let limit = Duration::from_secs(60);
    let raced = race((async { text.len() }, async { text.len() })).await;
    let many = race(vec![async { text.len() }]).await;
    let ok = race_ok([async { Ok::<_, io::Error>(text.len()) }])
        .await
        .unwrap();
    let (a, b) = gather((async { text.len() }, async { &text[..1] })).await;
    let [c] = gather([async { text.len() }]).await;
    let both = try_gather((async { Ok::<_, io::Error>(text.len()) }, async { Ok("x") })).await;
    let tidy = finally(async { text.len() }, async || drop(text)).await;
    let lent = with_resource(
        Connection(text),
        async |connection| connection.0.len(),
        async |connection| {
            checkpoint().await;
            drop(connection);
        },
    )
    .await;
    let scope = CancelScope::new();
    let nested = scope
        .run(shield(async {
            let limited = fail_after(limit, async {
                checkpoint().await;
                numbers.push(text.len());
                numbers.len()
            });
            move_on_after(limit, limited).await
        }))
        .await;
    let mut waiting = Box::pin(async { text.len() });
    let waited = wait_for(limit, &mut waiting).await.unwrap();
    let nested = nested.unwrap().unwrap().unwrap();
    raced + many + ok + a + b.len() + c + both.unwrap().0 + tidy + lent + nested + waited
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            let text = String::from("text");
            assert_eq!(all(&text, &mut Vec::new()).await, 38);
        });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}

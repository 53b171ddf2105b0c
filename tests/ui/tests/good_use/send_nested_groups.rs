//! Nested groups stay `Send` in a spawned task, with the values that they borrow, the handles of the groups
//! around them, and iterators held across awaits.

use std::borrow::Cow;
use std::collections::HashMap;

use anyrt::{Cancelled, GroupError, TaskGroup, checkpoint, task_group};

#[derive(Debug)]
struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

async fn count(
    name: &str,
    table: &HashMap<&str, Vec<Cow<'_, str>>>,
    outer: &TaskGroup<Failed>,
) -> Result<usize, GroupError<Failed>> {
    task_group(async |first| {
        let mut sum = 0;
        for (key, values) in table {
            let inner = task_group(async |second: TaskGroup<Failed>| {
                for value in values.iter().filter(|value| !value.is_empty()) {
                    let length = task_group(async |third: TaskGroup<Failed>| {
                        let length = value.len() + key.len() + name.len();
                        let handle = third.spawn(async move { Ok(length) });
                        second.spawn(async { checkpoint().await });
                        outer.spawn(async {});
                        Ok::<_, Failed>(handle.value().await)
                    })
                    .await
                    .map_err(|_| Failed)?;
                    checkpoint().await;
                    sum += length;
                }
                Ok(())
            })
            .await;
            first.spawn(async move { inner.map_err(|_| Failed) });
        }
        Ok(sum)
    })
    .await
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            let text = String::from("text");
            let table =
                HashMap::from([("key", vec![Cow::Borrowed("value"), text.as_str().into()])]);
            let result =
                task_group(async |outer| count(&text, &table, &outer).await.map_err(|_| Failed));
            let sum: Result<usize, GroupError<Failed>> = result.await;
            assert_eq!(sum.unwrap(), 23);
        });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}

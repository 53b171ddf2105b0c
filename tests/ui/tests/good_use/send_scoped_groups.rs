//! Scoped groups stay `Send` in a spawned task: over borrowed and split slices, fields of
//! `&mut self`, and generic functions of a lifetime.

use std::convert::Infallible;

use anyrt::{Cancelled, GroupError, checkpoint, scoped_task_group, task_group};

struct Pair {
    left: Vec<u32>,
    right: u32,
}

impl Pair {
    async fn fill(&mut self) -> Result<(), GroupError<Infallible>> {
        scoped_task_group(async |tg| {
            tg.spawn(async {
                checkpoint().await;
                self.left.push(1);
            });
            tg.spawn(async {
                checkpoint().await;
                self.right += 1;
            });
        })
        .await
    }
}

async fn halves(numbers: &mut [u32]) -> Result<u32, GroupError<Infallible>> {
    let (low, high) = numbers.split_at_mut(numbers.len() / 2);
    scoped_task_group(async |tg| {
        let low = tg.spawn(async { Ok(low.iter().sum::<u32>()) });
        let high = tg.spawn(async {
            for number in high.iter_mut() {
                checkpoint().await;
                *number += 1;
            }
            Ok(high.iter().sum::<u32>())
        });
        Ok(low.value().await + high.value().await)
    })
    .await
}

async fn with_each<'a, F, Fut>(items: &'a [String], f: F) -> Result<usize, GroupError<Infallible>>
where
    F: Fn(&'a str) -> Fut,
    Fut: Future<Output = usize> + Send + 'a,
{
    scoped_task_group(async |tg| {
        let mut handles = Vec::new();
        for item in items {
            let length = f(item);
            handles.push(tg.spawn(async move { Ok(length.await) }));
        }
        let mut sum = 0;
        for handle in handles {
            sum += handle.value().await;
        }
        Ok(sum)
    })
    .await
}

async fn plain_closure(text: &str) -> Result<usize, GroupError<Infallible>> {
    scoped_task_group(|tg| async move {
        let handle = tg.spawn(async move {
            checkpoint().await;
            Ok(text.len())
        });
        Ok(handle.value().await)
    })
    .await
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            let mut pair = Pair {
                left: Vec::new(),
                right: 0,
            };
            pair.fill().await.unwrap();
            assert_eq!((pair.left.len(), pair.right), (1, 1));
            assert_eq!(halves(&mut [1, 2, 3, 4]).await.unwrap(), 12);
            let items = [String::from("a"), String::from("bc")];
            assert_eq!(with_each(&items, async |item| item.len()).await.unwrap(), 3);
            assert_eq!(plain_closure("text").await.unwrap(), 4);
        });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}

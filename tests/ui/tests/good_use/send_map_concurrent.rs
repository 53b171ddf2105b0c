//! `map_concurrent` stays `Send` over arrays, vectors, references to them, and chains of adapters.

use anyrt::{Cancelled, checkpoint, map_concurrent, task_group, try_map_concurrent};

async fn length(text: &str) -> usize {
    checkpoint().await;
    text.len()
}

async fn all(texts: &[String], suffix: &str) -> usize {
    let array = map_concurrent(2, ["a", "b"], async |text| length(text).await).await;
    let vector = map_concurrent(2, vec![1, 2], async |n| n + suffix.len()).await;
    let owned = texts.to_vec();
    let by_reference = map_concurrent(2, &owned, |text| length(text)).await;
    let chain = texts
        .iter()
        .filter(|text| !text.is_empty())
        .map(String::as_str);
    let chained = map_concurrent(2, chain, length).await;
    let enumerated = texts.iter().enumerate();
    let tried = try_map_concurrent(2, enumerated, async |(n, text)| {
        Ok::<_, std::io::Error>(n + length(text).await)
    })
    .await
    .unwrap();
    [array, vector, by_reference, chained, tried]
        .concat()
        .iter()
        .sum()
}

async fn main_task() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {
            let texts = [String::from("abc"), String::from("de")];
            assert_eq!(all(&texts, "!").await, 2 + 5 + 5 + 5 + 6);
        });
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(main_task()).unwrap();
}

//! A closure of `map_concurrent` is called many times: it cannot lend values that it owns to its
//! futures. Capture a reference instead: `let client = &client;`.

async fn owned() -> Vec<usize> {
    let client = String::from("client");
    anyrt::map_concurrent(2, [1, 2, 3], async move |n| client.len() + n).await
}

fn main() {
    anyrt::run(owned());
}

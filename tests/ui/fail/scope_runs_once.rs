//! CS-07, C1: a scope runs one future.

async fn again() {
    let scope = anyrt::CancelScope::new();
    let _ = scope.run(async {}).await;
    let _ = scope.run(async {}).await;
}

fn main() {
    anyrt::run(again());
}

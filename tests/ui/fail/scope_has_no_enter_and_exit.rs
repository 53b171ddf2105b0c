//! CS-22: there is nothing to leave in the wrong order.

async fn by_hand() {
    let scope = anyrt::CancelScope::new();
    scope.enter();
    anyrt::checkpoint().await;
    scope.exit();
}

fn main() {
    anyrt::run(by_hand());
}

//! CS-07, CS-22: nor can it be entered inside itself, or from a second task: others hold handles.

async fn nested() {
    let scope = anyrt::CancelScope::new();
    let inner = async {
        let _ = scope.run(async {}).await;
    };
    let _ = scope.run(inner).await;
}

fn main() {
    anyrt::run(nested());
}

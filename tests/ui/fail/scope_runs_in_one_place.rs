//! CS-07, CS-22: a scope cannot be entered inside itself, or from a second task: other tasks hold handles.

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

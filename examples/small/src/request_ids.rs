//! Request ids by context: a `ContextVar` has a value per task, which child tasks and worker threads inherit. Each line
//! of the log has the id of its request, although no function has it as an argument.

use anyrt::ContextVar;

static REQUEST: ContextVar<u32> = ContextVar::new();

fn log(text: &str) {
    match REQUEST.get() {
        Some(id) => println!("request {id}: {text}"),
        None => println!("server: {text}"),
    }
}

async fn handle() {
    log("received");
    anyrt::to_thread::run(|| log("read the file, in a thread")).await;
    let parts = anyrt::task_group(async |tg| {
        tg.spawn(async { log("wrote to the database, in a task") });
    });
    parts.await.expect("no part fails");
    log("answered");
}

#[anyrt::main]
async fn main() {
    let server = anyrt::task_group(async |tg| {
        for id in 1..=3 {
            tg.spawn(REQUEST.scope(id, handle()));
        }
    });
    server.await.expect("no request fails");
    log("stopped");
}

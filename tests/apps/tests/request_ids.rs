//! A request id that log lines carry, from tasks and worker threads alike, without being passed
//! through every function.

use std::sync::{Arc, Mutex};

use anyrt::ContextVar;

static REQUEST: ContextVar<u32> = ContextVar::new();

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn write(&self, what: &str) {
        let request = REQUEST
            .get()
            .map_or_else(|| "-".to_owned(), |id| id.to_string());
        self.0
            .lock()
            .expect("no panic")
            .push(format!("{request} {what}"));
    }

    fn sorted(&self) -> Vec<String> {
        let mut lines = self.0.lock().expect("no panic").clone();
        lines.sort();
        lines
    }
}

async fn handle(log: Log) {
    let copy = log.clone();
    anyrt::to_thread::run(move || copy.write("read")).await;
    let copy = log.clone();
    let parts = anyrt::task_group(async |tg| {
        tg.spawn(async move { copy.write("part") });
    });
    parts.await.expect("no part fails");
    anyrt::checkpoint().await;
    log.write("done");
}

#[anyrt::test]
async fn lines_carry_the_id_of_their_request() {
    let log = Log::default();
    let server = anyrt::task_group(async |tg| {
        for id in [1, 2] {
            let log = log.clone();
            tg.spawn(async move {
                REQUEST.set(id);
                handle(log).await;
            });
        }
        let log = log.clone();
        tg.spawn(async move { REQUEST.scope(3, handle(log)).await });
    });
    server.await.unwrap();
    log.write("end");
    let expected = [
        "- end", "1 done", "1 part", "1 read", "2 done", "2 part", "2 read", "3 done", "3 part",
        "3 read",
    ];
    assert_eq!(log.sorted(), expected);
}

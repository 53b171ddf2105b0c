//! A supervisor: it starts services one after the other, waits until each is ready, and restarts a service that fails.
//! If one fails too often, the group cancels the other services, waits for their clean-up, and returns the error.

use std::io;
use std::time::Duration;

use anyrt::Started;

/// Runs a service again when it fails, at most `times` times.
async fn supervise<Fut>(name: &str, times: u32, service: impl Fn(u32) -> Fut) -> io::Result<()>
where
    Fut: Future<Output = io::Result<()>>,
{
    for run in 1..=times {
        match service(run).await {
            Ok(()) => return Ok(()),
            Err(error) => println!("{name}: run {run} failed: {error}"),
        }
        anyrt::sleep(Duration::from_millis(2) * run).await;
    }
    Err(io::Error::other(format!("{name} failed {times} times")))
}

/// A service that reports that it is ready, and then runs until it is cancelled.
async fn cache(ready: Started<u16>) -> io::Result<()> {
    ready.started(6379);
    anyrt::finally(anyrt::sleep_forever(), async || println!("cache: closed")).await
}

/// A service that fails in each run, by an error or by its time limit.
async fn importer(run: u32) -> io::Result<()> {
    let reason = format!("import {run} did not finish");
    let import = anyrt::fail_after(Duration::from_millis(5), async {
        match run {
            1 => Err(io::Error::other("no data")),
            _ => anyrt::sleep_forever().await,
        }
    });
    import.reason(reason).await?
}

#[anyrt::main]
async fn main() {
    let services = anyrt::task_group(async |tg| {
        let port = tg.start(cache).await?;
        println!("cache: ready at port {port}");
        tg.spawn(supervise("importer", 3, importer));
        Ok(())
    });
    println!("supervisor: {}", services.await.unwrap_err());
}

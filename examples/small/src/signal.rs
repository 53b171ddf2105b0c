//! Watches for SIGINT and SIGTERM, and shuts down: the first signal cancels the service, which finishes its current item
//! and cleans up. After five seconds the service is dropped where it is. The next signal ends the program.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use anyrt::CancelScope;
use anyrt::signals::{self, Signal};
use anyrt::sync::Event;
use rustix::process;

/// Works on one item after the other, until it is cancelled.
async fn service(busy: &Event) {
    let (begun, finished) = (Cell::new(0), Cell::new(0));
    let work = async {
        loop {
            let item = async {
                begun.set(begun.get() + 1);
                busy.set();
                anyrt::sleep(Duration::from_millis(5)).await;
                finished.set(finished.get() + 1);
            };
            anyrt::shield(item).await;
            anyrt::checkpoint().await; // cancelled here, between two items
        }
    };
    let close = async || println!("every item was finished: {}", begun == finished);
    anyrt::finally(work, close).await
}

#[anyrt::main]
async fn main() -> io::Result<()> {
    let mut signals = signals::receiver(&[Signal::INT, Signal::TERM])?;
    let scope = CancelScope::new();
    let stop = scope.handle();
    let busy = Event::new();

    let watch = async {
        let signal = signals.receive().await?;
        println!("received {}", signal.name());
        signals.close();
        stop.cancel_within(Duration::from_secs(5));
        io::Result::Ok(())
    };
    // Stands for `kill` in another terminal.
    let kill = async {
        busy.wait().await;
        process::kill_process(process::getpid(), process::Signal::TERM)
    };
    let (watched, killed, ended) = anyrt::gather((watch, kill, scope.run(service(&busy)))).await;
    watched?;
    killed?;
    println!("stopped: {}", ended.is_err());
    Ok(())
}

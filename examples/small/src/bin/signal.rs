//! Watches for SIGINT and SIGTERM, and shuts down: the first signal cancels the service, which finishes its current item
//! and cleans up. The next signal, or five seconds, end the program at once.

use std::io;
use std::time::Duration;

use anyrt::CancelScope;
use anyrt::signals::{self, Signal};
use anyrt::sync::Event;
use rustix::process;

/// Works on one item after the other, until it is cancelled.
async fn service(busy: &Event) {
    let work = async {
        for item in 1.. {
            anyrt::shield(async {
                println!("item {item}: begun");
                busy.set();
                anyrt::sleep(Duration::from_millis(50)).await;
                println!("item {item}: finished");
            })
            .await;
            anyrt::checkpoint().await;
        }
    };
    anyrt::finally(work, async || println!("service: closed")).await;
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
        Ok::<_, io::Error>(())
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

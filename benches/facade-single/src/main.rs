//! Repeats an operation, through the facade or through the core with tokio filled in.
//!
//! `benches/facade.sh` runs it under callgrind and compares the instructions.

use std::convert::Infallible;
use std::env;
use std::future::ready;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_tokio::Tokio;

const LIMIT: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [side, operation, count] = &arguments[..] else {
        return usage();
    };
    let Ok(count) = count.parse() else {
        return usage();
    };
    let known = match &**side {
        "facade" => anyrt::Builder::new()
            .current_thread()
            .run(facade(operation, count))
            .expect("the runtime starts"),
        "core" => anyrt_core::run(
            &anyrt_tokio::Builder::current_thread(),
            RunOptions::new(),
            core(operation, count),
        )
        .expect("the runtime starts"),
        _ => false,
    };
    if known { ExitCode::SUCCESS } else { usage() }
}

fn usage() -> ExitCode {
    eprintln!("usage: anyrt-facade-single facade|core now|limit|sleep|spawn COUNT");
    ExitCode::from(2)
}

async fn facade(operation: &str, count: usize) -> bool {
    match operation {
        "now" => {
            for _ in 0..count {
                black_box(anyrt::now());
            }
        }
        "limit" => {
            for number in 0..count {
                let ended = anyrt::fail_after(LIMIT, ready(number)).await;
                black_box(ended.expect("it is ready"));
            }
        }
        "sleep" => {
            for _ in 0..count {
                anyrt::sleep(Duration::ZERO).await;
            }
        }
        "spawn" => {
            let ended = anyrt::task_group(async |group| -> Result<(), Infallible> {
                for number in 0..count {
                    group.spawn(async move { Ok(black_box(number)) });
                }
                Ok(())
            });
            ended.await.expect("nothing cancels the group");
        }
        _ => return false,
    }
    true
}

async fn core(operation: &str, count: usize) -> bool {
    match operation {
        "now" => {
            for _ in 0..count {
                black_box(anyrt_core::time::now::<Tokio>());
            }
        }
        "limit" => {
            for number in 0..count {
                let ended = anyrt_core::cancel::fail_after::<Tokio, _>(LIMIT, ready(number)).await;
                black_box(ended.expect("it is ready"));
            }
        }
        "sleep" => {
            for _ in 0..count {
                anyrt_core::time::sleep::<Tokio>(Duration::ZERO).await;
            }
        }
        "spawn" => {
            let ended = anyrt_core::task::task_group::<Tokio, Infallible, _, _>(async |group| {
                for number in 0..count {
                    group.spawn(async move { Ok(black_box(number)) });
                }
                Ok(())
            });
            ended.await.expect("nothing cancels the group");
        }
        _ => return false,
    }
    true
}

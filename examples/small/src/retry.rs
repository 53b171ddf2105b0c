//! Retries with back-off: each attempt has a time limit, and each pause is twice as long as the previous one. A limit
//! around the whole call is one more line: `fail_after` cancels an attempt and a pause alike.

use std::io;
use std::time::Duration;

/// Calls `operation` until it succeeds, at most `attempts` times, and returns the last error.
async fn retry<T, Fut>(
    attempts: u32,
    limit: Duration,
    mut operation: impl FnMut(u32) -> Fut,
) -> io::Result<T>
where
    Fut: Future<Output = io::Result<T>>,
{
    let mut pause = Duration::from_millis(2);
    let mut attempt = 1;
    loop {
        let call = anyrt::fail_after(limit, operation(attempt)).reason("no answer");
        let error = match call.await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        println!("attempt {attempt}: {error}");
        if attempt == attempts {
            return Err(error);
        }
        // Many clients of one server add a random part, so that they do not retry at the same moment.
        anyrt::sleep(pause).await;
        pause *= 2;
        attempt += 1;
    }
}

/// Stands for a server: it refuses the first call, does not answer the second, and answers the third.
async fn call(attempt: u32) -> io::Result<&'static str> {
    match attempt {
        1 => Err(io::ErrorKind::ConnectionRefused.into()),
        2 => anyrt::sleep_forever().await,
        _ => Ok("hello"),
    }
}

#[anyrt::main]
async fn main() -> io::Result<()> {
    let calls = retry(5, Duration::from_millis(20), call);
    let answer = anyrt::fail_after(Duration::from_secs(10), calls).await??;
    println!("answer: {answer}");
    Ok(())
}

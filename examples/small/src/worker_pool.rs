//! A pool of workers: four tasks share a queue of jobs, and send results through another. The queues are bounded, so that
//! no side runs ahead. The pool ends when the last job is done, because the senders are dropped then.

use std::error::Error;

use anyrt::stream::SendError;

/// A job that needs the processor. It runs in a worker thread, where it delays no task.
fn count_primes(limit: u32) -> usize {
    let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0);
    (2..=limit).filter(is_prime).count()
}

#[anyrt::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (jobs, queue) = anyrt::memory_object_stream(4);
    let (results, counted) = anyrt::memory_object_stream(4);
    let pool = anyrt::task_group(async |tg| {
        for number in 1..=4 {
            let (queue, results) = (queue.clone(), results.clone());
            let worker = async move {
                while let Ok(limit) = queue.receive().await {
                    let primes = anyrt::to_thread::run(move || count_primes(limit)).await;
                    results.send((limit, primes)).await?;
                }
                Ok::<_, SendError<_>>(())
            };
            tg.task().name(format!("worker {number}")).spawn(worker);
        }
        drop(results);
        tg.spawn(async move {
            for hundreds in 1..=20 {
                let job = jobs.send(hundreds * 100).await;
                job.expect("the workers receive until the jobs end");
            }
        });
        let mut counts = Vec::new();
        while let Ok(count) = counted.receive().await {
            counts.push(count);
        }
        Ok(counts)
    });
    let mut counts = pool.await?;
    counts.sort_unstable();
    println!("{} jobs", counts.len());
    for (limit, primes) in counts.iter().skip(9).step_by(10) {
        println!("{primes} primes up to {limit}");
    }
    Ok(())
}

//! One call: a token, a worker, the answer.

use std::any::type_name;
use std::io;
use std::panic::resume_unwind;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode};
use super::error::WorkerError;
use super::limiter::current_default_limiter;
use super::pool::Pool;
use super::registry::{Answer, find};
use super::worker::{WORD, Worker};
use crate::engine::deliver;
use crate::loom::Arc;
use crate::runtime::Descriptors;
use crate::sync::{CapacityLimiter, begin};

/// The options of a call, for every runtime.
#[derive(Clone, Default)]
pub(super) struct CallOptions {
    pub(super) kills: bool,
    /// `None` for the limiter of the run.
    pub(super) limiter: Option<Arc<CapacityLimiter>>,
}

pub(super) async fn run<R, F, A, T>(
    options: CallOptions,
    function: F,
    argument: A,
) -> Result<T, WorkerError>
where
    R: Descriptors,
    F: Fn(A) -> T + Send + 'static,
    A: Serialize + Send,
    T: DeserializeOwned + Send,
{
    begin().await;
    drop(function);
    let answer = match request::<F, A>(argument) {
        Ok(request) => ask::<R>(options, &request).await,
        Err(error) => Err(error),
    };
    let answer = deliver(answer).await?;
    let (kind, result) = Answer::parse(&answer[WORD..]);
    let outcome = match kind {
        Answer::Value => decode(result).map_err(WorkerError::ReturnValue),
        Answer::Panic(text) => resume_unwind(Box::new(text)),
        Answer::Argument(error) => Err(WorkerError::Argument(error)),
        Answer::Result(error) => Err(WorkerError::ReturnValue(error)),
        Answer::Unknown => Err(WorkerError::NotRegistered(type_name::<F>())),
    };
    deliver(outcome).await
}

/// Creates the frame of a request.
fn request<F: 'static, A: Serialize>(argument: A) -> Result<Vec<u8>, WorkerError> {
    let key = find::<F>().ok_or(WorkerError::NotRegistered(type_name::<F>()))?;
    let mut frame = vec![0; WORD];
    frame.extend(key.to_le_bytes());
    encode(&argument, &mut frame).map_err(WorkerError::Argument)?;
    let length = (frame.len() - WORD) as u64;
    frame[..WORD].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

async fn ask<R: Descriptors>(options: CallOptions, request: &[u8]) -> Result<Vec<u8>, WorkerError> {
    let outside = |error| WorkerError::Start(io::Error::other(error));
    let pool = Pool::<R>::of_run().map_err(outside)?;
    let limiter = match options.limiter {
        Some(limiter) => limiter,
        None => current_default_limiter().map_err(outside)?,
    };
    // Dropped last: after the worker is idle again, or is gone.
    let _token = limiter.acquire_arc_started().await;
    loop {
        let idle = pool.take();
        let is_new = idle.is_none();
        let worker = match idle {
            Some(worker) => worker,
            None => Worker::start().await?,
        };
        match worker.ask(request, options.kills).await {
            Ok(answer) => {
                pool.put(worker);
                return Ok(answer);
            }
            // The worker ended while it was idle. The loop ends: each round takes a worker from the pool, or
            // starts a new one and returns.
            Err(lost) if !lost.had_request && !is_new => {}
            Err(lost) => return Err(WorkerError::Broken(lost.status)),
        }
    }
}

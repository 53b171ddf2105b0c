//! The functions that may be called in workers. Used by the expansion of `#[anyrt::process_fn]`, and by core;
//! this module is not public API, and may change.
//!
//! A function item has its own type. Program and worker are the same executable, so the `TypeId` of that type
//! is the same in both. Its hash is the key of the function.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{CodecError, decode, encode};
use crate::loom::OnceLock;
use crate::unwind::drop_quietly;

pub use inventory;

/// A function for workers.
#[derive(Debug)]
pub struct ProcessFn {
    name: &'static str,
    type_id: fn() -> TypeId,
    call: fn(&[u8]) -> Vec<u8>,
}

inventory::collect!(ProcessFn);

impl ProcessFn {
    /// Describes a function: its type, and how to call it with the bytes of its argument.
    #[must_use]
    pub const fn new(
        name: &'static str,
        type_id: fn() -> TypeId,
        call: fn(&[u8]) -> Vec<u8>,
    ) -> ProcessFn {
        ProcessFn {
            name,
            type_id,
            call,
        }
    }
}

/// Returns the type of a function.
pub fn type_id<F: 'static>(_function: F) -> TypeId {
    TypeId::of::<F>()
}

/// Calls a function with the bytes of its argument, and returns the bytes of its answer.
pub fn call<A, T>(function: impl FnOnce(A) -> T, argument: &[u8]) -> Vec<u8>
where
    A: DeserializeOwned,
    T: Serialize,
{
    let mut answer = vec![Answer::VALUE];
    // Inside, since the destructor of the result and its `Serialize` may panic too.
    let called = catch_unwind(AssertUnwindSafe(|| {
        let argument = decode(argument).map_err(Answer::Argument)?;
        encode(&function(argument), &mut answer).map_err(Answer::Result)
    }));
    match called {
        Ok(Ok(())) => answer,
        Ok(Err(failed)) => failed.to_bytes(),
        Err(payload) => {
            let answer = Answer::Panic(text_of(&*payload)).to_bytes();
            // Its destructor may panic, and the worker stays usable nevertheless.
            drop_quietly(payload);
            answer
        }
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => String::clone(text),
        (None, None) => "the function panicked, with a payload that is not text".to_owned(),
    }
}

/// An answer of a worker.
pub(super) enum Answer {
    /// A value. The bytes of the result come after [`Answer::VALUE`].
    Value,
    Panic(String),
    Argument(CodecError),
    Result(CodecError),
    Unknown,
}

impl Answer {
    const VALUE: u8 = 0;
    const PANIC: u8 = 1;
    const ARGUMENT: u8 = 2;
    const RESULT: u8 = 3;
    const UNKNOWN: u8 = 4;

    fn to_bytes(&self) -> Vec<u8> {
        let text = |text: &dyn std::fmt::Display| text.to_string().into_bytes();
        let (kind, text) = match self {
            Answer::Value => (Answer::VALUE, Vec::new()),
            Answer::Panic(message) => (Answer::PANIC, text(message)),
            Answer::Argument(error) => (Answer::ARGUMENT, text(error)),
            Answer::Result(error) => (Answer::RESULT, text(error)),
            Answer::Unknown => (Answer::UNKNOWN, Vec::new()),
        };
        [vec![kind], text].concat()
    }

    /// Splits an answer into its kind and the bytes of a result.
    pub(super) fn parse(bytes: &[u8]) -> (Answer, &[u8]) {
        let (kind, rest) = bytes.split_first().unwrap_or((&Answer::UNKNOWN, &[]));
        let text = || String::from_utf8_lossy(rest).into_owned();
        let answer = match *kind {
            Answer::VALUE => Answer::Value,
            Answer::PANIC => Answer::Panic(text()),
            Answer::ARGUMENT => Answer::Argument(CodecError::new(text())),
            Answer::RESULT => Answer::Result(CodecError::new(text())),
            _ => Answer::Unknown,
        };
        (answer, rest)
    }
}

fn key_of(type_id: TypeId) -> u64 {
    // With fixed keys, so that program and worker compute the same hashes.
    let mut hasher = DefaultHasher::new();
    type_id.hash(&mut hasher);
    hasher.finish()
}

/// Returns all functions by their keys.
fn all() -> &'static HashMap<u64, &'static ProcessFn> {
    static ALL: OnceLock<HashMap<u64, &'static ProcessFn>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all = inventory::iter::<ProcessFn>();
        all.map(|function| (key_of((function.type_id)()), function))
            .collect()
    })
}

/// Returns the key of a function; `None` if it is not registered.
pub(super) fn find<F: 'static>() -> Option<u64> {
    let key = key_of(TypeId::of::<F>());
    all().contains_key(&key).then_some(key)
}

/// Calls the function with this key.
pub(super) fn dispatch(key: u64, argument: &[u8]) -> Vec<u8> {
    match all().get(&key) {
        Some(function) => (function.call)(argument),
        None => Answer::Unknown.to_bytes(),
    }
}

/// Returns a hash of all names and keys, which differs between executables.
pub(super) fn fingerprint() -> u64 {
    let mut functions: Vec<_> = all().iter().map(|(key, f)| (f.name, *key)).collect();
    functions.sort_unstable();
    let mut hasher = DefaultHasher::new();
    functions.hash(&mut hasher);
    hasher.finish()
}

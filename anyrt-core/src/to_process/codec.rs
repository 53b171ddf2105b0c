//! Conversion of arguments and results to bytes: the only module that depends on the format.
//!
//! The format is MessagePack with field names, which supports all shapes of serde: tagged and untagged enums,
//! flattened fields, skipped fields.

use std::fmt;

use rmp_serde::Serializer;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Error: a value for a worker process could not be serialized or deserialized.
#[derive(Debug)]
pub struct CodecError {
    message: String,
}

impl CodecError {
    pub(super) fn new(message: String) -> CodecError {
        CodecError { message }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CodecError {}

/// Appends the bytes of a value.
pub(super) fn encode<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    let mut serializer = Serializer::new(bytes).with_struct_map();
    let encoded = value.serialize(&mut serializer);
    encoded.map_err(|error| CodecError::new(error.to_string()))
}

/// Creates a value from its bytes.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    rmp_serde::from_slice(bytes).map_err(|error| CodecError::new(error.to_string()))
}

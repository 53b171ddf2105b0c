//! The blocks: files and folders that are removed when a body has ended (rule [T1](crate::rules#t1)).

use std::io;

use super::builder::{dir, named};
use super::named::NamedTempFile;
use crate::cancel::{Leased, finally, with_resource};
use crate::fs as files;
use crate::runtime::Runtime;

/// Creates a temporary file with a name, passes it to the body, and removes it when the body has ended.
///
/// # Cancel safety
///
/// The file is removed however the body ends, and if the future is dropped (rule [T1](crate::rules#t1)).
///
/// # Errors
///
/// The first error of creating the file, of the body and of removing the file.
///
/// # Panics
///
/// As [`with_resource`].
pub async fn with_temp_file<R, T, E, B, BF>(body: B) -> Result<T, E>
where
    R: Runtime,
    E: From<io::Error>,
    B: FnOnce(Leased<NamedTempFile<R>>) -> BF,
    BF: Future<Output = Result<T, E>>,
{
    let temporary = named::<R>().await?;
    let mut removed = Ok(());
    let cleanup = async |temporary: NamedTempFile<R>| removed = temporary.close().await;
    let value = with_resource(temporary, body, cleanup).await?;
    removed?;
    Ok(value)
}

/// Creates a temporary folder, passes its path to the body, and removes the folder with everything in it when
/// the body has ended.
///
/// # Cancel safety
///
/// The folder is removed however the body ends, and if the future is dropped (rule [T1](crate::rules#t1)).
///
/// # Errors
///
/// The first error of creating the folder, of the body and of removing the folder.
pub async fn with_temp_dir<R, T, E, B, BF>(body: B) -> Result<T, E>
where
    R: Runtime,
    E: From<io::Error>,
    B: FnOnce(files::Path<R>) -> BF,
    BF: Future<Output = Result<T, E>>,
{
    let dir = dir::<R>().await?;
    let path = dir.path().clone();
    let mut removed = Ok(());
    // The body is called in the first poll, as everywhere.
    let body = async move { body(path).await };
    let value = finally(body, async || removed = dir.remove().await).await?;
    removed?;
    Ok(value)
}

//! A group's error converts, with `?`, into other errors: boxes, `io::Error`, `Cancelled`, whatever the
//! children's errors are, if they can be printed (G3).

use std::error::Error;
use std::io;

use anyrt::{Cancelled, task_group};

async fn boxed() -> Result<(), Box<dyn Error>> {
    task_group(async |tg| {
        tg.spawn(async { Err::<(), _>(io::Error::other("failed")) });
        Ok(())
    })
    .await?;
    Ok(())
}

async fn boxed_inside() -> Result<(), Box<dyn Error + Send + Sync>> {
    task_group(async |tg| -> Result<(), Box<dyn Error + Send + Sync>> {
        tg.spawn(async { Err::<(), _>("failed".into()) });
        Ok(())
    })
    .await?;
    Ok(())
}

async fn io_error() -> io::Result<()> {
    task_group(async |tg| {
        tg.spawn(async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) });
        Ok(())
    })
    .await?;
    Ok(())
}

async fn infallible() -> Result<(), Cancelled> {
    task_group(async |tg| {
        tg.spawn(async {});
    })
    .await?;
    Ok(())
}

pub(crate) fn main() {
    anyrt::run(async {
        assert!(boxed().await.is_err());
        assert!(boxed_inside().await.is_err());
        assert!(io_error().await.is_err());
        infallible().await.unwrap();
    });
}

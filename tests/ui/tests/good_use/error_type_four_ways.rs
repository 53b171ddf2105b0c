//! Where nothing else fixes the group's error, there are four ways to specify it (G2).

use std::io;

use anyrt::{GroupError, TaskGroup, task_group};

async fn by_the_functions_return_type() -> Result<(), GroupError<io::Error>> {
    task_group(async |_tg| Ok(())).await
}

async fn by_the_closures_return_type() -> bool {
    task_group(async |_tg| -> Result<(), io::Error> { Ok(()) })
        .await
        .is_ok()
}

async fn by_the_closures_argument() -> bool {
    task_group(async |_tg: TaskGroup<io::Error>| Ok(()))
        .await
        .is_ok()
}

async fn by_the_value() -> bool {
    task_group(async |_tg| Ok::<_, io::Error>(())).await.is_ok()
}

async fn by_the_group() -> bool {
    task_group::<io::Error, _, _>(async |_tg| Ok(()))
        .await
        .is_ok()
}

async fn by_a_child() -> bool {
    let group = task_group(async |tg| {
        tg.spawn(async { Err::<(), _>(io::Error::other("failed")) });
        Ok(())
    });
    group.await.is_err()
}

async fn by_a_question_mark() -> bool {
    let group = task_group(async |_tg| {
        Err(io::Error::other("failed"))?;
        Ok(())
    });
    group
        .await
        .is_err_and(|error: GroupError<io::Error>| error.errors().len() == 1)
}

pub(crate) fn main() {
    anyrt::run(async {
        by_the_functions_return_type().await.unwrap();
        assert!(by_the_closures_return_type().await);
        assert!(by_the_closures_argument().await);
        assert!(by_the_value().await);
        assert!(by_the_group().await);
        assert!(by_a_child().await);
        assert!(by_a_question_mark().await);
    });
}

//! The same with the bounds of other crates: `Send + 'static` for a runtime's own `spawn`, and boxed
//! futures of methods, as `async_trait` makes them.

use std::convert::Infallible;
use std::pin::Pin;

use anyrt::{GroupError, checkpoint, scoped_task_group, shield, task_group};

trait Service {
    fn call<'a>(
        &'a mut self,
        request: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<usize, GroupError<Infallible>>> + Send + 'a>>;
}

struct Counter(usize);

impl Service for Counter {
    fn call<'a>(
        &'a mut self,
        request: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<usize, GroupError<Infallible>>> + Send + 'a>> {
        Box::pin(async move {
            scoped_task_group(async |tg| {
                tg.spawn(async {
                    checkpoint().await;
                    self.0 += request.len();
                });
            })
            .await?;
            task_group(async |tg| {
                tg.spawn(async {});
                shield(checkpoint()).await;
                Ok(self.0)
            })
            .await
        })
    }
}

fn native_spawn(future: impl Future<Output = ()> + Send + 'static) {
    anyrt::run(future);
}

pub(crate) fn main() {
    native_spawn(async {
        let mut service: Box<dyn Service + Send> = Box::new(Counter(0));
        assert_eq!(service.call("abc").await.unwrap(), 3);
    });
}

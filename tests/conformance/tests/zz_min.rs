mod support;
use anyrt_core::task::*; use anyrt_core::cancel::*;
use std::convert::Infallible;
#[test]
fn min() {
    let rt = support::TinyRuntime::sound();
    let _ = support::TinyRuntime::broken(support::Flaw::None);
    anyrt_core::run(&rt, anyrt_core::RunOptions::new(), async {
        let g = scoped_task_group::<support::Tiny, Infallible, _, _>(async |a| {
            a.spawn(async {
                shield(async {
                    let b = scoped_task_group::<support::Tiny, Infallible, _, _>(async |b| {
                        b.spawn(async { eprintln!("in"); struct D; impl Drop for D { fn drop(&mut self) { eprintln!("dropped {}", std::backtrace::Backtrace::force_capture()) } } let _d = D;
                            let mut n = 0;
                            let mut c = std::pin::pin!(checkpoint());
                            std::future::poll_fn(|cx| { n += 1; let p = std::future::Future::poll(c.as_mut(), cx); eprintln!("poll {n} {p:?}"); p }).await;
                            eprintln!("out"); });
                        Ok(())
                    });
                    let r = b.await; eprintln!("b {r:?}");
                }).await
            });
            a.scope().cancel();
            Ok(())
        });
        let mut g = std::pin::pin!(g); eprintln!("{:?}", std::future::poll_fn(|cx| { eprintln!("main poll"); std::future::Future::poll(g.as_mut(), cx) }).await);
    }).unwrap();
}

//! Names, numbers and parents of tasks: DB-01 to DB-03, DB-07; free ports: TI-05.

use std::convert::Infallible;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::checkpoint;
use anyrt_core::task::{self, task_group};
use anyrt_core::{RunOptions, testing};

use crate::erased::{Backend, R};
use crate::support::run;

/// DB-01: the main task has a default name, and can be given another.
pub fn the_main_task_has_a_name(backend: &Backend) {
    run(backend, async {
        assert!(!task::current().unwrap().name().is_empty());
    });
    let options = RunOptions::new().name("captain");
    let name = anyrt_core::run(backend, options, async { task::current().unwrap().name() });
    assert_eq!(&*name.unwrap(), "captain");
}

/// DB-01: a child without a name is named after the place where it was spawned; the handle and the task
/// itself agree.
pub fn a_child_is_named_after_its_spawn_site(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let one = tg.spawn(async { Ok(task::current().unwrap().name()) });
            let two = tg.spawn(async { Ok(task::current().unwrap().name()) });
            let (first, second) = (one.name(), two.name());
            assert!(first.contains("introspection.rs"), "{first}");
            assert_ne!(first, second, "two sites, two names");
            assert_eq!(one.value().await, first);
            assert_eq!(two.value().await, second);
            Ok(())
        });
        group.await.unwrap();
    });
}

/// DB-01: a given name, an empty one too, is seen on the handle and in the task.
pub fn a_child_can_be_named(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for name in ["worker", "", "with spaces, and ünïcode"] {
                let child = tg.task().name(name).spawn(async {
                    checkpoint().await;
                    Ok(task::current().unwrap().name())
                });
                assert_eq!(&*child.name(), name);
                assert_eq!(&*child.value().await, name);
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// DB-02: a task knows its id, which is unique in the run, and which its handle knows too.
pub fn ids_are_unique_in_the_run(backend: &Backend) {
    run(backend, async {
        let mut ids = vec![task::current().unwrap().id()];
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for _ in 0..50 {
                let child = tg.spawn(async { Ok(task::current().unwrap().id()) });
                let id = child.id();
                assert_eq!(child.value().await, id);
                ids.push(id);
            }
            Ok(())
        });
        group.await.unwrap();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let handles: Vec<_> = (0..50)
                .map(|_| tg.spawn(async { checkpoint().await }))
                .collect();
            ids.extend(handles.iter().map(|handle| handle.id()));
            Ok(())
        });
        group.await.unwrap();
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{id:?} was given twice");
        }
    });
}

/// DB-02: the main task has no parent; outside every task there is no current one.
pub fn the_main_task_has_no_parent(backend: &Backend) {
    assert!(task::current().is_none());
    run(backend, async {
        assert!(task::current().unwrap().parent().is_none());
        checkpoint().await;
        assert!(task::current().unwrap().parent().is_none());
    });
    assert!(task::current().is_none());
}

/// DB-03: the parent of a child is the host of its group, whichever task called `spawn`.
pub fn the_parent_is_the_host_of_the_group(backend: &Backend) {
    run(backend, async {
        let host = task::current().unwrap().id();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let same = tg.clone();
            let spawner = tg.spawn(async move {
                let me = task::current().unwrap();
                let mine = same.spawn(async { Ok(parent()) }).value().await;
                let own = task_group::<R, Infallible, _, _>(async |tg| {
                    Ok(tg.spawn(async { Ok(parent()) }).value().await)
                });
                Ok((me.id(), parent(), mine, own.await.unwrap()))
            });
            let (spawner, parent, in_hosts, in_own) = spawner.value().await;
            assert_eq!(parent, Some(host));
            assert_eq!(
                in_hosts,
                Some(host),
                "the host of the group, not the spawner"
            );
            assert_eq!(in_own, Some(spawner));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// DB-07: links to parents stay valid after the end of the tasks.
pub fn parents_are_known_after_the_end(backend: &Backend) {
    run(backend, async {
        let host = task::current().unwrap().id();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let child = tg.spawn(async {
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    Ok(tg
                        .spawn(async { Ok(task::current().unwrap()) })
                        .value()
                        .await)
                });
                Ok((task::current().unwrap(), group.await.unwrap()))
            });
            Ok(child.value().await)
        });
        let (child, grandchild) = group.await.unwrap();
        assert!(child.is_finished() && grandchild.is_finished());
        assert_eq!(grandchild.parent().map(|task| task.id()), Some(child.id()));
        assert_eq!(child.parent().map(|task| task.id()), Some(host));
    });
}

/// Calls `bind` again if the port is in use: another case that looks for a free port may use it for a
/// moment.
fn bind<T>(bind: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..1_000 {
        if let Ok(bound) = bind() {
            return Ok(bound);
        }
        thread::sleep(Duration::from_millis(1));
    }
    bind()
}

/// TI-05: free ports are distinct, and can be bound.
pub fn free_ports_can_be_bound(_backend: &Backend) {
    let tcp: Vec<u16> = (0..5).map(|_| testing::free_tcp_port().unwrap()).collect();
    let udp: Vec<u16> = (0..5).map(|_| testing::free_udp_port().unwrap()).collect();
    for ports in [&tcp, &udp] {
        for (index, port) in ports.iter().enumerate() {
            assert_ne!(*port, 0);
            assert!(!ports[..index].contains(port), "{port} was given twice");
        }
    }
    let listeners: Vec<_> = tcp
        .iter()
        .map(|port| bind(|| TcpListener::bind(("127.0.0.1", *port))))
        .collect();
    assert!(listeners.iter().all(Result::is_ok), "{listeners:?}");
    let sockets: Vec<_> = udp
        .iter()
        .map(|port| bind(|| UdpSocket::bind(("127.0.0.1", *port))))
        .collect();
    assert!(sockets.iter().all(Result::is_ok), "{sockets:?}");
}

/// Returns the id of the current task's parent.
fn parent() -> Option<task::TaskId> {
    task::current().unwrap().parent().map(|parent| parent.id())
}

anyrt_conformance_kit::cases! { introspection: erased,
    the_main_task_has_a_name,
    a_child_is_named_after_its_spawn_site,
    a_child_can_be_named,
    ids_are_unique_in_the_run,
    the_main_task_has_no_parent,
    the_parent_is_the_host_of_the_group,
    parents_are_known_after_the_end,
    free_ports_can_be_bound: [os_sockets],
}

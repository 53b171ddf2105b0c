//! The tree of tasks: DB-04, DB-07, G13.

use std::convert::Infallible;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{CancelScope, checkpoint, shield};
use anyrt_core::task::{self, GroupOptions, task_group};
use futures_util::future::join;

use crate::erased::{Backend, R};
use crate::support::{Gate, run, until};

/// DB-04: the tree lists every active task with its name, and none that has ended.
pub fn the_tree_lists_living_tasks_only(backend: &Backend) {
    let options = RunOptions::new().name("captain");
    let ended = anyrt_core::run(backend, options, async {
        let (quick, slow) = (Gate::new(), Gate::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let gate = quick.clone();
            let first = tg
                .task()
                .name("short-lived")
                .spawn(async move { gate.opened().await });
            let gate = slow.clone();
            tg.task().name("long-lived").spawn(async move {
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    let opened = gate.clone();
                    tg.task()
                        .name("grandchild")
                        .spawn(async move { opened.opened().await });
                    gate.opened().await;
                    Ok(())
                });
                group.await.unwrap();
            });
            until(|| tree().contains("grandchild")).await;
            let picture = tree();
            for name in ["captain", "short-lived", "long-lived", "grandchild"] {
                assert_eq!(picture.matches(name).count(), 1, "{name} in\n{picture}");
            }
            quick.open();
            first.wait().await;
            until(|| !tree().contains("short-lived")).await;
            assert!(tree().contains("long-lived"));
            slow.open();
            Ok(())
        });
        group.await.unwrap();
        tree()
    });
    let tree = ended.unwrap();
    assert!(tree.contains("captain"), "{tree}");
    assert!(
        !tree.contains("long-lived") && !tree.contains("grandchild"),
        "{tree}"
    );
}

/// DB-07: the tree shows nested groups below their host, in the order in which they were opened,
/// and each task below its group.
pub fn the_tree_shows_who_belongs_to_whom(backend: &Backend) {
    run(backend, async {
        let gate = Gate::new();
        let outer = GroupOptions::new()
            .name("outer-group")
            .run::<R, Infallible, _, _>(async |tg| {
                let opened = gate.clone();
                tg.task()
                    .name("outer-child")
                    .spawn(async move { opened.opened().await });
                let inner = GroupOptions::new()
                    .name("inner-group")
                    .run::<R, Infallible, _, _>(async |tg| {
                        let opened = gate.clone();
                        tg.task()
                            .name("inner-child")
                            .spawn(async move { opened.opened().await });
                        checkpoint().await;
                        let tree = tree();
                        gate.open();
                        Ok(tree)
                    });
                Ok(inner.await.unwrap())
            });
        let tree = outer.await.unwrap();
        let line = |name: &str| {
            let lines = tree
                .lines()
                .enumerate()
                .find(|(_, line)| line.contains(name));
            let (number, line) = lines.unwrap_or_else(|| panic!("no {name} in\n{tree}"));
            (number, line.find(name).unwrap_or_default())
        };
        let (outer, inner) = (line("outer-group"), line("inner-group"));
        let (outer_child, inner_child) = (line("outer-child"), line("inner-child"));
        assert!(outer.0 < inner.0, "in the order of opening:\n{tree}");
        assert!(
            outer.0 < outer_child.0 && outer.1 < outer_child.1,
            "below its group:\n{tree}"
        );
        assert!(
            inner.0 < inner_child.0 && inner.1 < inner_child.1,
            "below its group:\n{tree}"
        );
    });
}

/// DB-07: a group leads to its host and its children, and to the groups in it in the order of their
/// opening, also when others have ended meanwhile.
pub fn the_tree_can_be_walked(backend: &Backend) {
    run(backend, async {
        let main = task::current().unwrap().id();
        let (first, rest) = (Gate::new(), Gate::new());
        let named = async |name: &'static str, gate: &Gate| {
            let group = GroupOptions::new()
                .name(name)
                .run::<R, Infallible, _, _>(async |tg| {
                    let gate = gate.clone();
                    tg.task()
                        .name("child")
                        .spawn(async move { gate.opened().await });
                    Ok(())
                });
            group.await.unwrap();
        };
        let all = async {
            join(
                named("first", &first),
                join(named("second", &rest), async {
                    checkpoint().await;
                    first.open();
                    until(|| !tree().contains("`first`")).await;
                    named("third", &rest).await;
                }),
            )
            .await;
        };
        let look = async {
            until(|| task::tree().is_some() && tree().contains("`third`")).await;
            let picture = task::tree().unwrap();
            let [host] = picture.tasks() else {
                panic!("one task at the top:\n{picture}")
            };
            assert_eq!(host.task.id(), main);
            let names: Vec<_> = host
                .groups
                .iter()
                .map(|group| group.name.to_string())
                .collect();
            assert_eq!(
                names,
                ["second", "third"],
                "in the order of opening:\n{picture}"
            );
            for group in &host.groups {
                assert_eq!(group.host.as_ref().map(|host| host.id()), Some(main));
                let [child] = &*group.tasks else {
                    panic!("one child in each:\n{picture}")
                };
                assert_eq!(&*child.task.name(), "child");
                assert_eq!(child.task.parent().map(|parent| parent.id()), Some(main));
            }
            rest.open();
        };
        join(all, look).await;
    });
}

/// G13: the tree contains the origin and the reason of a cancellation.
pub fn the_tree_says_who_cancelled_and_why(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().name("doomed-scope");
        let handle = scope.handle();
        let result = scope.run(async {
            handle.cancel_with("no longer needed");
            let look = async {
                for _ in 0..3 {
                    checkpoint().await;
                }
                tree()
            };
            shield(look).await
        });
        let tree = result.await.unwrap();
        assert!(tree.contains("doomed-scope"), "{tree}");
        assert!(tree.contains("no longer needed"), "{tree}");
    });
}

/// Draws the tree of the run.
fn tree() -> String {
    task::tree().unwrap().to_string()
}

anyrt_conformance_kit::cases! { introspection_tree: erased,
    the_tree_lists_living_tasks_only,
    the_tree_shows_who_belongs_to_whom,
    the_tree_can_be_walked,
    the_tree_says_who_cancelled_and_why,
}

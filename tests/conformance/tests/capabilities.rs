//! Checks that a case is skipped if the backend lacks a capability that it needs, and runs otherwise; and
//! mounts the cases of two facets on a backend that lacks everything.

#[expect(dead_code, reason = "the flaws are for other tests")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use anyrt_conformance::capability::{Capability, Needs, has, names};
use anyrt_conformance::erased::Backend;
use anyrt_conformance::harness::{Case, Deviations, Place};
use support::TinyRuntime;

mod lacking {
    anyrt_conformance::suite! {
        runtime: super::TinyRuntime::sound(),
        facets: [time, blocking],
        lacks: [
            real_time,
            busy_time,
            os_threads,
            foreign_wakes,
            nested_runs,
            portal_runs,
            os_files,
            os_sockets,
            socket_table,
            ordered_datagrams,
            big_buffers,
            dual_stack,
            reuse_port,
            full_queues,
        ],
    }
}

/// Runs a case that fails, on a backend that lacks `lacks`, and returns whether it was skipped.
fn is_skipped(needs: Needs, lacks: &'static [Capability]) -> bool {
    fn fails(_backend: &Backend) {
        panic!("this case fails");
    }
    let ran = catch_unwind(|| {
        let case = Case::erased(needs, Place::Anywhere, fails);
        let deviations = Deviations {
            lacks,
            failures: &[],
        };
        anyrt_conformance::run_case(case, deviations, TinyRuntime::sound);
    });
    ran.is_ok()
}

/// Returns the needs of a case in a file.
fn needs(of_file: &'static [Capability], of_case: &'static [Capability]) -> Needs {
    Needs {
        case: "capabilities::fails",
        of_file,
        of_case,
    }
}

#[test]
fn a_case_is_skipped_if_a_need_is_lacking() {
    let of_case = needs(&[], &[names::real_time, names::os_files]);
    assert!(is_skipped(of_case, &[names::os_files]));
    let of_file = needs(&[names::os_files], &[names::real_time]);
    assert!(is_skipped(of_file, &[names::os_files]));
    assert!(is_skipped(of_file, &[names::real_time]));
}

#[test]
fn other_cases_are_run() {
    assert!(!is_skipped(needs(&[], &[]), &[names::os_files]));
    assert!(!is_skipped(
        needs(&[names::real_time], &[]),
        &[names::os_files]
    ));
    assert!(!is_skipped(needs(&[names::real_time], &[]), &[]));
}

#[test]
fn a_skipped_case_is_named_with_what_is_lacking() {
    let needs = needs(
        &[names::os_files],
        &[names::real_time, names::foreign_wakes],
    );
    assert_eq!(needs.skipped(&[]), None);
    assert_eq!(
        needs
            .skipped(&[names::foreign_wakes, names::os_files])
            .as_deref(),
        Some("capabilities::fails: skipped, the backend lacks os_files, foreign_wakes")
    );
}

#[test]
fn tools_can_see_what_is_lacking() {
    is_skipped(needs(&[names::os_files], &[]), &[names::os_files]);
    assert!(!has(names::os_files));
}

#[test]
fn some_case_needs_each_capability() {
    let needed: BTreeSet<_> = anyrt_conformance::all_needs()
        .iter()
        .flat_map(Needs::all)
        .collect();
    // The table of sockets is read by a tool, which reports nothing where it is lacking.
    let elsewhere = [names::socket_table];
    let unneeded: Vec<_> = Capability::ALL
        .iter()
        .filter(|known| !needed.contains(known) && !elsewhere.contains(known))
        .collect();
    assert!(unneeded.is_empty(), "no case needs {unneeded:?}");
}

#[test]
fn each_capability_is_documented() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let docs = fs::read_to_string(source).unwrap();
    let silent: Vec<_> = Capability::ALL
        .iter()
        .filter(|known| !docs.contains(&format!("//! | `{known}` |")))
        .collect();
    assert!(silent.is_empty(), "not in the table: {silent:?}");
}

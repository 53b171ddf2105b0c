//! A table as text, and the list of programs.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::connect::Program;
use super::snapshot::Snapshot;
use super::table::{Row, View, rows};

/// Returns the tree of a program. A single snapshot knows no times, except those until deadlines.
pub(super) fn tree(program: &Program, snapshot: &Snapshot, view: &View) -> String {
    let mut text = format!("{}\n", heading(program, snapshot));
    let rows = rows(snapshot, view);
    let width = |title: &str, cell: fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| cell(row).chars().count());
        widths.max().unwrap_or(0).max(title.len())
    };
    let (id, polls) = (width("ID", |row| &row.id), width("POLLS", |row| &row.polls));
    let (state, left) = (
        width("STATE", |row| &row.state),
        width("LEFT", |row| &row.left),
    );
    let wait = width("WAITS FOR", |row| &row.wait);
    let mut line = |cells: [&str; 6]| {
        let [own_id, own_state, own_polls, own_left, own_wait, name] = cells;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{own_id:>id$}  {own_state:state$}  {own_polls:>polls$}  {own_left:>left$}  \
             {own_wait:wait$}  {name}"
        );
    };
    line(["ID", "STATE", "POLLS", "LEFT", "WAITS FOR", "NAME"]);
    for row in &rows {
        line([
            &row.id, &row.state, &row.polls, &row.left, &row.wait, &row.name,
        ]);
    }
    text
}

/// Returns the line above a table.
pub(super) fn heading(program: &Program, snapshot: &Snapshot) -> String {
    let (tasks, groups, scopes) = snapshot.counts();
    let Program {
        name,
        process,
        backend,
    } = program;
    let (tasks, groups) = (count(tasks, "task"), count(groups, "group"));
    let scopes = count(scopes, "scope");
    format!("{name}, process {process}, on {backend}: {tasks}, {groups}, {scopes}")
}

fn count(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// Returns the list of programs.
pub(super) fn programs(found: &[(Program, PathBuf)]) -> String {
    if found.is_empty() {
        return "no program of this user has a monitor: start one with ANYRT_MONITOR=1, and the \
                feature `monitor` of anyrt\n"
            .to_owned();
    }
    let mut text = format!(
        "{:>7}  {:<9}  {:<20}  SOCKET\n",
        "PID", "BACKEND", "PROGRAM"
    );
    for (program, path) in found {
        let Program {
            name,
            process,
            backend,
        } = program;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{process:>7}  {backend:<9}  {name:<20}  {}",
            path.display()
        );
    }
    text
}

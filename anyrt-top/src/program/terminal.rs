//! The loop of keys and snapshots.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};

use super::app::{App, Effect};
use super::connect::{Connection, Program};
use super::draw::draw;
use super::snapshot::Snapshot;
use super::table::View;

/// The longest time for which a snapshot that has arrived is not shown.
const WAIT: Duration = Duration::from_millis(100);

/// Shows a program until `q` is pressed, or the program ends.
pub(super) fn run(mut connection: Connection, program: Program, view: View) -> Result<(), String> {
    if !io::stdout().is_terminal() {
        return Err("the output is not a terminal: use --once".to_owned());
    }
    connection.watch()?;
    let (send, snapshots) = channel();
    // It ends with the process, or when the program does.
    thread::spawn(move || {
        loop {
            let next = connection.next_tree();
            let ends = next.is_err();
            if send.send(next).is_err() || ends {
                return;
            }
        }
    });
    let mut app = App::new(program, view);
    let mut terminal =
        ratatui::try_init().map_err(|error| format!("the terminal cannot be used: {error}"))?;
    let ended = show(&mut terminal, &mut app, &snapshots);
    ratatui::restore();
    ended
}

fn show(
    terminal: &mut DefaultTerminal,
    app: &mut App,
    snapshots: &Receiver<Result<Snapshot, String>>,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("the terminal cannot be used: {error}");
    loop {
        // Only the last of several snapshots is shown.
        loop {
            match snapshots.try_recv() {
                Ok(snapshot) => app.update(snapshot?),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err("the program has ended".to_owned()),
            }
        }
        terminal.draw(|frame| draw(frame, app)).map_err(failed)?;
        if event::poll(WAIT).map_err(failed)?
            && let Event::Key(key) = event::read().map_err(failed)?
            && app.press(key) == Effect::Quit
        {
            return Ok(());
        }
    }
}

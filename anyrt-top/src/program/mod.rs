//! The program.
//!
//! | file | contents |
//! | --- | --- |
//! | `options` | the command line |
//! | `connect` | finding programs, and the connection to one of them |
//! | `snapshot` | a tree, as the program sent it |
//! | `table` | the rows of a table: a tree sorted and filtered |
//! | `text` | a table as text, and the list of programs |
//! | `app`, `draw` | what the terminal shows, changed by keys; drawing it |
//! | `terminal` | the loop of keys and snapshots |

mod app;
mod connect;
mod draw;
mod options;
mod snapshot;
mod table;
mod terminal;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use self::connect::Connection;
use self::options::{HELP, Options};

/// Runs the program. Prints an error in one line.
pub(crate) fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("anyrt-top: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let options = Options::parse(std::env::args_os().skip(1))?;
    if options.help {
        return print(HELP);
    }
    let Some(target) = &options.target else {
        return print(&text::programs(&connect::programs()));
    };
    let mut connection = Connection::open(target)?;
    let program = connection.program()?;
    if options.once {
        let snapshot = connection.tree()?;
        return print(&text::tree(&program, &snapshot, &options.view));
    }
    terminal::run(connection, program, options.view)
}

/// Prints a text. A reader that has gone, such as `head`, is not an error.
fn print(text: &str) -> Result<(), String> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

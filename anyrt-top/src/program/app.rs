//! What the terminal shows, and how keys change it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::connect::Program;
use super::snapshot::Snapshot;
use super::table::{Row, View, rows};

/// The state of the screen.
#[derive(Debug)]
pub(super) struct App {
    pub(super) program: Program,
    pub(super) snapshot: Snapshot,
    pub(super) view: View,
    pub(super) rows: Vec<Row>,
    pub(super) selected: usize,
    /// `true` while a filter is typed.
    pub(super) typing: bool,
    /// The number of rows that fit; set when the screen is drawn.
    pub(super) page: usize,
}

/// The effect of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Continue,
    Quit,
}

impl App {
    pub(super) fn new(program: Program, view: View) -> App {
        App {
            program,
            snapshot: Snapshot::default(),
            view,
            rows: Vec::new(),
            selected: 0,
            typing: false,
            page: 1,
        }
    }

    /// Shows a new snapshot. The selection stays on its task, if that still exists.
    pub(super) fn update(&mut self, snapshot: Snapshot) {
        self.snapshot = snapshot;
        self.arrange();
    }

    fn arrange(&mut self) {
        let selected = self.rows.get(self.selected).map(|row| row.id.clone());
        self.rows = rows(&self.snapshot, &self.view);
        if let Some(id) = selected.filter(|id| !id.is_empty())
            && let Some(index) = self.rows.iter().position(|row| row.id == id)
        {
            self.selected = index;
        }
        self.select(self.selected);
    }

    fn select(&mut self, index: usize) {
        self.selected = index.min(self.rows.len().saturating_sub(1));
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Effect {
        if key.kind == KeyEventKind::Release {
            return Effect::Continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return Effect::Quit;
        }
        if self.typing {
            self.edit_filter(key.code);
            return Effect::Continue;
        }
        match key.code {
            KeyCode::Char('q') => return Effect::Quit,
            KeyCode::Up | KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.select(self.selected + 1),
            KeyCode::PageUp => self.select(self.selected.saturating_sub(self.page)),
            KeyCode::PageDown => self.select(self.selected + self.page),
            KeyCode::Home => self.select(0),
            KeyCode::End => self.select(usize::MAX),
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc => self.set_filter(String::new()),
            KeyCode::Char('s') => {
                self.view.sort = self.view.sort.next();
                self.arrange();
            }
            KeyCode::Char('t') => {
                self.view.flat = !self.view.flat;
                self.arrange();
            }
            _ => {}
        }
        Effect::Continue
    }

    fn edit_filter(&mut self, key: KeyCode) {
        let mut filter = self.view.filter.clone();
        match key {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                filter.clear();
            }
            KeyCode::Backspace => drop(filter.pop()),
            KeyCode::Char(character) => filter.push(character),
            _ => {}
        }
        self.set_filter(filter);
    }

    fn set_filter(&mut self, filter: String) {
        self.view.filter = filter;
        self.arrange();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{App, Effect};
    use crate::program::connect::Program;
    use crate::program::table::tests::example;
    use crate::program::table::{Sort, View};

    pub(in crate::program) fn app() -> App {
        let program = Program {
            name: "server".into(),
            process: 77,
            backend: "smol".into(),
        };
        let mut app = App::new(program, View::default());
        app.update(example());
        app
    }

    fn press(app: &mut App, key: KeyCode) -> Effect {
        app.press(KeyEvent::new(key, KeyModifiers::NONE))
    }

    #[test]
    fn arrows_move_the_selection_and_stop_at_the_ends() {
        let mut app = app();
        app.page = 4;
        for (key, expected) in [
            (KeyCode::Up, 0),
            (KeyCode::Down, 1),
            (KeyCode::PageDown, 5),
            (KeyCode::Down, 5),
            (KeyCode::Home, 0),
            (KeyCode::End, 5),
            (KeyCode::PageUp, 1),
        ] {
            assert_eq!(press(&mut app, key), Effect::Continue);
            assert_eq!(app.selected, expected, "{key:?}");
        }
    }

    #[test]
    fn the_selection_stays_on_its_task() {
        let mut app = app();
        press(&mut app, KeyCode::End);
        press(&mut app, KeyCode::Char('t'));
        assert_eq!(app.rows[app.selected].name, "monitor");
        press(&mut app, KeyCode::Char('s'));
        press(&mut app, KeyCode::Char('s'));
        press(&mut app, KeyCode::Char('s'));
        assert_eq!(app.view.sort, Sort::Polls);
        assert_eq!(app.rows[app.selected].name, "monitor");
    }

    #[test]
    fn a_filter_is_typed_and_removed() {
        let mut app = app();
        for key in ['/', 'q', 's'] {
            assert_eq!(press(&mut app, KeyCode::Char(key)), Effect::Continue);
        }
        assert_eq!(app.view.filter, "qs");
        assert!(app.rows.is_empty());
        press(&mut app, KeyCode::Backspace);
        press(&mut app, KeyCode::Backspace);
        for key in ['m', 'o', 'n'] {
            press(&mut app, KeyCode::Char(key));
        }
        press(&mut app, KeyCode::Enter);
        assert_eq!((app.rows.len(), app.typing), (1, false));
        press(&mut app, KeyCode::Esc);
        assert_eq!(app.rows.len(), 6);
    }

    #[test]
    fn q_and_control_c_end() {
        let mut app = app();
        assert_eq!(press(&mut app, KeyCode::Char('q')), Effect::Quit);
        press(&mut app, KeyCode::Char('/'));
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(app.press(control_c), Effect::Quit);
    }
}

//! Drawing the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};

use super::app::App;
use super::text::heading;

/// The columns, with their widths and the names by which they are sorted.
const COLUMNS: [(&str, Constraint, &str); 8] = [
    ("ID", Constraint::Length(7), "id"),
    ("STATE", Constraint::Length(7), "state"),
    ("POLLS", Constraint::Length(9), "polls"),
    ("IDLE", Constraint::Length(5), "idle"),
    ("AGE", Constraint::Length(5), "age"),
    ("LEFT", Constraint::Length(5), "left"),
    ("WAITS FOR", Constraint::Length(26), ""),
    ("NAME", Constraint::Fill(1), "name"),
];

/// Draws the heading, the table and the line of keys.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let parts = [
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [top, middle, bottom] = Layout::vertical(parts).areas(frame.area());
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let heading = heading(&app.program, &app.snapshot);
    frame.render_widget(Paragraph::new(Line::styled(heading, bold)), top);

    let sort = app.view.sort.name();
    let titles = COLUMNS.map(|(title, _, name)| match name == sort {
        true => Cell::new(title).style(Style::new().add_modifier(Modifier::UNDERLINED)),
        false => Cell::new(title),
    });
    let rows = app.rows.iter().map(|row| {
        let style = match row.is_cancelled {
            true => Style::new().fg(Color::Red),
            false if row.state == "polled" => Style::new().fg(Color::Green),
            false => Style::new(),
        };
        Row::new([
            format!("{:>7}", row.id),
            row.state.clone(),
            format!("{:>9}", row.polls),
            format!("{:>5}", row.idle),
            format!("{:>5}", row.age),
            format!("{:>5}", row.left),
            row.wait.clone(),
            row.name.clone(),
        ])
        .style(style)
    });
    let reversed = Style::new().add_modifier(Modifier::REVERSED);
    let table = Table::new(rows, COLUMNS.map(|(_, width, _)| width))
        .header(Row::new(titles).style(bold))
        .row_highlight_style(reversed);
    app.page = usize::from(middle.height.saturating_sub(1)).max(1);
    let mut state = TableState::new().with_selected(Some(app.selected));
    frame.render_stateful_widget(table, middle, &mut state);

    let keys = if app.typing {
        format!(
            "filter: {}_   Enter keeps it   Esc removes it",
            app.view.filter
        )
    } else {
        let filter = match &*app.view.filter {
            "" => String::new(),
            filter => format!(" ({filter})"),
        };
        let form = if app.view.flat { "list" } else { "tree" };
        format!("/ filter{filter}   s sort ({sort})   t tree or list ({form})   q quit")
    };
    frame.render_widget(Paragraph::new(Line::styled(keys, reversed)), bottom);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::draw;
    use crate::program::app::App;
    use crate::program::app::tests::app;

    fn screen(app: &mut App, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(110, height)).unwrap();
        terminal.draw(|frame| draw(frame, app)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| {
            (0..110)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
        };
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn the_screen_has_a_heading_a_table_and_the_keys() {
        let lines = screen(&mut app(), 10);
        assert_eq!(
            lines[0],
            "server, process 77, on smol: 4 tasks, 1 group, 1 scope"
        );
        assert!(lines[1].ends_with("WAITS FOR                  NAME"));
        assert!(lines[2].starts_with("      1 waiting         2  0.0s   90s"));
        assert!(lines[2].ends_with("the children of its group  main"));
        assert!(lines[3].contains(" 4.2s") && lines[3].ends_with("├─ scope limit"));
        assert!(lines[9].contains("s sort (id)"));
    }

    #[test]
    fn the_selected_row_is_visible() {
        let mut app = app();
        app.press(KeyEvent::new(KeyCode::End, KeyModifiers::NONE));
        let lines = screen(&mut app, 5);
        assert_eq!(app.page, 2);
        assert!(lines[3].ends_with("monitor"), "{lines:#?}");
    }

    #[test]
    fn a_filter_that_is_typed_is_shown() {
        let mut app = app();
        for key in ['/', 'l', 'o', 'c', 'k'] {
            app.press(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
        }
        let lines = screen(&mut app, 10);
        assert!(lines[9].starts_with("filter: lock_"));
        assert!(lines[4].ends_with("worker b"), "{lines:#?}");
    }
}

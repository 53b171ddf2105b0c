//! The table of the results.

use crate::Row;
use crate::cases::{Bound, Goal, Side};

/// Prints the table. Returns whether every floor was reached.
pub(crate) fn print(rows: &[Row]) -> bool {
    println!(
        "{:<38}{:>12}{:>12}{:>12}   median of the rounds' ratios",
        "", "ours", "madsim", "turmoil"
    );
    let mut all_reached = true;
    for row in rows {
        let (line, is_reached) = line(row);
        println!("{line}");
        all_reached &= is_reached;
    }
    println!();
    if !all_reached {
        println!("a floor is missed");
    }
    all_reached
}

fn line(row: &Row) -> (String, bool) {
    let seconds = Side::ALL.map(|side| median(row, |times| times[side as usize]));
    let rate = |at: usize| seconds[at].map_or("".to_owned(), |seconds| per_second(1.0 / seconds));
    let time = |at: usize| seconds[at].map_or("".to_owned(), duration);
    let ratio = |over: usize, under: usize| {
        let ratio = median(row, |times| Some(times[over]? / times[under]?));
        ratio.unwrap_or(f64::NAN)
    };
    let (name, [ours, madsim, turmoil]) = (row.case.name, [0, 1, 2]);
    let (columns, parts) = match row.case.goal {
        Goal::Rate {
            madsim: by_madsim,
            turmoil: by_turmoil,
        } => {
            let parts = [
                ("madsim's", madsim, by_madsim),
                ("turmoil's", turmoil, by_turmoil),
            ];
            let measured = parts
                .into_iter()
                .filter(|&(_, side, _)| seconds[side].is_some());
            let parts = measured.map(|(whose, side, by)| at_least(whose, ratio(side, ours), by));
            ([ours, madsim, turmoil].map(rate), parts.collect())
        }
        Goal::Seconds(bound) => {
            let spent = seconds[ours].unwrap_or(f64::NAN);
            let text = format!(
                "{} (floor {}{})",
                duration(spent),
                duration(bound.floor),
                aim(bound, duration)
            );
            (
                [ours, madsim, turmoil].map(time),
                vec![(text, spent <= bound.floor)],
            )
        }
        Goal::AtMost(bound) => {
            let ratio = ratio(0, 1);
            let text = format!(
                "{ratio:.2} of the time without (floor {:.2}{})",
                bound.floor,
                aim(bound, times)
            );
            (
                [time(0), String::new(), String::new()],
                vec![(text, ratio <= bound.floor)],
            )
        }
        Goal::AtLeast(bound) => {
            let (text, is_reached) = at_least("one thread's", ratio(1, 0), Some(bound));
            (
                [rate(0), String::new(), String::new()],
                vec![(text, is_reached)],
            )
        }
        Goal::Limit(whose) => (
            [rate(0), String::new(), String::new()],
            vec![at_least(whose, ratio(1, 0), None)],
        ),
    };
    let [first, second, third] = columns;
    let is_reached = parts.iter().all(|(_, is_reached)| *is_reached);
    let verdict = if is_reached { "" } else { "  MISSED" };
    let texts: Vec<_> = parts.into_iter().map(|(text, _)| text).collect();
    let texts = texts.join(", ");
    let line = format!("{name:<38}{first:>12}{second:>12}{third:>12}   {texts}{verdict}");
    (line, is_reached)
}

/// Describes a ratio with a lower bound, and whether it is reached.
fn at_least(whose: &str, ratio: f64, bound: Option<Bound>) -> (String, bool) {
    match bound {
        Some(bound) => {
            let aim = aim(bound, times);
            let text = format!("{ratio:.2} of {whose} (floor {:.2}{aim})", bound.floor);
            (text, ratio >= bound.floor)
        }
        None => (format!("{ratio:.2} of {whose}"), true),
    }
}

fn aim(bound: Bound, show: fn(f64) -> String) -> String {
    match bound.aim {
        Some(aim) => format!(", aim {}", show(aim)),
        None => String::new(),
    }
}

fn times(ratio: f64) -> String {
    format!("{ratio:.2}")
}

fn per_second(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M/s", rate / 1e6),
        1e3.. => format!("{:.1} k/s", rate / 1e3),
        _ => format!("{rate:.0} /s"),
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        1.0.. => format!("{seconds:.2} s"),
        1e-3.. => format!("{:.2} ms", seconds * 1e3),
        1e-6.. => format!("{:.2} us", seconds * 1e6),
        _ => format!("{:.0} ns", seconds * 1e9),
    }
}

/// Returns the median over the rounds of a value that each has.
fn median(row: &Row, value: impl Fn(&[Option<f64>; 3]) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = row.rounds.iter().filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

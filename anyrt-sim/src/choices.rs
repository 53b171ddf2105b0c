//! The choices of a run: each draw, by purpose, so that a run can be repeated from its list.
//!
//! Every draw is a number below a bound, where 0 is the dull one: the first task, the least latency, no
//! fault. A list that is cut short is continued with zeros, so that a shorter list is a simpler run.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::misfit::Misfit;
use crate::random::Rng;

/// The purpose of a draw. Each has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[cfg_attr(
    not(feature = "net"),
    expect(
        dead_code,
        reason = "lists of choices have the same purposes with any features"
    )
)]
pub(crate) enum Purpose {
    /// The task that is polled next.
    Order,
    /// A choice of core's, among outcomes that are equally good.
    Core,
    /// A choice of the program's, by [`Simulation::choose`](crate::Simulation::choose).
    User,
    /// The latency of a packet, beyond the least.
    Latency,
    /// A fault: a lost packet, for instance.
    Fault,
    /// The time that an operation of a disk takes, beyond the least.
    Disk,
    /// A fault of a disk.
    DiskFault,
    /// What a crash leaves of changes that are not durable.
    Crash,
}

/// The names of the purposes in the text form of a list, in their order.
pub(crate) const NAMES: [&str; 8] = [
    "order",
    "core",
    "user",
    "latency",
    "fault",
    "disk",
    "disk-fault",
    "crash",
];

/// The purposes of draws that decide about faults.
const FAULTS: [Purpose; 2] = [Purpose::Fault, Purpose::DiskFault];

/// The number of the stream of priorities. It is among those of the purposes, since later ones were added.
const PRIORITIES: u64 = 6;

/// Returns the number of the stream of a purpose. Frozen, as a seed is.
fn stream(purpose: usize) -> u64 {
    let number = purpose as u64 + 1;
    number + u64::from(number >= PRIORITIES)
}

/// The draws of a run, in the order of each purpose.
///
/// Its text form, from [`Display`](fmt::Display) and for [`FromStr`], names each purpose with its draws; a
/// run of equal draws is written once, with its length: `order=0*12,3 latency=17,0*2`. Zeros at the end are
/// left out, since a list is continued with them. Four digits after a slash are a hash of the numbers of alternatives
/// that the draws of a purpose had: `order=0*12,3/9f3a`. If a run that repeats the list has others, the list does not
/// [fit](crate::Misfit). They may be left out, as in lists of versions without them: then this is not checked.
///
/// Two lists are equal if their draws are.
#[derive(Clone, Default)]
pub struct Choices {
    streams: [Vec<u64>; NAMES.len()],
    /// For each purpose, the hash of the bounds up to the last draw that is not zero, if it is known.
    bounds: [Option<u16>; NAMES.len()],
}

impl PartialEq for Choices {
    fn eq(&self, other: &Choices) -> bool {
        self.streams == other.streams
    }
}

impl Eq for Choices {}

impl Hash for Choices {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.streams.hash(state);
    }
}

impl Choices {
    /// Returns the number of draws, without the zeros at the end of each purpose.
    ///
    /// # Examples
    ///
    /// ```
    /// let outcome = anyrt::sim::Config::new(7).run(async {
    ///     anyrt::sim::Simulation::current().unwrap().choose(10)
    /// });
    /// assert!(outcome.choices.len() >= outcome.choices.to_string().matches("user=").count());
    /// ```
    pub fn len(&self) -> usize {
        self.streams
            .iter()
            .map(|stream| essential(stream).len())
            .sum()
    }

    /// Returns whether every draw is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Choices;
    ///
    /// let none: Choices = "".parse()?;
    /// assert!(none.is_empty());
    /// let some: Choices = "user=0*4,20".parse()?;
    /// assert!(!some.is_empty());
    /// # Ok::<_, anyrt::sim::ParseChoicesError>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the list of one fault: these draws, after a number of zeros.
    pub(crate) fn of_fault(
        purpose: Purpose,
        number: usize,
        draws: impl Iterator<Item = u64>,
    ) -> Choices {
        let mut choices = Choices::default();
        let stream = &mut choices.streams[purpose as usize];
        stream.resize(number, 0);
        stream.extend(draws);
        choices
    }

    /// Returns the purpose and the number of the first draw that is a fault.
    pub(crate) fn first_fault(&self) -> Option<(Purpose, usize)> {
        FAULTS.into_iter().find_map(|purpose| {
            let stream = &self.streams[purpose as usize];
            let number = stream.iter().position(|&draw| draw != 0)?;
            Some((purpose, number))
        })
    }

    /// Returns the draws of each purpose.
    pub(crate) fn streams(&self) -> &[Vec<u64>] {
        &self.streams
    }

    /// Returns the draws of one purpose, for changes. Their bounds are unknown then.
    pub(crate) fn stream_mut(&mut self, purpose: usize) -> &mut Vec<u64> {
        self.bounds[purpose] = None;
        &mut self.streams[purpose]
    }

    /// Returns whether the bounds of some draws are unknown.
    pub(crate) fn lacks_bounds(&self) -> bool {
        let mut all = self.streams.iter().zip(self.bounds);
        all.any(|(stream, bounds)| bounds.is_none() && !essential(stream).is_empty())
    }

    /// Removes the zeros at the end of each purpose, with which a list is continued anyway.
    pub(crate) fn trim(&mut self) {
        for stream in &mut self.streams {
            stream.truncate(essential(stream).len());
        }
    }
}

/// The rolling hash of the bounds of draws. Frozen, since lists contain it.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds(u64);

impl Bounds {
    #[inline]
    fn add(&mut self, bound: u64) {
        self.0 = (self.0.rotate_left(5) ^ bound).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    fn digest(self) -> u16 {
        (self.0 >> 48) as u16
    }
}

/// Returns the draws without the zeros at the end.
fn essential(stream: &[u64]) -> &[u64] {
    let end = stream.iter().rposition(|&draw| draw != 0);
    &stream[..end.map_or(0, |last| last + 1)]
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for ((name, stream), bounds) in NAMES.iter().zip(&self.streams).zip(self.bounds) {
            let stream = essential(stream);
            if stream.is_empty() {
                continue;
            }
            write!(f, "{}{name}=", if first { "" } else { " " })?;
            first = false;
            for (number, run) in stream.chunk_by(|a, b| a == b).enumerate() {
                let comma = if number == 0 { "" } else { "," };
                match run.len() {
                    1 => write!(f, "{comma}{}", run[0])?,
                    length => write!(f, "{comma}{}*{length}", run[0])?,
                }
            }
            if let Some(bounds) = bounds {
                write!(f, "/{bounds:04x}")?;
            }
        }
        if first { f.write_str("-") } else { Ok(()) }
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Choices({self})")
    }
}

/// The error of a list of choices that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseChoicesError(String);

impl fmt::Display for ParseChoicesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a part of a list of choices; expected `order=0*12,3` with one of the names {}",
            self.0,
            NAMES.join(", "),
        )
    }
}

impl std::error::Error for ParseChoicesError {}

/// The most draws that a list in text form may have for one purpose.
const MOST: usize = 1 << 26;

impl FromStr for Choices {
    type Err = ParseChoicesError;

    fn from_str(text: &str) -> Result<Choices, ParseChoicesError> {
        let mut choices = Choices::default();
        if text.trim() == "-" {
            return Ok(choices);
        }
        for part in text.split_whitespace() {
            let error = || ParseChoicesError(part.to_owned());
            let (name, draws) = part.split_once('=').ok_or_else(error)?;
            let at = NAMES
                .iter()
                .position(|known| *known == name)
                .ok_or_else(error)?;
            let draws = match draws.split_once('/') {
                Some((draws, bounds)) => {
                    let is_hash =
                        bounds.len() == 4 && bounds.bytes().all(|b| b.is_ascii_hexdigit());
                    let bounds = u16::from_str_radix(bounds, 16).ok();
                    choices.bounds[at] = Some(bounds.filter(|_| is_hash).ok_or_else(error)?);
                    draws
                }
                None => draws,
            };
            for draw in draws.split(',') {
                let (value, times) = draw.split_once('*').unwrap_or((draw, "1"));
                let value: u64 = value.parse().map_err(|_| error())?;
                let times: usize = times.parse().map_err(|_| error())?;
                let stream = &mut choices.streams[at];
                if times > MOST - stream.len().min(MOST) {
                    return Err(error());
                }
                stream.extend(std::iter::repeat_n(value, times));
            }
        }
        Ok(choices)
    }
}

/// The source of all draws of a run.
#[derive(Debug)]
pub(crate) struct Draws {
    streams: [Rng; NAMES.len()],
    /// Priorities are not among the choices: the positions that they lead to are.
    priorities: Rng,
    /// The list that is repeated instead of drawing, for these purposes.
    replayed: Option<Choices>,
    is_replayed: [bool; NAMES.len()],
    made: [usize; NAMES.len()],
    /// The bounds of the draws that were made.
    bounds: [Bounds; NAMES.len()],
    /// The purposes for which the draws of the list had other bounds.
    other_bounds: [bool; NAMES.len()],
    /// The number of draws of the list for each purpose, without the zeros at the end.
    listed: [usize; NAMES.len()],
    /// The number of choices of the list that were too high.
    out_of_range: usize,
    kept: Option<Choices>,
}

impl Draws {
    pub(crate) fn new(seed: u64, replayed: Option<Choices>, keep: bool) -> Draws {
        let listed = replayed.as_ref().map(|list| {
            let streams = &list.streams;
            std::array::from_fn(|purpose| essential(&streams[purpose]).len())
        });
        Draws {
            streams: std::array::from_fn(|purpose| Rng::stream(seed, stream(purpose))),
            priorities: Rng::stream(seed, PRIORITIES),
            replayed,
            is_replayed: [true; NAMES.len()],
            made: [0; NAMES.len()],
            bounds: [Bounds::default(); NAMES.len()],
            other_bounds: [false; NAMES.len()],
            listed: listed.unwrap_or_default(),
            out_of_range: 0,
            kept: keep.then(Choices::default),
        }
    }

    /// Repeats the faults of a list, whatever the other draws come from.
    pub(crate) fn inject(&mut self, faults: &Choices) {
        let list = match &mut self.replayed {
            Some(list) => list,
            none => {
                self.is_replayed = [false; NAMES.len()];
                none.insert(Choices::default())
            }
        };
        for purpose in FAULTS.map(|purpose| purpose as usize) {
            list.streams[purpose].clone_from(&faults.streams[purpose]);
            list.bounds[purpose] = faults.bounds[purpose];
            self.listed[purpose] = essential(&list.streams[purpose]).len();
            self.is_replayed[purpose] = true;
        }
    }

    /// Returns the number of draws of a purpose.
    pub(crate) fn made(&self, purpose: Purpose) -> usize {
        self.made[purpose as usize]
    }

    /// Draws a number below `n`, which is not zero.
    #[inline]
    pub(crate) fn below(&mut self, purpose: Purpose, n: u64) -> u64 {
        let index = purpose as usize;
        self.bounds[index].add(n);
        let digest = self.bounds[index].digest();
        let draw = match &self.replayed {
            Some(list) if self.is_replayed[index] => {
                let draw = list.streams[index].get(self.made[index]).copied();
                let draw = draw.unwrap_or(0);
                // A program that has changed may have fewer alternatives than when the list was made.
                self.out_of_range += usize::from(draw >= n);
                if self.made[index] + 1 == self.listed[index] {
                    let bounds = list.bounds[index];
                    self.other_bounds[index] = bounds.is_some_and(|bounds| bounds != digest);
                }
                draw.min(n - 1)
            }
            _ => self.streams[index].below(n),
        };
        self.note(index, draw, digest);
        draw
    }

    /// Draws a priority below `n`, which is not zero.
    pub(crate) fn priority(&mut self, n: u64) -> u64 {
        self.priorities.below(n)
    }

    /// Adds a choice below `n` that follows from priorities.
    pub(crate) fn add(&mut self, purpose: Purpose, choice: u64, n: u64) {
        let index = purpose as usize;
        self.bounds[index].add(n);
        self.note(index, choice, self.bounds[index].digest());
    }

    /// Notes a draw, and the hash of the bounds up to it.
    #[inline]
    fn note(&mut self, index: usize, draw: u64, digest: u16) {
        self.made[index] += 1;
        if let Some(kept) = &mut self.kept {
            kept.streams[index].push(draw);
            if draw != 0 {
                kept.bounds[index] = Some(digest);
            }
        }
    }

    /// Returns the number of draws.
    pub(crate) fn count(&self) -> u64 {
        self.made.iter().sum::<usize>() as u64
    }

    /// Returns the difference between the list that was repeated and the run, if there is one.
    pub(crate) fn misfit(&self) -> Option<Misfit> {
        let list = self.replayed.as_ref()?;
        let made = self.listed.iter().zip(self.made);
        let unused = made.map(|(listed, made)| listed.saturating_sub(made));
        let (unused, out_of_range) = (unused.sum(), self.out_of_range);
        let other_bounds = self.other_bounds;
        (unused + out_of_range > 0 || other_bounds.contains(&true)).then(|| Misfit {
            unused,
            out_of_range,
            listed: list.len(),
            other_bounds,
        })
    }

    /// Takes the list of the draws, which is empty if it was not kept.
    pub(crate) fn take_kept(&mut self) -> Choices {
        self.kept.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_its_text_form() {
        let mut draws = Draws::new(3, None, true);
        for n in 1..50 {
            draws.below(Purpose::Order, 3);
            draws.below(Purpose::Latency, n * 1000);
        }
        let choices = draws.take_kept();
        assert!(choices.len() > 50);
        assert_eq!(
            choices
                .to_string()
                .parse::<Choices>()
                .map(|c| c.to_string()),
            Ok(choices.to_string())
        );
    }

    #[test]
    fn a_replay_repeats_the_draws_and_continues_with_zeros() {
        let list: Choices = "order=2,0,1 core=5*3".parse().expect("it is a list");
        let mut draws = Draws::new(3, Some(list), false);
        let order: Vec<u64> = (0..5).map(|_| draws.below(Purpose::Order, 3)).collect();
        let core: Vec<u64> = (0..4).map(|_| draws.below(Purpose::Core, 4)).collect();
        assert_eq!((order, core), (vec![2, 0, 1, 0, 0], vec![3, 3, 3, 0]));
        let misfit = draws.misfit().expect("a choice of core was too high");
        assert_eq!(
            (misfit.unused, misfit.out_of_range, misfit.listed),
            (0, 3, 6)
        );
    }

    #[test]
    fn a_list_that_is_not_used_up_does_not_fit() {
        let misfit = |text: &str| {
            let list: Choices = text.parse().expect("it is a list");
            let mut draws = Draws::new(3, Some(list), false);
            for _ in 0..3 {
                draws.below(Purpose::User, 10);
            }
            draws.misfit()
        };
        for fits in ["-", "user=1", "user=9,0,9", "user=1,0*100"] {
            assert_eq!(misfit(fits), None, "{fits}");
        }
        let (unused, out_of_range) = (2, 1);
        let listed = 5;
        let other_bounds = [false; NAMES.len()];
        let expected = Misfit {
            unused,
            out_of_range,
            listed,
            other_bounds,
        };
        assert_eq!(misfit("user=1,10,2,0,1"), Some(expected));
        assert_eq!(
            misfit("user=1 order=0,1").map(|misfit| misfit.unused),
            Some(2)
        );
    }

    #[test]
    fn a_list_whose_values_fit_by_chance_is_noticed() {
        let of = |bounds: &[u64], list: Option<Choices>| {
            let mut draws = Draws::new(7, list, true);
            for n in bounds {
                draws.below(Purpose::User, *n);
            }
            draws
        };
        let mut made = of(&[10, 20, 30], None);
        let text = made.take_kept().to_string();
        assert_eq!(text, "user=2,6/1943", "it is frozen");
        let list: Choices = text.parse().expect("it is a list");
        assert_eq!(of(&[10, 20, 30], Some(list.clone())).misfit(), None);
        let misfit = of(&[10, 21, 30], Some(list.clone())).misfit();
        let misfit = misfit.expect("another number of alternatives");
        assert_eq!((misfit.unused, misfit.out_of_range), (0, 0));
        assert!(misfit.to_string().contains("`user`"), "{misfit}");
        // Without the hash, it cannot be known.
        let old: Choices = "user=2,6".parse().expect("it is a list");
        assert!(old == list && old.lacks_bounds() && !list.lacks_bounds());
        assert_eq!(of(&[10, 21, 30], Some(old)).misfit(), None);
        // The zeros at the end have no part in it.
        assert_eq!(of(&[10, 20, 7, 8], Some(list)).misfit(), None);
    }

    #[test]
    fn the_empty_list_has_a_text_form() {
        assert_eq!(Choices::default().to_string(), "-");
        assert_eq!("-".parse(), Ok(Choices::default()));
        assert_eq!(
            "order=0*7".parse::<Choices>().map(|list| list.is_empty()),
            Ok(true)
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for wrong in [
            "order",
            "speed=1",
            "order=x",
            "order=1*y",
            "order=1/12345",
            "order=1/+123",
            "order=1/",
            "order=1*99999999999",
        ] {
            let error = wrong.parse::<Choices>().expect_err(wrong);
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}

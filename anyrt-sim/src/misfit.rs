//! Lists of choices that do not fit the run that repeats them.

use std::fmt;

use crate::choices::NAMES;

/// The difference between a list of choices and the run that was to repeat it, in [`Outcome`](crate::Outcome) and
/// [`SeedReport`](crate::SeedReport).
///
/// Such a list is of an older version of the program or of the simulator, or of another test. What is missing in a
/// list is zero, which is not a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// The number of choices that the run did not draw, without the zeros at the end of each purpose.
    pub unused: usize,
    /// The number of choices that were not among the alternatives: the last alternative was used for each.
    pub out_of_range: usize,
    /// The number of choices in the list.
    pub listed: usize,
    /// The purposes whose choices were made among other numbers of alternatives.
    pub(crate) other_bounds: [bool; NAMES.len()],
}

impl Misfit {
    /// Returns whether choices of the list were made among other numbers of alternatives than those of the run, even if
    /// their values are possible in both.
    ///
    /// # Examples
    ///
    /// A list of a run that chose among ten, repeated by a run that chooses among twenty:
    ///
    /// ```
    /// use anyrt::sim::{Config, Policy, Simulation};
    ///
    /// let choose = async |most| Simulation::current().unwrap().choose(most);
    /// let old = (0..).map(|seed| Config::new(seed).run(choose(10)));
    /// let old = old.into_iter().find(|old| *old.result.as_ref().unwrap() > 0).unwrap();
    /// let new = Config::new(0).policy(Policy::Replay(old.choices)).run(choose(20));
    /// assert!(new.misfit.unwrap().has_other_bounds());
    /// ```
    pub fn has_other_bounds(&self) -> bool {
        self.other_bounds.contains(&true)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit {
            unused,
            out_of_range,
            listed,
            other_bounds,
        } = self;
        write!(
            f,
            "the list of choices does not fit: of its {listed} choices, {unused} were not used, and {out_of_range} \
             were not among the alternatives; "
        )?;
        if self.has_other_bounds() {
            let names = NAMES.iter().zip(other_bounds);
            let names = names.filter(|(_, differs)| **differs);
            let names: Vec<_> = names.map(|(name, _)| format!("`{name}`")).collect();
            let names = names.join(", ");
            write!(
                f,
                "those of {names} were made among other numbers of alternatives; "
            )?;
        }
        f.write_str(
            "it is of an older version of the program or of the simulator, or of another test, so run the seeds again",
        )
    }
}

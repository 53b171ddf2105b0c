//! Lists of choices that do not fit the run that repeats them.

use std::fmt;

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
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit {
            unused,
            out_of_range,
            listed,
        } = self;
        write!(
            f,
            "the list of choices does not fit: of its {listed} choices, {unused} were not used, and {out_of_range} \
             were not among the alternatives; it is of an older version of the program or of the simulator, or of \
             another test, so run the seeds again"
        )
    }
}

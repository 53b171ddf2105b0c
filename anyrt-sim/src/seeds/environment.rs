//! The variables of the environment that choose seeds.

use std::ops::Range;
use std::path::PathBuf;

use crate::choices::Choices;

/// A single run that is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there are few of them")]
pub(super) enum Repeat {
    /// None: seeds are run as usual.
    No,
    /// That of a seed.
    Seed,
    /// That of a list of choices.
    Choices(Choices),
}

/// Returns the seeds to run. `read` returns the value of a variable.
pub(super) fn parse(
    default: Range<u64>,
    read: impl Fn(&str) -> Option<String>,
) -> Result<(Range<u64>, Repeat), String> {
    let seed = seed(&read)?;
    if let Some(text) = read("ANYRT_SIM_CHOICES") {
        let choices: Choices = text
            .parse()
            .map_err(|error| format!("ANYRT_SIM_CHOICES cannot be read: {error}"))?;
        let seed = seed.unwrap_or(default.start);
        return Ok((one(seed), Repeat::Choices(choices)));
    }
    if let Some(seed) = seed {
        return Ok((one(seed), Repeat::Seed));
    }
    let Some(text) = read("ANYRT_SIM_SEEDS") else {
        return Ok((default, Repeat::No));
    };
    let range = match text.trim().split_once("..") {
        Some((start, end)) => start
            .parse()
            .and_then(|start| end.parse().map(|end| start..end)),
        None => text
            .trim()
            .parse()
            .map(|count| default.start..default.start.saturating_add(count)),
    };
    let range = range.map_err(|_| {
        format!(
            "ANYRT_SIM_SEEDS is `{text}`, which does not name seeds; set it to a number of seeds such as 5000, \
             or to a range such as 100..200"
        )
    })?;
    Ok((range, Repeat::No))
}

/// Returns the seed that the environment names. An empty text is none.
///
/// # Errors
///
/// A message if it names something else.
pub fn seed_from_env() -> Result<Option<u64>, String> {
    seed(&|name| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned()))
}

fn seed(read: &impl Fn(&str) -> Option<String>) -> Result<Option<u64>, String> {
    let Some(text) = read("ANYRT_SIM_SEED").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // No range includes the highest number.
    match text.trim().parse() {
        Ok(seed) if seed < u64::MAX => Ok(Some(seed)),
        _ => Err(format!(
            "ANYRT_SIM_SEED is `{text}`, which is not a seed; set it to a whole number below 2^64 - 1, such as 7"
        )),
    }
}

/// Returns the file for the timeline.
pub(super) fn trace() -> Option<PathBuf> {
    let path = std::env::var_os("ANYRT_SIM_TRACE");
    path.filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Returns the range of one seed, which is not the highest number.
fn one(seed: u64) -> Range<u64> {
    seed..seed.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<(Range<u64>, Repeat), String> {
        parse(10..20, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_variables_choose_the_seeds() {
        assert_eq!(of(&[]), Ok((10..20, Repeat::No)));
        assert_eq!(of(&[("ANYRT_SIM_SEED", "7")]), Ok((7..8, Repeat::Seed)));
        assert_eq!(
            of(&[("ANYRT_SIM_SEEDS", "5000")]),
            Ok((10..5010, Repeat::No))
        );
        assert_eq!(
            of(&[("ANYRT_SIM_SEEDS", "100..200")]),
            Ok((100..200, Repeat::No))
        );
        let choices: Choices = "order=0*12,3".parse().expect("it is a list");
        let list = ("ANYRT_SIM_CHOICES", "order=0*12,3");
        assert_eq!(of(&[list]), Ok((10..11, Repeat::Choices(choices.clone()))));
        assert_eq!(
            of(&[list, ("ANYRT_SIM_SEED", "7")]),
            Ok((7..8, Repeat::Choices(choices)))
        );
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_with_its_variable() {
        for (name, value) in [
            ("ANYRT_SIM_SEED", "seven"),
            ("ANYRT_SIM_SEED", "18446744073709551615"),
            ("ANYRT_SIM_SEEDS", "100...200"),
            ("ANYRT_SIM_SEEDS", "many"),
            ("ANYRT_SIM_CHOICES", "order"),
        ] {
            let error = of(&[(name, value)]).expect_err(value);
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}

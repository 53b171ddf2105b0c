//! The arguments of the attributes.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{LitInt, LitStr, Path, Result, Token};

/// A backend that anyrt knows. Only the crate `anyrt` knows whether it is enabled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Tokio,
    Smol,
    AsyncStd,
    Sim,
}

impl Backend {
    pub(crate) const ALL: [Backend; 4] = [
        Backend::Tokio,
        Backend::Smol,
        Backend::AsyncStd,
        Backend::Sim,
    ];

    /// Returns the name of the feature.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Backend::Tokio => "tokio",
            Backend::Smol => "smol",
            Backend::AsyncStd => "async-std",
            Backend::Sim => "sim",
        }
    }

    /// Returns the name of the variant of `anyrt::Backend`.
    pub(crate) fn variant(self) -> &'static str {
        match self {
            Backend::Tokio => "Tokio",
            Backend::Smol => "Smol",
            Backend::AsyncStd => "AsyncStd",
            Backend::Sim => "Sim",
        }
    }

    /// Returns the name as an identifier, which is the name of a test.
    pub(crate) fn snake(self) -> &'static str {
        match self {
            Backend::Tokio => "tokio",
            Backend::Smol => "smol",
            Backend::AsyncStd => "async_std",
            Backend::Sim => "sim",
        }
    }

    fn parse(name: &LitStr) -> Result<Backend> {
        let found = Backend::ALL.into_iter().find(|b| b.name() == name.value());
        found.ok_or_else(|| unknown("backend", name, Backend::ALL.map(Backend::name).as_slice()))
    }
}

/// The threads that poll tasks.
#[derive(Clone, Copy)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

impl Flavor {
    fn parse(name: &LitStr) -> Result<Flavor> {
        match name.value().as_str() {
            "multi_thread" => Ok(Flavor::MultiThread),
            "current_thread" => Ok(Flavor::CurrentThread),
            _ => Err(unknown("flavor", name, &["multi_thread", "current_thread"])),
        }
    }
}

fn unknown(what: &str, name: &LitStr, known: &[&str]) -> syn::Error {
    let known: Vec<String> = known.iter().map(|known| format!("{known:?}")).collect();
    let known = known.join(", ");
    let message = format!("unknown {what} {:?}; known are {known}", name.value());
    syn::Error::new(name.span(), message)
}

/// The arguments that both attributes accept.
#[derive(Default)]
pub(crate) struct Common {
    pub(crate) flavor: Option<Flavor>,
    pub(crate) worker_threads: Option<LitInt>,
    /// The path of `anyrt`.
    pub(crate) anyrt: Option<TokenStream>,
}

impl Common {
    /// Reads an argument that both attributes accept. Returns `false` if it is a different one.
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<bool> {
        if meta.path.is_ident("flavor") {
            let flavor = Flavor::parse(&meta.value()?.parse()?)?;
            once(&mut self.flavor, flavor, meta)?;
        } else if meta.path.is_ident("worker_threads") {
            let threads: LitInt = meta.value()?.parse()?;
            threads.base10_parse::<usize>()?;
            once(&mut self.worker_threads, threads, meta)?;
        } else if meta.path.is_ident("crate") {
            let path: LitStr = meta.value()?.parse()?;
            let path = path.parse_with(Path::parse_mod_style)?;
            once(&mut self.anyrt, path.into_token_stream(), meta)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

fn once<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("this argument is given twice")),
    }
}

/// The arguments of `#[anyrt::main]`.
#[derive(Default)]
pub(crate) struct MainArgs {
    pub(crate) backend: Option<Backend>,
    pub(crate) common: Common,
}

impl MainArgs {
    pub(crate) fn parse(args: TokenStream) -> Result<MainArgs> {
        let mut parsed = MainArgs::default();
        let parser = syn::meta::parser(|meta| {
            if parsed.common.take(&meta)? {
                Ok(())
            } else if meta.path.is_ident("backend") {
                let backend = Backend::parse(&meta.value()?.parse()?)?;
                once(&mut parsed.backend, backend, &meta)
            } else {
                Err(meta.error(
                    "unknown argument; known are `backend`, `flavor`, `worker_threads`, `crate`",
                ))
            }
        });
        parser.parse2(args)?;
        Ok(parsed)
    }
}

/// The arguments of `#[anyrt::test]`.
#[derive(Default)]
pub(crate) struct TestArgs {
    pub(crate) backends: Option<Vec<Backend>>,
    pub(crate) simulation: Simulation,
    pub(crate) common: Common,
}

/// The arguments of simulated tests.
#[derive(Default)]
pub(crate) struct Simulation {
    /// The number of seeds.
    pub(crate) seeds: Option<LitInt>,
    /// The virtual time after which a test fails, in milliseconds.
    pub(crate) time_limit: Option<u64>,
}

impl Simulation {
    /// Reads an argument of simulated tests. Returns `false` if it is a different one.
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<bool> {
        if meta.path.is_ident("seeds") {
            let seeds: LitInt = meta.value()?.parse()?;
            if seeds.base10_parse::<u64>()? == 0 {
                let message = "without a seed nothing is simulated: set `seeds` to 1 or more";
                return Err(syn::Error::new(seeds.span(), message));
            }
            once(&mut self.seeds, seeds, meta)?;
        } else if meta.path.is_ident("time_limit") {
            let limit: LitStr = meta.value()?.parse()?;
            let parsed = milliseconds(&limit.value()).ok_or_else(|| {
                let message = format!(
                    "{:?} is not a time limit: write a whole number above zero and one of the units `ms`, \
                     `s`, `m`, `h`, `d`, such as \"10m\"",
                    limit.value()
                );
                syn::Error::new(limit.span(), message)
            })?;
            once(&mut self.time_limit, parsed, meta)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Returns the name of an argument that was given.
    fn given(&self) -> Option<&'static str> {
        match (&self.seeds, self.time_limit) {
            (Some(_), _) => Some("seeds"),
            (None, Some(_)) => Some("time_limit"),
            (None, None) => None,
        }
    }
}

/// Reads a duration such as `10m`.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(unit).filter(|limit| *limit > 0)
}

impl TestArgs {
    pub(crate) fn parse(args: TokenStream) -> Result<TestArgs> {
        let mut parsed = TestArgs::default();
        let parser = syn::meta::parser(|meta| {
            if parsed.common.take(&meta)? || parsed.simulation.take(&meta)? {
                Ok(())
            } else if meta.path.is_ident("backends") {
                let list;
                let value = meta.value()?;
                syn::bracketed!(list in value);
                let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
                let mut backends = Vec::new();
                for name in &names {
                    let backend = Backend::parse(name)?;
                    if backends.contains(&backend) {
                        return Err(syn::Error::new(name.span(), "this backend is named twice"));
                    }
                    backends.push(backend);
                }
                if backends.is_empty() {
                    return Err(meta.error("the list of backends is empty: name at least one"));
                }
                once(&mut parsed.backends, backends, &meta)
            } else {
                Err(meta.error(
                    "unknown argument; known are `backends`, `flavor`, `worker_threads`, `seeds`, \
                     `time_limit`, `crate`",
                ))
            }
        });
        parser.parse2(args)?;
        if let (Some(backends), Some(name)) = (&parsed.backends, parsed.simulation.given()) {
            if !backends.contains(&Backend::Sim) {
                let message = format!(
                    "`{name}` is for simulated tests, but the list of backends leaves out \"sim\": add it to \
                 `backends`, or remove `{name}`"
                );
                return Err(syn::Error::new(proc_macro2::Span::call_site(), message));
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main_error(args: &str) -> String {
        let parsed = MainArgs::parse(args.parse().unwrap());
        parsed.err().unwrap().to_string()
    }

    fn test_error(args: &str) -> String {
        let parsed = TestArgs::parse(args.parse().unwrap());
        parsed.err().unwrap().to_string()
    }

    #[test]
    fn errors_list_what_is_known() {
        let error = main_error("backend = \"tokyo\"");
        assert!(
            error.contains(r#""tokio", "smol", "async-std", "sim""#),
            "{error}"
        );
        let error = test_error("backends = [\"tokio\", \"tokyo\"]");
        assert!(
            error.contains(r#""tokio", "smol", "async-std", "sim""#),
            "{error}"
        );
        let error = main_error("flavor = \"vanilla\"");
        assert!(
            error.contains(r#""multi_thread", "current_thread""#),
            "{error}"
        );
        let error = main_error("backends = [\"tokio\"]");
        assert!(error.contains("`backend`, `flavor`"), "{error}");
        let error = test_error("backend = \"tokio\"");
        assert!(error.contains("`backends`, `flavor`"), "{error}");
    }

    #[test]
    fn nothing_is_given_twice() {
        assert!(main_error("worker_threads = 1, worker_threads = 2").contains("twice"));
        assert!(test_error("backends = [\"smol\", \"smol\"]").contains("twice"));
    }

    #[test]
    fn arguments_of_simulations_are_checked() {
        assert!(test_error("seeds = 0").contains("nothing is simulated"));
        assert!(test_error("seeds = 1, seeds = 2").contains("twice"));
        assert!(test_error("backends = [\"tokio\"], seeds = 2").contains("leaves out \"sim\""));
        let limit = "backends = [\"tokio\"], time_limit = \"1s\"";
        assert!(test_error(limit).contains("`time_limit` is for"));
        for wrong in [
            "",
            "m",
            "10",
            "10 m",
            "0s",
            "-1s",
            "1.5h",
            "1w",
            "9999999999999999d",
        ] {
            let error = test_error(&format!("time_limit = {wrong:?}"));
            assert!(error.contains("is not a time limit"), "{error}");
        }
        let limits = ["5ms", "4s", "3m", "2h", "1d"].map(milliseconds);
        assert_eq!(limits, [5, 4_000, 180_000, 7_200_000, 86_400_000].map(Some));
    }

    #[test]
    fn arguments_are_read() {
        let args = "backend = \"async-std\", flavor = \"multi_thread\", worker_threads = 2, \
                    crate = \"some::path\",";
        let parsed = MainArgs::parse(args.parse().unwrap()).ok().unwrap();
        assert!(parsed.backend == Some(Backend::AsyncStd));
        assert!(parsed.common.anyrt.is_some());
        assert!(TestArgs::parse(TokenStream::new()).is_ok());
        let args = "seeds = 200, time_limit = \"10m\", backends = [\"sim\", \"tokio\"]";
        assert!(TestArgs::parse(args.parse().unwrap()).is_ok());
    }
}

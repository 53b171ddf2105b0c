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
}

impl Backend {
    pub(crate) const ALL: [Backend; 3] = [Backend::Tokio, Backend::Smol, Backend::AsyncStd];

    /// Returns the name of the feature.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Backend::Tokio => "tokio",
            Backend::Smol => "smol",
            Backend::AsyncStd => "async-std",
        }
    }

    /// Returns the name of the variant of `anyrt::Backend`.
    pub(crate) fn variant(self) -> &'static str {
        match self {
            Backend::Tokio => "Tokio",
            Backend::Smol => "Smol",
            Backend::AsyncStd => "AsyncStd",
        }
    }

    /// Returns the name as an identifier, which is the name of a test.
    pub(crate) fn snake(self) -> &'static str {
        match self {
            Backend::Tokio => "tokio",
            Backend::Smol => "smol",
            Backend::AsyncStd => "async_std",
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
    pub(crate) common: Common,
}

impl TestArgs {
    pub(crate) fn parse(args: TokenStream) -> Result<TestArgs> {
        let mut parsed = TestArgs::default();
        let parser = syn::meta::parser(|meta| {
            if parsed.common.take(&meta)? {
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
                    "unknown argument; known are `backends`, `flavor`, `worker_threads`, `crate`",
                ))
            }
        });
        parser.parse2(args)?;
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
        assert!(error.contains(r#""tokio", "smol", "async-std""#), "{error}");
        let error = test_error("backends = [\"tokio\", \"tokyo\"]");
        assert!(error.contains(r#""tokio", "smol", "async-std""#), "{error}");
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
    fn arguments_are_read() {
        let args = "backend = \"async-std\", flavor = \"multi_thread\", worker_threads = 2, \
                    crate = \"some::path\",";
        let parsed = MainArgs::parse(args.parse().unwrap()).ok().unwrap();
        assert!(parsed.backend == Some(Backend::AsyncStd));
        assert!(parsed.common.anyrt.is_some());
        assert!(TestArgs::parse(TokenStream::new()).is_ok());
    }
}

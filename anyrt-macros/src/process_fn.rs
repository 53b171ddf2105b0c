//! `#[anyrt::process_fn]`: the functions that it accepts, and its expansion.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, LitStr, Path, Result, Signature, Type, Visibility};

/// The arguments of the attribute.
#[derive(Default)]
pub(crate) struct ProcessFnArgs {
    /// The path of `anyrt`.
    anyrt: Option<TokenStream>,
}

impl ProcessFnArgs {
    pub(crate) fn parse(args: TokenStream) -> Result<ProcessFnArgs> {
        let mut parsed = ProcessFnArgs::default();
        let parser = syn::meta::parser(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("unknown argument; known is `crate`"));
            }
            let path: LitStr = meta.value()?.parse()?;
            let path = path.parse_with(Path::parse_mod_style)?;
            match parsed.anyrt.replace(path.into_token_stream()) {
                None => Ok(()),
                Some(_) => Err(meta.error("this argument is given twice")),
            }
        });
        parser.parse2(args)?;
        Ok(parsed)
    }
}

/// A function that may run in worker processes.
pub(crate) struct ProcessFn {
    name: Ident,
    /// Its `cfg` attributes.
    conditions: Vec<Attribute>,
}

impl Parse for ProcessFn {
    fn parse(input: ParseStream<'_>) -> Result<ProcessFn> {
        let mut conditions = input.call(Attribute::parse_outer)?;
        conditions.retain(|attribute| attribute.path().is_ident("cfg"));
        let _visibility: Visibility = input.parse()?;
        let signature: Signature = input.parse()?;
        // The body is not parsed: the compiler reports the errors in it.
        let _body: TokenStream = input.parse()?;
        check(&signature)?;
        Ok(ProcessFn {
            name: signature.ident,
            conditions,
        })
    }
}

impl ProcessFn {
    pub(crate) fn parse(item: TokenStream) -> Result<ProcessFn> {
        Parser::parse2(<ProcessFn as Parse>::parse, item)
    }
}

fn refuse<T>(at: &dyn Spanned, why: &str) -> Result<T> {
    let message = format!("`#[anyrt::process_fn]` {why}");
    Err(Error::new(at.span(), message))
}

fn check(signature: &Signature) -> Result<()> {
    if let Some(asyncness) = &signature.asyncness {
        let why = "needs a function that is not `async`: a worker process has no run; the function can \
                   start one with `anyrt::run`";
        return refuse(asyncness, why);
    }
    if let Some(unsafety) = &signature.unsafety {
        return refuse(unsafety, "needs a function that is safe to call");
    }
    if !signature.generics.params.is_empty() {
        let why = "needs a function that is not generic: workers find functions by their type";
        return refuse(&signature.generics.params, why);
    }
    let mut inputs = signature.inputs.iter();
    let argument = match (inputs.next(), inputs.next()) {
        (Some(FnArg::Receiver(receiver)), _) => {
            let why = "needs a function without `self`, outside of `impl` blocks";
            return refuse(receiver, why);
        }
        (Some(FnArg::Typed(argument)), None) => argument,
        (None, _) => {
            return refuse(
                &signature.ident,
                "needs a function with one argument, which may be `()`",
            );
        }
        (Some(_), Some(_)) => {
            let why = "needs a function with one argument: put several into a tuple or a struct";
            return refuse(&signature.inputs, why);
        }
    };
    if let Type::ImplTrait(generic) = &*argument.ty {
        let why = "needs a function that is not generic: workers find functions by their type";
        return refuse(generic, why);
    }
    let result = match &signature.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, result) => Some(&**result),
    };
    for kind in [Some(&*argument.ty), result].into_iter().flatten() {
        if has_reference(kind.to_token_stream()) {
            let why = "needs an argument and a result without references: another process has its own \
                       memory, so use `String`, `Vec<T>` or `T`";
            return refuse(kind, why);
        }
    }
    Ok(())
}

/// Returns whether a type contains a reference or a lifetime.
fn has_reference(kind: TokenStream) -> bool {
    kind.into_iter().any(|token| match token {
        // A lifetime begins with an apostrophe.
        TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\''),
        TokenTree::Group(group) => has_reference(group.stream()),
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    })
}

/// Returns the unchanged function and its registration.
pub(crate) fn expand(args: &ProcessFnArgs, function: &ProcessFn, item: TokenStream) -> TokenStream {
    let anyrt = args.anyrt.clone().unwrap_or_else(|| quote!(::anyrt));
    let ProcessFn { name, conditions } = function;
    quote! {
        #item

        #(#conditions)*
        const _: () = {
            #anyrt::__private::inventory::submit! {
                #anyrt::__private::ProcessFn::new(
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                    || #anyrt::__private::type_id(#name),
                    |argument| #anyrt::__private::call(#name, argument),
                )
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(item: &str) -> String {
        let parsed = ProcessFn::parse(item.parse().unwrap());
        parsed.err().unwrap().to_string()
    }

    /// Checks rule W18.
    #[test]
    fn what_does_not_fit_is_named() {
        assert!(error("async fn f(x: u8) {}").contains("not `async`"));
        assert!(error("unsafe fn f(x: u8) {}").contains("safe to call"));
        assert!(error("fn f<T>(x: T) {}").contains("not generic"));
        assert!(error("fn f(x: impl Copy) {}").contains("not generic"));
        assert!(error("fn f<'a>(x: &'a u8) {}").contains("not generic"));
        assert!(error("fn f(&self) {}").contains("without `self`"));
        assert!(error("fn f(self, x: u8) {}").contains("without `self`"));
        assert!(error("fn f() {}").contains("with one argument"));
        assert!(error("fn f(x: u8, y: u8) {}").contains("a tuple or a struct"));
        assert!(error("fn f(x: &u8) {}").contains("without references"));
        assert!(error("fn f(x: Vec<(&str, u8)>) {}").contains("without references"));
        assert!(error("fn f(x: Cow<'_, str>) {}").contains("without references"));
        assert!(error("fn f(x: u8) -> &'static str {}").contains("without references"));
    }

    #[test]
    fn what_fits_is_taken() {
        for item in [
            "fn f(x: u8) {}",
            "/// Documented.\n #[cfg(unix)] pub(crate) fn f(_: ()) -> Result<(), String> { not Rust }",
            "fn f((x, y): (f64, f64)) -> f64 { x }",
        ] {
            assert!(ProcessFn::parse(item.parse().unwrap()).is_ok(), "{item}");
        }
        assert!(ProcessFnArgs::parse("crate = \"some::path\"".parse().unwrap()).is_ok());
        assert!(ProcessFnArgs::parse("other".parse().unwrap()).is_err());
    }
}

//! The function that an attribute is applied to.

use proc_macro2::{Group, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Result, Signature, Visibility};

/// An async function without arguments. Its body is not parsed, so that the compiler reports the errors
/// in it.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Function> {
        Ok(Function {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl Function {
    /// Parses the item. Returns an error if `#[anyrt::attribute]` does not support it.
    pub(crate) fn parse(attribute: &str, item: TokenStream) -> Result<Function> {
        let function = <Function as Parse>::parse.parse2(item)?;
        let signature = &function.signature;
        let refuse = |at: &dyn Spanned, why: &str| {
            Err(Error::new(
                at.span(),
                format!("`#[anyrt::{attribute}]` {why}"),
            ))
        };
        if signature.asyncness.is_none() {
            return refuse(&signature.fn_token, "needs an `async fn`");
        }
        if !signature.inputs.is_empty() {
            return refuse(&signature.inputs, "needs a function without arguments");
        }
        if !signature.generics.params.is_empty() {
            return refuse(
                &signature.generics.params,
                "needs a function that is not generic",
            );
        }
        if let Some(unsafety) = &signature.unsafety {
            return refuse(unsafety, "needs a function that is safe to call");
        }
        if let Some(abi) = &signature.abi {
            return refuse(abi, "needs a function with Rust's own calling convention");
        }
        for other in &function.attributes {
            if other
                .path()
                .segments
                .last()
                .is_some_and(|s| s.ident == "test")
            {
                return refuse(
                    other,
                    "cannot be combined with another test attribute: the test would run twice",
                );
            }
        }
        Ok(function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(item: &str) -> String {
        let parsed = Function::parse("test", item.parse().unwrap());
        parsed.err().unwrap().to_string()
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert!(error("fn f() {}").contains("`async fn`"));
        assert!(error("async fn f(x: u8) {}").contains("without arguments"));
        assert!(error("async fn f<T>() {}").contains("not generic"));
        assert!(error("async unsafe fn f() {}").contains("safe to call"));
        assert!(error("async extern \"C\" fn f() {}").contains("calling convention"));
        assert!(error("#[tokio::test] async fn f() {}").contains("twice"));
    }

    #[test]
    fn bodies_are_left_alone() {
        let item = "#[ignore] pub async fn f() -> u8 { not even Rust }";
        assert!(Function::parse("test", item.parse().unwrap()).is_ok());
    }
}

//! The expansion of the attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, ReturnType};

use crate::args::{Backend, Common, Flavor, MainArgs, TestArgs};
use crate::function::Function;

/// Returns the error and the unchanged item, so that editors still understand the item.
pub(crate) fn failed(error: &Error, item: TokenStream) -> TokenStream {
    let error = error.to_compile_error();
    quote! { #error #item }
}

pub(crate) fn main(args: &MainArgs, function: Function) -> TokenStream {
    let anyrt = anyrt(&args.common);
    let builder = builder(&args.common, args.backend);
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let name = &signature.ident;
    let output = &signature.output;
    // The user's function is kept as an inner function, so that types are checked against its signature.
    quote! {
        #(#attributes)*
        #visibility fn #name() #output {
            #signature #body
            #anyrt::__private::serve();
            #anyrt::__private::run(#builder, #name())
        }
    }
}

pub(crate) fn test(args: &TestArgs, function: Function) -> TokenStream {
    let anyrt = anyrt(&args.common);
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let name = &signature.ident;
    let (for_harness, for_body): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(is_for_harness);
    let conditions = for_body
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"));
    let backends = args.backends.as_deref().unwrap_or(&Backend::ALL);

    let tests = backends.iter().map(|&backend| {
        let builder = builder(&args.common, Some(backend));
        let ident = Ident::new(backend.snake(), name.span());
        let condition = Ident::new(&format!("if_{}", backend.snake()), Span::call_site());
        let call = quote_spanned! { name.span() => super::#name };
        let named = quote! {
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident))
        };
        let (output, run) = if backend == Backend::Sim {
            let seeds = option(args.simulation.seeds.as_ref());
            let limit = option(args.simulation.time_limit.as_ref());
            // The engine decides how often the test runs, so it returns no value.
            let run = quote! {
                #anyrt::__private::simulate(#builder, #seeds, #limit, #call)
            };
            (TokenStream::new(), run)
        } else {
            let output = termination(&signature.output);
            (output, quote! { #anyrt::__private::run(#builder, #call()) })
        };
        let otherwise = if args.backends.is_some() {
            let why = format!("the feature `{}` of `anyrt` is not enabled", backend.name());
            quote! {
                #[::core::prelude::v1::test]
                #[ignore = #why]
                fn #ident() {}
            }
        } else {
            TokenStream::new()
        };
        quote! {
            #anyrt::__private::#condition! {
                {
                    #[::core::prelude::v1::test]
                    #(#for_harness)*
                    fn #ident() #output {
                        #anyrt::__private::serve_in_test(#named);
                        #run
                    }
                }
                { #otherwise }
            }
        }
    });
    let ignored = for_harness
        .iter()
        .filter(|attribute| attribute.path().is_ident("ignore"));
    // An explicit list shows a backend that is not enabled as an ignored test.
    let no_backend = args.backends.is_none().then(|| {
        quote! {
            #anyrt::__private::if_any! {
                {}
                {
                    #[::core::prelude::v1::test]
                    #(#ignored)*
                    fn no_backend() {
                        #anyrt::__private::run(#anyrt::Builder::new(), async {})
                    }
                }
            }
        }
    });

    quote! {
        #[cfg(test)]
        #[allow(dead_code, reason = "unused where no backend is enabled that it is for")]
        #(#for_body)*
        #visibility #signature #body

        #[cfg(test)]
        #(#conditions)*
        mod #name {
            #(#tests)*
            #no_backend
        }
    }
}

/// Returns whether the attribute is for the test harness rather than for the compiler.
fn is_for_harness(attribute: &Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("ignore") || path.is_ident("should_panic") || path.is_ident("cfg_attr")
}

/// Returns the return type of a test.
///
/// The user's type may not be accessible in the module of the tests. There it only matters that the test
/// harness accepts it.
fn termination(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => TokenStream::new(),
        ReturnType::Type(_, output) => {
            quote_spanned! { output.span() => -> impl ::std::process::Termination }
        }
    }
}

/// Returns the value as an expression of the type `Option`.
fn option(value: Option<&impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote! { ::core::option::Option::Some(#value) },
        None => quote! { ::core::option::Option::None },
    }
}

fn anyrt(common: &Common) -> TokenStream {
    common.anyrt.clone().unwrap_or_else(|| quote!(::anyrt))
}

fn builder(common: &Common, backend: Option<Backend>) -> TokenStream {
    let anyrt = anyrt(common);
    let backend = backend.map(|backend| {
        let variant = Ident::new(backend.variant(), Span::call_site());
        quote! { .backend(#anyrt::Backend::#variant) }
    });
    let flavor = common.flavor.map(|flavor| match flavor {
        Flavor::MultiThread => quote! { .multi_thread() },
        Flavor::CurrentThread => quote! { .current_thread() },
    });
    let threads = common.worker_threads.as_ref();
    let threads = threads.map(|threads| quote! { .worker_threads(#threads) });
    quote! { #anyrt::Builder::new() #backend #flavor #threads }
}

//! Each public function and method that users call has an example that runs.
//!
//! The items of core are those that the facade re-exports, by name. A private type of the same name counts too: it
//! has no public methods, since the lint `unreachable_pub` is on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{
    Attribute, Expr, ImplItem, ImplItemFn, Item, Lit, Meta, TraitItem, Type, UseTree, Visibility,
};

/// The crates whose items are all for users.
const FOR_USERS: &[&str] = &[
    "anyrt",
    "anyrt-async-std",
    "anyrt-macros",
    "anyrt-sim",
    "anyrt-smol",
    "anyrt-tokio",
];

/// Functions without an example, as `crate/file: name`, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("anyrt-core/instant.rs: Instant::after_anchor", BACKENDS),
    ("anyrt-core/instant.rs: Instant::before_anchor", BACKENDS),
    ("anyrt-core/instant.rs: Instant::since_anchor", BACKENDS),
    (
        "anyrt-core/net/datagram/connected.rs: ConnectedDatagramSocket::from_socket",
        BACKENDS,
    ),
    (
        "anyrt-core/net/datagram/socket.rs: DatagramSocket::from_socket",
        BACKENDS,
    ),
    ("anyrt-core/task/run/main.rs: run", GENERIC),
    ("anyrt-core/thread/from_thread.rs: run", GENERIC),
    ("anyrt-core/thread/to_thread.rs: run", GENERIC),
    ("anyrt-core/to_process/mod.rs: run", GENERIC),
    (
        "anyrt-sim/seeds/environment.rs: seed_from_env",
        "for the facade",
    ),
];

const BACKENDS: &str = "for backends";
const GENERIC: &str = "users call the function of the facade, which has an example";

/// A public function, and whether it has an example.
struct Function {
    name: String,
    has_example: bool,
}

/// Returns the functions of a crate that are public, or that are methods of a public type or trait. With a list of
/// names, only the functions and types in it count.
fn functions(crate_name: &str, only: Option<&BTreeSet<String>>) -> Vec<Function> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(crate_name);
    let root = root.join("src");
    let mut found = Vec::new();
    for file in sources(&root) {
        let short = file.strip_prefix(&root).expect("a file below it").display();
        let prefix = format!("{crate_name}/{short}: ");
        let text = fs::read_to_string(&file).expect("a source file");
        let items = syn::parse_file(&text).expect("Rust").items;
        collect(&items, only, &mut |name, attributes| {
            found.push(Function {
                name: format!("{prefix}{name}"),
                has_example: has_example(attributes),
            });
        });
    }
    found
}

/// Returns the files of a folder and of those in it, apart from tests, and from types for Windows: those of the same name
/// for Unix have the examples, which run here.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "__private" && name != "windows" {
            files.extend(sources(&path));
        } else if path.is_file()
            && name.ends_with(".rs")
            && !name.ends_with("tests.rs")
            && name != "__private.rs"
        {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Calls `found` with the name and the attributes of each public function.
fn collect(
    items: &[Item],
    only: Option<&BTreeSet<String>>,
    found: &mut dyn FnMut(String, &[Attribute]),
) {
    let counts = |name: &str| only.is_none_or(|names| names.contains(name));
    let is_public = |visibility: &Visibility| matches!(visibility, Visibility::Public(_));
    for item in items {
        match item {
            Item::Fn(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                let name = item.sig.ident.to_string();
                if counts(&name) {
                    found(name, &item.attrs);
                }
            }
            Item::Impl(block) if block.trait_.is_none() && !is_hidden(&block.attrs) => {
                let owner = type_name(&block.self_ty);
                for member in block.items.iter().filter(|_| counts(&owner)) {
                    with_method(member, |method| {
                        if is_public(&method.vis) && !is_hidden(&method.attrs) {
                            found(format!("{owner}::{}", method.sig.ident), &method.attrs);
                        }
                    });
                }
            }
            Item::Trait(item) if is_public(&item.vis) && counts(&item.ident.to_string()) => {
                for member in &item.items {
                    if let TraitItem::Fn(method) = member
                        && !is_hidden(&method.attrs)
                    {
                        let name = format!("{}::{}", item.ident, method.sig.ident);
                        found(name, &method.attrs);
                    }
                }
            }
            Item::Macro(item) if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) => {
                if let Some(name) = &item.ident
                    && counts(&name.to_string())
                    && !is_hidden(&item.attrs)
                {
                    found(format!("{name}!"), &item.attrs);
                }
            }
            Item::Mod(module) if is_public(&module.vis) && !is_hidden(&module.attrs) => {
                if let Some((_, items)) = &module.content {
                    collect(items, only, found);
                }
            }
            _ => {}
        }
    }
}

/// Calls `found` with a method of an `impl` block, also if it is inside of a macro, such as `const_fn!`.
fn with_method(member: &ImplItem, found: impl FnOnce(&ImplItemFn)) {
    match member {
        ImplItem::Fn(method) => found(method),
        ImplItem::Macro(call) => drop(call.mac.parse_body().as_ref().map(found)),
        _ => {}
    }
}

fn type_name(of: &Type) -> String {
    match of {
        Type::Path(of) => of.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
    .unwrap_or_default()
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("doc")
            && list.is_ok_and(|list| list.tokens.to_string() == "hidden")
    })
}

/// Returns whether a documentation has a block of code that runs.
fn has_example(attributes: &[Attribute]) -> bool {
    let mut in_block = false;
    for attribute in attributes {
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(value) = &meta.value else {
            continue;
        };
        let Lit::Str(text) = &value.lit else { continue };
        if !meta.path.is_ident("doc") {
            continue;
        }
        let text = text.value();
        for line in text.lines() {
            if let Some(language) = line.trim().strip_prefix("```") {
                if !in_block && matches!(language, "" | "should_panic") {
                    return true;
                }
                in_block = !in_block;
            }
        }
    }
    false
}

/// Returns the names of core that the facade re-exports, itself or as an alias.
fn names_of_core() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in sources(&root) {
        let text = fs::read_to_string(&file).expect("a source file");
        for item in syn::parse_file(&text).expect("Rust").items {
            match item {
                Item::Use(item) if matches!(item.vis, Visibility::Public(_)) => {
                    if let UseTree::Path(path) = &item.tree
                        && path.ident == "anyrt_core"
                    {
                        leaves(&path.tree, &mut names);
                    }
                }
                Item::Type(item) if matches!(item.vis, Visibility::Public(_)) => {
                    names.insert(type_name(&item.ty));
                }
                _ => {}
            }
        }
    }
    names
}

fn leaves(tree: &UseTree, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names),
        UseTree::Name(name) => drop(names.insert(name.ident.to_string())),
        UseTree::Rename(rename) => drop(names.insert(rename.ident.to_string())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names)),
        UseTree::Glob(_) => panic!("items are listed, not globbed"),
    }
}

#[test]
fn each_function_has_an_example() {
    let mut functions: Vec<Function> = FOR_USERS
        .iter()
        .flat_map(|crate_name| self::functions(crate_name, None))
        .collect();
    functions.extend(self::functions("anyrt-core", Some(&names_of_core())));
    let missing: Vec<&str> = functions
        .iter()
        .filter(|function| !function.has_example)
        .map(|function| &*function.name)
        .filter(|name| !EXCEPTIONS.iter().any(|(exception, _)| exception == name))
        .collect();
    assert!(
        missing.is_empty(),
        "{} of {} functions have no example:\n{}",
        missing.len(),
        functions.len(),
        missing.join("\n")
    );
    for (exception, _) in EXCEPTIONS {
        let function = functions
            .iter()
            .find(|function| function.name == *exception);
        assert!(
            function.is_some_and(|function| !function.has_example),
            "{exception} is not needed in `EXCEPTIONS`"
        );
    }
}

//! Reads the modules of core: the names that each file defines, the paths that it uses, and the files that
//! those lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module, as its segments after `crate`.
type Module = Vec<String>;

/// The imports of files by files, each with a path that is imported.
pub(crate) type Imports = BTreeMap<(String, String), String>;

/// A `use` declaration of one name.
struct Binding {
    file: String,
    path: Vec<String>,
    /// Whether the declaration has a visibility, so that it may be a re-export alone.
    exported: bool,
}

/// A path in code, outside of `use` declarations.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Mention {
    file: String,
    path: Vec<String>,
    module: Module,
}

/// The modules of the crate, except for tests.
#[derive(Default)]
pub(crate) struct Modules {
    /// The files of each module. There are several if the target selects one of them.
    files: BTreeMap<Module, BTreeSet<String>>,
    definitions: BTreeMap<(Module, String), BTreeSet<String>>,
    /// The names that `use` declarations bring into each module; `*` stands for all names of another one.
    bindings: BTreeMap<(Module, String), Vec<Binding>>,
    mentions: BTreeSet<Mention>,
    /// The first segments of the mentions in each file.
    words: BTreeSet<(String, String)>,
}

impl Modules {
    /// Reads the crate from the folder of its sources.
    pub(crate) fn read(root: &Path) -> Self {
        let mut modules = Self::default();
        modules.file(root, "lib.rs", &Vec::new());
        modules
    }

    /// Returns the imports. The root of the crate is left out: it declares the rooms.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        let mut add = |module: &Module, file: &String, path: &Vec<String>| {
            for to in self.resolve(module, path, 0) {
                if to != *file && file != "lib.rs" && to != "lib.rs" {
                    imports.entry((file.clone(), to)).or_insert(path.join("::"));
                }
            }
        };
        for ((module, name), bindings) in &self.bindings {
            for binding in bindings {
                // A re-export is an import if the file uses the name itself, too.
                let word = (binding.file.clone(), name.clone());
                if !binding.exported || self.words.contains(&word) {
                    add(module, &binding.file, &binding.path);
                }
            }
        }
        for mention in &self.mentions {
            // A single segment is a definition of this file, or one of its bindings.
            if mention.path.len() > 1 {
                add(&mention.module, &mention.file, &mention.path);
            }
        }
        imports
    }

    /// Returns the files that define the item at a path, which may be relative to the module.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> BTreeSet<String> {
        assert!(
            depth < 20,
            "re-exports lead to themselves: {module:?} {path:?}"
        );
        match path[0].as_str() {
            "crate" => self.find(&Vec::new(), &path[1..], depth),
            "self" => self.find(module, &path[1..], depth),
            "super" => self.find(&module[..module.len() - 1].to_vec(), &path[1..], depth),
            name if self.is_module(module, name) || self.bound(module, name).next().is_some() => {
                self.find(module, path, depth)
            }
            // A path into another crate, or of a type of this file.
            _ => BTreeSet::new(),
        }
    }

    /// Returns the files that define the item at a path inside of a module.
    fn find(&self, module: &Module, path: &[String], depth: usize) -> BTreeSet<String> {
        let Some((name, rest)) = path.split_first() else {
            return BTreeSet::new();
        };
        if name == "super" {
            return self.resolve(module, path, depth + 1);
        }
        if self.is_module(module, name) && !rest.is_empty() {
            let mut child = module.clone();
            child.push(name.clone());
            return self.find(&child, rest, depth);
        }
        if let Some(files) = self.definitions.get(&(module.clone(), name.clone())) {
            return files.clone();
        }
        let mut bindings = self.bound(module, name).peekable();
        if bindings.peek().is_some() {
            return bindings
                .flat_map(|binding| {
                    let path = [binding.path.as_slice(), rest].concat();
                    self.resolve(module, &path, depth + 1)
                })
                .collect();
        }
        if name == "*" || self.is_module(module, name) {
            return BTreeSet::new();
        }
        // A macro defines it.
        self.files.get(module).cloned().unwrap_or_default()
    }

    /// Returns whether a module has a child module of this name.
    fn is_module(&self, module: &Module, name: &str) -> bool {
        let mut child = module.clone();
        child.push(name.to_owned());
        self.files.contains_key(&child)
    }

    /// Returns the `use` declarations of a name.
    fn bound<'a>(&'a self, module: &Module, name: &'a str) -> impl Iterator<Item = &'a Binding> {
        let bindings = self.bindings.get(&(module.clone(), name.to_owned()));
        let is_module = self.is_module(module, name);
        // `use other_crate::other_crate` leads out of this crate.
        bindings
            .into_iter()
            .flatten()
            .filter(move |binding| is_module || binding.path[0] != name)
    }

    /// Reads a file, and the files of the modules that it declares.
    fn file(&mut self, root: &Path, file: &str, module: &Module) {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let tokens: TokenStream = text.parse().unwrap();
        let reader = Reader { root, file };
        reader.items(self, module, &tokens.into_iter().collect::<Vec<_>>(), true);
    }
}

/// Reads one file.
struct Reader<'a> {
    root: &'a Path,
    file: &'a str,
}

impl Reader<'_> {
    /// Reads the items of a module, or the code inside of an item. `top` is true for the former.
    fn items(&self, modules: &mut Modules, module: &Module, tokens: &[TokenTree], top: bool) {
        if top {
            let files = modules.files.entry(module.clone()).or_default();
            files.insert(self.file.to_owned());
        }
        let (mut at, mut paths) = (0, Vec::new());
        while at < tokens.len() {
            let rest = &tokens[at..];
            if let Some(attribute) = attribute(rest) {
                if is_test(&attribute) {
                    at += item_length(rest);
                } else {
                    paths.extend(literals_of_path(&attribute));
                    at += 2;
                }
                continue;
            }
            match (word(rest, 0).as_deref(), word(rest, 1)) {
                (Some("use"), _) if !is_punct(rest, 1, '<') => {
                    at += self.use_declaration(modules, module, tokens, at);
                    continue;
                }
                (Some("mod"), Some(name)) => {
                    let mut child = module.clone();
                    child.push(name.clone());
                    if let Some(TokenTree::Group(group)) = rest.get(2) {
                        let tokens: Vec<_> = group.stream().into_iter().collect();
                        self.items(modules, &child, &tokens, true);
                    } else {
                        self.module_file(modules, &child, &name, &paths);
                    }
                    paths.clear();
                    at += 3;
                    continue;
                }
                (Some("macro_rules"), _) if top => {
                    let name = word(rest, 2).unwrap();
                    self.define(modules, module, name);
                    at += 3;
                    continue;
                }
                (
                    Some("struct" | "enum" | "trait" | "type" | "fn" | "const" | "static"),
                    Some(name),
                ) if top
                    && !["fn", "unsafe", "async", "extern", "mut"].contains(&name.as_str()) =>
                {
                    self.define(modules, module, name);
                    at += 2;
                    continue;
                }
                _ => {}
            }
            if let TokenTree::Group(group) = &tokens[at] {
                let tokens: Vec<_> = group.stream().into_iter().collect();
                self.items(modules, module, &tokens, false);
            }
            let path = path(rest);
            let after_dot = at > 0 && is_punct(tokens, at - 1, '.');
            at += (path.len() * 3).saturating_sub(2).max(1);
            if !path.is_empty() && !after_dot {
                let file = self.file.to_owned();
                modules.words.insert((file.clone(), path[0].clone()));
                let module = module.clone();
                modules.mentions.insert(Mention { file, path, module });
            }
        }
    }

    /// Reads the files of a module that is declared here.
    fn module_file(&self, modules: &mut Modules, module: &Module, name: &str, paths: &[String]) {
        let (folder, file) = self.file.rsplit_once('/').unwrap_or(("", self.file));
        let folder = match file {
            "lib.rs" | "mod.rs" => folder.to_owned(),
            _ => self.file.trim_end_matches(".rs").to_owned(),
        };
        let candidates = match paths {
            [] => vec![format!("{name}.rs"), format!("{name}/mod.rs")],
            paths => paths.to_vec(),
        };
        for candidate in candidates {
            let file = format!("{folder}/{candidate}");
            let file = file.trim_start_matches('/');
            if self.root.join(file).exists() {
                modules.file(self.root, file, module);
            }
        }
        assert!(modules.files.contains_key(module), "no file for {module:?}");
    }

    fn define(&self, modules: &mut Modules, module: &Module, name: String) {
        let files = modules.definitions.entry((module.clone(), name));
        files.or_default().insert(self.file.to_owned());
    }

    /// Reads a `use` declaration, and returns its length.
    fn use_declaration(
        &self,
        modules: &mut Modules,
        module: &Module,
        tokens: &[TokenTree],
        at: usize,
    ) -> usize {
        let length = tokens[at..]
            .iter()
            .position(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'))
            .unwrap_or(tokens.len() - at);
        let mut names = Vec::new();
        use_tree(&tokens[at + 1..at + length], &[], &mut names);
        let exported = at > 0 && !is_punct(tokens, at - 1, ';') && {
            let before = |back: usize| at.checked_sub(back).and_then(|at| word(tokens, at));
            let is_pub = |word: Option<String>| word.as_deref() == Some("pub");
            is_pub(before(1)) || is_pub(before(2))
        };
        for (name, path) in names {
            let bindings = modules.bindings.entry((module.clone(), name));
            bindings.or_default().push(Binding {
                file: self.file.to_owned(),
                path,
                exported,
            });
        }
        length + 1
    }
}

/// Collects the names that a tree of a `use` declaration binds, each with its path.
fn use_tree(tokens: &[TokenTree], prefix: &[String], names: &mut Vec<(String, Vec<String>)>) {
    let comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    for tree in tokens.split(comma).filter(|tree| !tree.is_empty()) {
        let mut path = prefix.to_vec();
        let mut name = None;
        let mut after_as = false;
        for token in tree {
            match token {
                TokenTree::Ident(ident) if ident == "as" => after_as = true,
                TokenTree::Ident(ident) if after_as => name = Some(ident.to_string()),
                TokenTree::Ident(ident) if ident == "self" && !path.is_empty() => {}
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".to_owned()),
                TokenTree::Group(group) => {
                    let tokens: Vec<_> = group.stream().into_iter().collect();
                    use_tree(&tokens, &path, names);
                    path.clear();
                }
                _ => {}
            }
        }
        if let Some(last) = path.last() {
            names.push((name.unwrap_or_else(|| last.clone()), path));
        }
    }
}

/// Returns the path that the tokens begin with; `$crate` is `crate`.
fn path(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    while let Some(segment) = word(tokens, path.len() * 3) {
        let end = path.len() * 3 + 1;
        path.push(segment);
        if !(is_punct(tokens, end, ':') && is_punct(tokens, end + 1, ':')) {
            break;
        }
    }
    path
}

/// Returns the attribute that the tokens begin with.
fn attribute(tokens: &[TokenTree]) -> Option<Vec<TokenTree>> {
    match tokens.get(1) {
        Some(TokenTree::Group(group))
            if is_punct(tokens, 0, '#') && group.delimiter() == Delimiter::Bracket =>
        {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Returns whether an attribute leaves its item to tests: `cfg(test)`, or `cfg(all(test, …))`.
fn is_test(attribute: &[TokenTree]) -> bool {
    let Some(TokenTree::Group(condition)) = attribute.get(1) else {
        return false;
    };
    let condition = condition.stream().to_string();
    word(attribute, 0).as_deref() == Some("cfg")
        && (condition == "test" || condition.replace(' ', "").starts_with("all(test,"))
}

/// Returns the files that an attribute names: `path = "…"`, which may be inside of `cfg_attr`.
fn literals_of_path(attribute: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in attribute.iter().enumerate() {
        match (token, attribute.get(at + 2)) {
            (TokenTree::Ident(ident), Some(TokenTree::Literal(file))) if ident == "path" => {
                found.push(file.to_string().trim_matches('"').to_owned());
            }
            (TokenTree::Group(group), _) => {
                let inside: Vec<_> = group.stream().into_iter().collect();
                found.extend(literals_of_path(&inside));
            }
            _ => {}
        }
    }
    found
}

/// Returns the number of tokens of an item: until a semicolon, or the end of a block.
fn item_length(tokens: &[TokenTree]) -> usize {
    let last = tokens.iter().position(|token| match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), ';' | ','),
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    last.map_or(tokens.len(), |last| last + 1)
}

fn word(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, char: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

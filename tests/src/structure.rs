//! The modules of a crate and their imports, read from the sources.
//!
//! Tests, and code that is only compiled for tests, are ignored. A module imports the modules that it declares. An
//! import through a re-export counts as an import of the re-exporting module. Therefore the files of a folder should
//! import their siblings directly instead of the folder's `mod.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};
use quote::ToTokens as _;
use syn::{Item, Meta};

use crate::tools::root;

/// A module's path, such as `plan::steps`; empty for the crate's root.
pub type Module = String;

/// The modules of a crate, each with the modules that it imports.
#[derive(Clone, Debug, Default)]
pub struct Graph(BTreeMap<Module, BTreeSet<Module>>);

impl Graph {
    /// Parses every source file below `source`, a folder of this repository such as `core/src`.
    ///
    /// # Panics
    ///
    /// If a file cannot be read or parsed.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let folder = root().join(source);
        let mut files = BTreeMap::new();
        collect(&folder, &folder, &mut files);
        let known: BTreeSet<_> = files.keys().cloned().collect();
        let imports = files.into_iter().map(|(module, path)| {
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let mut paths = Vec::new();
            for item in file.items.iter().filter(|item| !is_for_tests(item)) {
                collect_paths(item.to_token_stream(), &mut paths);
                if let Item::Mod(item) = item {
                    paths.push(vec!["self".to_owned(), item.ident.to_string()]);
                }
            }
            let imports = paths.iter().filter_map(|path| resolve(&module, path, &known));
            let imports = imports.filter(|other| *other != module).collect();
            (module, imports)
        });
        Self(imports.collect())
    }

    /// Every module with its imports.
    pub fn imports(&self) -> impl Iterator<Item = (&Module, &BTreeSet<Module>)> {
        self.0.iter()
    }

    /// The same graph with all modules below a top-level module merged into it: `plan::steps` becomes `plan`.
    #[must_use]
    pub fn top(&self) -> Self {
        let top = |module: &Module| module.split("::").next().unwrap_or_default().to_owned();
        let mut graph: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, imports) in &self.0 {
            let module = top(module);
            let imports = imports.iter().map(top).filter(|other| *other != module);
            graph.entry(module.clone()).or_default().extend(imports);
        }
        Self(graph)
    }

    /// The graph after repeatedly removing modules that import nothing or that no module imports. Cycles and paths
    /// between cycles remain; an acyclic graph becomes empty.
    #[must_use]
    pub fn cycles(&self) -> Self {
        let mut rest = self.0.clone();
        loop {
            let imported: BTreeSet<Module> = rest.values().flatten().cloned().collect();
            let before = rest.len();
            rest.retain(|module, imports| !imports.is_empty() && imported.contains(module));
            let left: BTreeSet<Module> = rest.keys().cloned().collect();
            rest.values_mut().for_each(|imports| imports.retain(|module| left.contains(module)));
            if rest.len() == before && rest.values().all(|imports| !imports.is_empty()) {
                return Self(rest);
            }
        }
    }

    /// Whether there are no imports.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeSet::is_empty)
    }
}

/// Writes a line for each module that imports something.
impl std::fmt::Display for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (module, imports) in self.0.iter().filter(|(_, imports)| !imports.is_empty()) {
            let name = |module: &Module| if module.is_empty() { "(root)".to_owned() } else { module.clone() };
            let imports: Vec<_> = imports.iter().map(name).collect();
            writeln!(f, "{} -> {}", name(module), imports.join(", "))?;
        }
        Ok(())
    }
}

/// Collects the source files of a folder by module, without tests.
fn collect(source: &Path, folder: &Path, files: &mut BTreeMap<Module, PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if ["tests", "testdata", "bin"].contains(&name.as_str()) || !(path.is_dir() || is_rust) {
            continue;
        }
        if path.is_dir() {
            collect(source, &path, files);
            continue;
        }
        let below = path.strip_prefix(source).expect("it lies below").with_extension("");
        let mut segments: Vec<_> = below.iter().map(|segment| segment.to_string_lossy().into_owned()).collect();
        if ["mod", "lib", "main"].contains(&name.as_str()) {
            segments.pop();
        }
        files.insert(segments.join("::"), path);
    }
}

/// Whether an item is only compiled for tests.
fn is_for_tests(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test"))
    })
}

/// Collects every path in the tokens that begins with `crate`, `super` or `self`; expands groups.
fn collect_paths(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => collect_paths(group.stream(), paths),
            TokenTree::Ident(ident) if ["crate", "super", "self"].contains(&ident.to_string().as_str()) => {
                follow(vec![ident.to_string()], &mut tokens, paths);
            }
            _ => {}
        }
    }
}

/// Extends a path while `::` follows.
fn follow(mut path: Vec<String>, tokens: &mut IntoIter, paths: &mut Vec<Vec<String>>) {
    let is_colon = |token: Option<TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    loop {
        let mut ahead = tokens.clone();
        if !(is_colon(ahead.next()) && is_colon(ahead.next())) {
            break;
        }
        match ahead.next() {
            Some(TokenTree::Ident(ident)) => {
                path.push(ident.to_string());
                *tokens = ahead;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                *tokens = ahead;
                let mut inner = group.stream().into_iter();
                while let Some(token) = inner.next() {
                    if let TokenTree::Ident(ident) = token {
                        if ident == "as" {
                            inner.next(); // the local name
                            continue;
                        }
                        let mut path = path.clone();
                        path.push(ident.to_string());
                        follow(path, &mut inner, paths);
                    }
                }
                return;
            }
            _ => break,
        }
    }
    if path.len() > 1 {
        paths.push(path);
    }
}

/// The module that a path in `module` refers to, or whose item it refers to.
fn resolve(module: &str, path: &[String], known: &BTreeSet<Module>) -> Option<Module> {
    let mut base: Vec<&str> = module.split("::").filter(|segment| !segment.is_empty()).collect();
    for (at, segment) in path.iter().enumerate() {
        match segment.as_str() {
            "crate" => base.clear(),
            "super" => drop(base.pop()),
            "self" if at == 0 => {}
            "self" => break,
            other => base.push(other),
        }
    }
    (0..=base.len()).rev().map(|length| base[..length].join("::")).find(|candidate| known.contains(candidate))
}

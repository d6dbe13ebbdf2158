//! One Rust file read as tokens: what it names, what it declares, what it says.
//!
//! Tokens rather than syntax nodes, because a macro's arguments and body are tokens only: an import
//! hidden there counts like any other. Comments are gone by then, strings are literals. `use`
//! items and paths inside attribute strings are parsed by `syn`.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use syn::{ItemUse, UseTree};

/// A path that the file names.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    /// The module that names it, inline modules included.
    pub(crate) module: Vec<String>,
    /// As written, without generics; a trailing `self` is dropped.
    pub(crate) segments: Vec<String>,
    /// It opens with `::`, so it can only be another crate.
    pub(crate) global: bool,
    pub(crate) kind: Kind,
    /// It stands in an item marked `#[cfg(test)]`.
    pub(crate) test: bool,
}

/// How a path is named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// In an expression, a type, an attribute or a macro.
    Path,
    /// By a `use` item.
    Import {
        /// `pub use`, visible outside its parent module.
        reexport: bool,
    },
}

/// A module that the file declares: `mod name;`.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) module: Vec<String>,
    pub(crate) test: bool,
}

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) declared: Vec<Declared>,
    /// Macros it calls, by their last segment.
    pub(crate) macros: Vec<(usize, String)>,
    /// Identifiers and string literals, doc comments left out.
    pub(crate) words: Vec<(usize, String)>,
    /// Things that this check cannot see through and therefore refuses.
    pub(crate) opaque: Vec<(usize, String)>,
}

/// Where the reader stands.
#[derive(Clone)]
struct Place {
    module: Vec<String>,
    test: bool,
    attribute: bool,
}

impl Source {
    /// Reads `text` as the file of `module`.
    pub(crate) fn read(text: &str, module: &[String]) -> Result<Self, String> {
        syn::parse_file(text).map_err(|error| error.to_string())?;
        let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
        let mut source = Self::default();
        source.walk(
            tokens,
            &Place {
                module: module.to_vec(),
                test: false,
                attribute: false,
            },
        );
        Ok(source)
    }

    /// How many lines say something: comments and lone brackets are not counted.
    pub(crate) fn code_lines(&self) -> usize {
        let lines: BTreeSet<_> = self.words.iter().map(|(line, _)| line).collect();
        lines.len()
    }

    fn walk(&mut self, tokens: TokenStream, place: &Place) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut test = place.test;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let here = Place {
                test,
                ..place.clone()
            };
            let line = token.span().start().line;
            at += match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let bang = usize::from(is_punct(tokens.get(at + 1), '!'));
                    match tokens.get(at + 1 + bang) {
                        Some(TokenTree::Group(group))
                            if group.delimiter() == Delimiter::Bracket =>
                        {
                            test |= bang == 0 && is_cfg_test(group);
                            self.attribute(group, &here);
                            2 + bang
                        }
                        _ => 1,
                    }
                }
                TokenTree::Punct(_) if is_colons(&tokens, at) => match tokens.get(at + 2) {
                    Some(TokenTree::Ident(_)) => 2 + self.path(&tokens, at + 2, &here),
                    _ => 2,
                },
                TokenTree::Punct(punct) => {
                    if punct.as_char() == ';' {
                        test = place.test;
                    }
                    1
                }
                TokenTree::Ident(ident) => match ident.to_string().as_str() {
                    "use" if !is_punct(tokens.get(at + 1), '<') => {
                        let length = self.import(&tokens, at, &here);
                        test = place.test;
                        length
                    }
                    "mod" => {
                        let length = self.module(&tokens, at, &here);
                        test = place.test;
                        length
                    }
                    "extern" if is_ident(tokens.get(at + 1), "crate") => {
                        self.opaque.push((line, "`extern crate`".to_owned()));
                        2
                    }
                    "pub" => {
                        self.word(line, ident);
                        1 + usize::from(restriction(tokens.get(at + 1)).is_some())
                    }
                    _ => self.path(&tokens, at, &here),
                },
                TokenTree::Group(group) => {
                    self.walk(group.stream(), &here);
                    if group.delimiter() == Delimiter::Brace {
                        test = place.test;
                    }
                    1
                }
                TokenTree::Literal(literal) => {
                    self.literal(line, &literal.to_string(), &here);
                    1
                }
            };
        }
    }

    /// A path that starts at `at`; returns how many tokens it has.
    fn path(&mut self, tokens: &[TokenTree], at: usize, place: &Place) -> usize {
        let line = tokens[at].span().start().line;
        let mut segments = Vec::new();
        let mut length = 0;
        while let Some(TokenTree::Ident(ident)) = tokens.get(at + length) {
            segments.push(self.word(line, ident));
            length += 1;
            match tokens.get(at + length + 2) {
                Some(TokenTree::Ident(_)) if is_colons(tokens, at + length) => length += 2,
                _ => break,
            }
        }
        let rooted = matches!(segments[0].as_str(), "crate" | "super");
        let open = is_colons(tokens, at + length);
        if rooted && open && is_punct(tokens.get(at + length + 2), '$') {
            let path = segments.join("::");
            self.opaque
                .push((line, format!("`{path}::` before a macro variable")));
        } else if rooted && segments.len() == 1 {
            let root = &segments[0];
            self.opaque
                .push((line, format!("`{root}` handed on as a name")));
        }
        if is_punct(tokens.get(at + length), '!') && !is_punct(tokens.get(at + length + 1), '=') {
            let name = segments[segments.len() - 1].clone();
            self.macros.push((line, name));
        }
        // After `>` it may go on from `<T as Trait>` or `name::<T>`: then it is judged as a path of
        // its own, which is no crate's.
        let global = at >= 2
            && is_colons(tokens, at - 2)
            && !is_punct(at.checked_sub(3).and_then(|i| tokens.get(i)), '>');
        if segments.len() > 1 || global {
            self.mentions.push(Mention {
                line,
                module: place.module.clone(),
                segments,
                global,
                kind: Kind::Path,
                test: place.test,
            });
        }
        length
    }

    /// A `use` item at `at`; returns how many tokens it has.
    fn import(&mut self, tokens: &[TokenTree], at: usize, place: &Place) -> usize {
        let line = tokens[at].span().start().line;
        let length = tokens[at..]
            .iter()
            .position(|token| is_punct(Some(token), ';'))
            .map_or(tokens.len() - at, |end| end + 1);
        // `$crate` inside a macro is this crate.
        let item: TokenStream = tokens[at..at + length]
            .iter()
            .enumerate()
            .filter(|(i, token)| {
                !(is_punct(Some(token), '$') && is_ident(tokens.get(at + i + 1), "crate"))
            })
            .map(|(_, token)| token.clone())
            .collect();
        self.all_words(item.clone());
        let Ok(item) = syn::parse2::<ItemUse>(item) else {
            self.opaque
                .push((line, "an import made by a macro".to_owned()));
            return length;
        };
        let before = |back: usize| at.checked_sub(back).and_then(|i| tokens.get(i));
        let reexport = is_ident(before(1), "pub")
            || (is_ident(before(2), "pub")
                && !matches!(
                    restriction(before(1)).as_deref(),
                    None | Some("self" | "super")
                ));
        let mut leaves = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
        for segments in leaves {
            self.mentions.push(Mention {
                line,
                module: place.module.clone(),
                segments,
                global: item.leading_colon.is_some(),
                kind: Kind::Import { reexport },
                test: place.test,
            });
        }
        length
    }

    /// `mod name;` or `mod name { … }` at `at`; returns how many tokens it has.
    fn module(&mut self, tokens: &[TokenTree], at: usize, place: &Place) -> usize {
        let line = tokens[at].span().start().line;
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            self.opaque
                .push((line, "a module named by a macro".to_owned()));
            return 1;
        };
        let mut module = place.module.clone();
        module.push(self.word(line, name));
        let test = place.test;
        if let Some(TokenTree::Group(group)) = tokens.get(at + 2) {
            let inside = Place {
                module,
                ..place.clone()
            };
            self.walk(group.stream(), &inside);
            3
        } else {
            self.declared.push(Declared { module, test });
            2
        }
    }

    fn attribute(&mut self, group: &Group, place: &Place) {
        let tokens: Vec<_> = group.stream().into_iter().collect();
        let line = group.span().start().line;
        if is_doc(&tokens) {
            return;
        }
        let named = |name: &str| is_ident(tokens.first(), name);
        if named("path") || (named("cfg_attr") && says_path(group.stream())) {
            self.opaque.push((line, "`#[path]`".to_owned()));
        }
        if named("macro_use") {
            self.opaque.push((line, "`#[macro_use]`".to_owned()));
        }
        self.walk(
            group.stream(),
            &Place {
                attribute: true,
                ..place.clone()
            },
        );
    }

    /// A string in an attribute may be a path: `#[serde(with = "crate::room")]`.
    fn literal(&mut self, line: usize, text: &str, place: &Place) {
        self.words.push((line, text.to_owned()));
        if !place.attribute {
            return;
        }
        let Ok(content) = syn::parse_str::<syn::LitStr>(text) else {
            return;
        };
        if let (Ok(path), Ok(tokens)) = (
            content.parse::<syn::Path>(),
            content.value().parse::<TokenStream>(),
        ) && path.segments.len() > 1
        {
            let first = self.mentions.len();
            self.walk(tokens, place);
            for mention in &mut self.mentions[first..] {
                mention.line = line;
            }
        }
    }

    fn word(&mut self, line: usize, ident: &proc_macro2::Ident) -> String {
        let text = ident.to_string();
        let text = text.strip_prefix("r#").unwrap_or(&text).to_owned();
        self.words.push((line, text.clone()));
        text
    }

    fn all_words(&mut self, tokens: TokenStream) {
        for token in tokens {
            let line = token.span().start().line;
            match token {
                TokenTree::Group(group) => self.all_words(group.stream()),
                TokenTree::Ident(ident) => {
                    self.word(line, &ident);
                }
                TokenTree::Literal(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

/// The full path of every leaf of a `use` tree; a glob's is the path before the star.
fn flatten(tree: &UseTree, prefix: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) {
    let leaf = |name: &proc_macro2::Ident, prefix: &[String]| {
        let name = name.to_string();
        let mut path = prefix.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name.trim_start_matches("r#").to_owned());
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            let name = path.ident.to_string();
            prefix.push(name.trim_start_matches("r#").to_owned());
            flatten(&path.tree, prefix, leaves);
            prefix.pop();
        }
        UseTree::Name(name) => leaves.push(leaf(&name.ident, prefix)),
        UseTree::Rename(name) => leaves.push(leaf(&name.ident, prefix)),
        UseTree::Glob(_) => leaves.push(prefix.clone()),
        UseTree::Group(group) => {
            for item in &group.items {
                flatten(item, prefix, leaves);
            }
        }
    }
}

/// The first word of `pub(…)`, when `token` is such a restriction and not a tuple field's type.
fn restriction(token: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Group(group)) = token else {
        return None;
    };
    let inside: Vec<_> = group.stream().into_iter().collect();
    let word = match (group.delimiter(), inside.first()) {
        (Delimiter::Parenthesis, Some(TokenTree::Ident(first))) => first.to_string(),
        _ => return None,
    };
    let alone = inside.len() == 1 && matches!(word.as_str(), "crate" | "self" | "super");
    (alone || word == "in").then_some(word)
}

fn is_cfg_test(group: &Group) -> bool {
    let tokens: Vec<_> = group.stream().into_iter().collect();
    match &tokens[..] {
        [name, TokenTree::Group(inner)] if is_ident(Some(name), "cfg") => {
            inner.stream().to_string() == "test"
        }
        _ => false,
    }
}

/// `#[doc = "…"]`: what a doc comment becomes.
fn is_doc(tokens: &[TokenTree]) -> bool {
    is_ident(tokens.first(), "doc")
        && is_punct(tokens.get(1), '=')
        && matches!(tokens.get(2), Some(TokenTree::Literal(_)))
}

fn says_path(tokens: TokenStream) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(i, token)| match token {
        TokenTree::Group(group) => says_path(group.stream()),
        TokenTree::Ident(ident) => ident == "path" && is_punct(tokens.get(i + 1), '='),
        TokenTree::Literal(_) | TokenTree::Punct(_) => false,
    })
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_ident(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
        && is_punct(tokens.get(at + 1), ':')
}

//! A page with the contents of a directory.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use super::name;

/// Returns the contents of a directory as a page, sorted by name. Names of directories end with a slash.
pub(super) fn list(dir: &Path, names: &[OsString]) -> io::Result<String> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // A link counts as its target; a broken link is listed too.
        let is_dir = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
            kind => kind.is_ok_and(|kind| kind.is_dir()),
        };
        entries.push((entry.file_name(), is_dir));
    }
    entries.sort();
    Ok(page(names, &entries))
}

fn page(names: &[OsString], entries: &[(OsString, bool)]) -> String {
    let mut title = String::from("/");
    for name in names {
        title.push_str(&text(name));
        title.push('/');
    }
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<ul>\n"
    );
    if !names.is_empty() {
        page.push_str("<li><a href=\"../\">../</a></li>\n");
    }
    for (name, is_dir) in entries {
        let slash = if *is_dir { "/" } else { "" };
        // With the dot in front, a colon in the name does not make it a scheme.
        let line = writeln!(
            page,
            "<li><a href=\"./{}{slash}\">{}{slash}</a></li>",
            name::encode(name),
            text(name)
        );
        line.expect("a string takes everything");
    }
    page.push_str("</ul>\n</body>\n</html>\n");
    page
}

/// Escapes a name as text of a page.
fn text(name: &OsStr) -> String {
    let mut escaped = String::new();
    for char in name.to_string_lossy().chars() {
        escaped.push_str(&match char {
            '&' => Cow::Borrowed("&amp;"),
            '<' => Cow::Borrowed("&lt;"),
            '>' => Cow::Borrowed("&gt;"),
            '"' => Cow::Borrowed("&quot;"),
            '\'' => Cow::Borrowed("&#39;"),
            char => Cow::Owned(char.to_string()),
        });
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn names_are_text_and_links() {
        let entries = [("<b>&\"'", false), ("a:b c", true)].map(|(name, dir)| (name.into(), dir));
        let page = page(&["d<".into()], &entries);
        for line in [
            "<title>/d&lt;/</title>",
            "<li><a href=\"../\">../</a></li>",
            "<li><a href=\"./%3Cb%3E%26%22%27\">&lt;b&gt;&amp;&quot;&#39;</a></li>",
            "<li><a href=\"./a%3Ab%20c/\">a:b c/</a></li>",
        ] {
            assert!(page.contains(line), "{page}");
        }
    }

    #[test]
    fn nothing_is_above_the_top() {
        assert!(!page(&[], &[]).contains("../"));
    }
}

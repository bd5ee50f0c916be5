//! What a page includes and links to is there: files, pages and headings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use ssmbak_e2e::Outcome;
use ssmbak_testkit::workspace_dir;

use crate::block::markdown;
use crate::session::sources;

const INCLUDE: &str = "{{#include ";

/// A file's text with what it includes in its place, as mdBook does it: whole files.
pub fn expanded(file: &Path) -> Outcome<String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut whole = String::new();
    for line in text.split_inclusive('\n') {
        match line.split_once(INCLUDE).and_then(|(before, rest)| Some((before, rest.split_once("}}")?))) {
            Some((before, (what, after))) => {
                let included = expanded(&file.with_file_name("").join(what))
                    .map_err(|error| format!("{} includes {what}: {error}", file.display()))?;
                whole.push_str(&format!("{before}{}{after}", included.trim_end_matches('\n')));
            }
            None => whole.push_str(line),
        }
    }
    Ok(whole)
}

/// Where the links of a text lead to, and the ids of its headings.
fn links_and_ids(text: &str) -> (Vec<String>, BTreeSet<String>) {
    let (mut links, mut ids, mut heading) = (Vec::new(), BTreeSet::new(), None::<String>);
    let mut seen = BTreeMap::new();
    for event in Parser::new_ext(text, markdown()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.into_string())
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let id = id(&heading.take().unwrap_or_default());
                let times: &mut usize = seen.entry(id.clone()).or_default();
                ids.insert(if *times == 0 { id } else { format!("{id}-{times}") });
                *times += 1;
            }
            _ => {}
        }
    }
    (links, ids)
}

/// The id of a heading: its letters, digits, `_` and `-`, in lower case, with `-` for spaces.
fn id(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || "_- ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// What of a file's links leads nowhere.
fn dead_links(file: &Path) -> Outcome<Vec<String>> {
    let mut dead = Vec::new();
    for link in links_and_ids(&expanded(file)?).0 {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
        let target = if path.is_empty() { file.to_path_buf() } else { plain(&file.with_file_name("").join(path)) };
        let is_page = target.extension().is_some_and(|extension| extension == "md");
        let leads_there = target.exists()
            && (fragment.is_empty() || is_page && links_and_ids(&expanded(&target)?).1.contains(fragment));
        // What a page of the book links to is part of the book.
        if !leads_there || file.starts_with(sources()) && !target.starts_with(sources()) {
            dead.push(format!("{}: {link}", file.strip_prefix(workspace_dir()).unwrap_or(file).display()));
        }
    }
    Ok(dead)
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// All Markdown files below a folder.
pub fn pages_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            pages.extend(pages_below(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Files and folders that a page names, such as `ssmbak-core/src/plan`.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|path| path.starts_with("ssmbak") && path.contains('/') && !path.contains(' '))
}

#[test]
fn files_that_the_architecture_names_exist() -> Outcome {
    let text = fs::read_to_string(workspace_dir().join("docs/ARCHITECTURE.md"))?;
    let text = text.replace("NAME.rs", "restore.rs");
    let named: Vec<&str> = named_paths(&text).collect();
    assert!(named.len() > 40, "{named:?}");
    let missing: Vec<&str> =
        named.into_iter().filter(|path| !workspace_dir().join("crates").join(path).exists()).collect();
    assert_eq!(missing, Vec::<&str>::new());
    Ok(())
}

/// All Rust sources of the workspace.
fn rust_sources() -> Outcome<String> {
    let (mut folders, mut text) = (vec![workspace_dir().join("crates")], String::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path)?);
            }
        }
    }
    Ok(text)
}

#[test]
fn tests_that_the_semantics_name_exist() -> Outcome {
    let page = fs::read_to_string(workspace_dir().join("docs/SEMANTICS.md"))?;
    let (_, table) = page.split_once("\n## Tests\n").ok_or("SEMANTICS.md has no table of tests")?;
    let sources = rust_sources()?;
    let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let named = table.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.rsplit("::").next());
    let named: BTreeSet<&str> = named.filter(|name| name.contains('_')).filter(is_name).collect();
    assert!(named.len() > 300, "{} tests", named.len());
    let missing: Vec<&&str> = named.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    Ok(())
}

#[test]
fn all_links_and_includes_lead_somewhere() -> Outcome {
    let mut files = pages_below(&workspace_dir().join("docs"))?;
    files.push(workspace_dir().join("README.md"));
    let mut dead = Vec::new();
    for file in files {
        dead.extend(dead_links(&file)?);
    }
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
    Ok(())
}

#[test]
fn the_summary_lists_every_page_once() -> Outcome {
    let summary = sources().join("SUMMARY.md");
    let listed = links_and_ids(&fs::read_to_string(&summary)?).0;
    let mut listed: Vec<PathBuf> = listed.iter().map(|link| sources().join(link)).collect();
    listed.sort();
    let pages: Vec<PathBuf> = pages_below(&sources())?.into_iter().filter(|page| *page != summary).collect();
    assert_eq!(listed, pages);
    // mdBook would call it index.html, and links to it would lead nowhere.
    assert!(pages.iter().all(|page| !page.ends_with("README.md")), "{pages:?}");
    Ok(())
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("page.md");
    fs::write(folder.path().join("part.md"), "## In `a` part?\n")?;
    fs::write(
        &page,
        "# Page\n\n{{#include part.md}}\n\n[1](#in-a-part) [2](#not) [3](part.md#in-a-part) [4](no.md) [5](https://a.b)\n",
    )?;
    assert_eq!(expanded(&page)?.lines().nth(2), Some("## In `a` part?"));
    let dead = dead_links(&page)?;
    assert_eq!(dead.iter().map(|link| link.rsplit(' ').next().unwrap_or("")).collect::<Vec<_>>(), ["#not", "no.md"]);
    fs::write(&page, "{{#include no.md}}\n")?;
    assert!(dead_links(&page).is_err());
    Ok(())
}

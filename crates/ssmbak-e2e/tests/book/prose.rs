//! Spelling, and phrases that must not return.

use std::fs;
use std::path::{Path, PathBuf};

use ssmbak_e2e::Outcome;
use ssmbak_testkit::{Venv, workspace_dir};

use crate::links::pages_below;

const RETIRED: &str = include_str!("retired.txt");

/// The phrases that must not return, each with what to write.
fn retired() -> impl Iterator<Item = (&'static str, &'static str)> {
    RETIRED.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" → "))
}

/// Whether `text` has the phrase as whole words.
fn has(text: &str, phrase: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + phrase.len()..).and_then(|text| text.chars().next());
        !is_letter(before) && !is_letter(after)
    })
}

/// What of a line people read: all of a page, the texts of a source file.
fn read_by_people<'a>(file: &Path, line: &'a str) -> &'a str {
    let is_source = file.extension().is_some_and(|extension| extension == "rs");
    let comment = line.trim_start().starts_with("//") && !line.trim_start().starts_with("///");
    if is_source && (comment || !line.contains('"')) { "" } else { line }
}

fn findings(files: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in fs::read_to_string(file)?.lines().enumerate() {
            let text = read_by_people(file, line).to_lowercase();
            let of_file = file.strip_prefix(workspace_dir()).unwrap_or(file).display();
            found.extend(
                retired()
                    .filter(|(phrase, _)| has(&text, phrase))
                    .map(|(phrase, better)| format!("{of_file}:{}: `{phrase}`: write `{better}`", number + 1)),
            );
        }
    }
    Ok(found)
}

/// The product's own source files, tests left out.
fn sources() -> Outcome<Vec<PathBuf>> {
    let mut all = Vec::new();
    for of_product in
        ["ssmbak", "ssmbak-browse", "ssmbak-cli", "ssmbak-core", "ssmbak-lambda", "ssmbak-stack", "ssmbak-text"]
    {
        let mut folders = vec![workspace_dir().join("crates").join(of_product).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "testing");
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                    all.push(path);
                }
            }
        }
    }
    Ok(all)
}

#[test]
fn retired_phrases_do_not_return() -> Outcome {
    let mut files = pages_below(&workspace_dir().join("docs"))?;
    files
        .extend(["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(|file| workspace_dir().join(file)));
    let sources = sources()?;
    assert!(files.len() > 30 && sources.len() > 200, "{} pages, {} sources", files.len(), sources.len());
    files.extend(sources);
    let found = findings(&files)?;
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn retired_phrase_is_noticed() {
    let (phrase, _) = retired().next().unwrap();
    assert!(has(&format!("3 parameters {phrase} now"), phrase));
    assert!(!has(&format!("x{phrase}"), phrase));
    assert_eq!(read_by_people(Path::new("a.rs"), "    // a comment in step"), "");
    assert_eq!(read_by_people(Path::new("a.rs"), "say(\"in step\")"), "say(\"in step\")");
}

#[test]
fn words_are_spelled_right() -> Outcome {
    let typos = Venv::ready()?.executable("typos");
    let output = std::process::Command::new(typos)
        .args(["--format", "brief", "--config", "typos.toml", "."])
        .current_dir(workspace_dir())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

//! What holds for the book as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::process::Command;

use ssmbak_e2e::Outcome;
use ssmbak_testkit::binary;

use crate::block::{CONSOLE, NOT_RUN, blocks};
use crate::executed::EXECUTED;
use crate::links::pages_below;
use crate::page::steps_of;
use crate::session::{source, sources};

/// `browse` needs a terminal; its own tests give it one.
const ON_A_TERMINAL: [&str; 2] = ["browse", "help"];

/// The help of the commands, which has a block for each.
const GENERATED: &str = "commands.md";

/// The other names of a command.
const ALSO: [(&str, &str); 3] = [("all", "ssmbak-all"), ("stack", "ssmbak-stack"), ("s3", "s3bak")];

/// The pages, as the test of the executed ones names them.
fn pages() -> Outcome<Vec<String>> {
    let mut pages: Vec<String> = Vec::new();
    for page in pages_below(&sources())? {
        pages.push(page.strip_prefix(sources())?.display().to_string());
    }
    // Those from elsewhere are part of the book in this respect.
    let elsewhere = |page: &&&str| Path::new(page).components().any(|part| part == Component::ParentDir);
    pages.extend(EXECUTED.iter().filter(elsewhere).map(|page| (*page).to_owned()));
    Ok(pages)
}

#[test]
fn what_is_typed_is_run() -> Outcome {
    let mut kinds = BTreeMap::new();
    for page in pages()? {
        let text = source(&page)?;
        let blocks = blocks(&text);
        for block in &blocks {
            if page != GENERATED {
                *kinds.entry(block.kind.clone()).or_insert(0) += 1;
            }
            let known = block.kind == CONSOLE || NOT_RUN.contains(&block.kind.as_str());
            assert!(known, "{page}: a block of the kind {:?}", block.kind);
            let prompt = text[block.lines.clone()].lines().any(|line| line.starts_with("$ "));
            assert_eq!(prompt, block.kind == CONSOLE, "{page}: {}", &text[block.lines.clone()]);
        }
        let consoles = blocks.iter().any(|block| block.kind == CONSOLE);
        assert_eq!(consoles, EXECUTED.contains(&page.as_str()), "{page}: it is run if it has a console, and only then");
    }
    kinds.remove(CONSOLE);
    // One more is a decision: can it not be run?
    let kinds: Vec<(&str, usize)> = kinds.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(kinds, [("hcl", 2), ("js", 1), ("json", 1), ("sh", 13)]);
    Ok(())
}

#[test]
fn every_command_is_in_the_book() -> Outcome {
    let help = String::from_utf8(Command::new(binary("ssmbak")).arg("--help").output()?.stdout)?;
    let listed = help.split_once("\nCommands:\n").ok_or("no commands")?.1;
    let commands =
        listed.lines().take_while(|line| line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    let commands: BTreeSet<&str> = commands.filter(|command| !ON_A_TERMINAL.contains(command)).collect();
    assert!(commands.contains("preview") && commands.contains("stack"), "{commands:?}");
    let mut typed = BTreeSet::new();
    for page in EXECUTED {
        for step in steps_of(&source(page)?)? {
            let words: Vec<&str> = step.command.split_whitespace().collect();
            typed.extend(words.windows(2).filter(|pair| pair[0] == "ssmbak").map(|pair| pair[1].to_owned()));
            typed
                .extend(ALSO.iter().filter(|(_, name)| words.contains(name)).map(|(command, _)| (*command).to_owned()));
        }
    }
    let missing: Vec<&&str> = commands.iter().filter(|command| !typed.contains(**command)).collect();
    assert!(missing.is_empty(), "no page that is run shows {missing:?}");
    Ok(())
}

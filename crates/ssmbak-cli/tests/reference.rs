//! The reference of the commands in the book is what the commands' help says.
//!
//! `BOOK=overwrite cargo test --workspace --test reference` writes it anew.

use std::fmt::Write as _;
use std::fs;

use clap::{Command, CommandFactory};
use ssmbak_cli::commands::{AllCli, SsmbakCli, StackCli};
use ssmbak_cli::s3::S3bakCli;
use ssmbak_testkit::workspace_dir;

const PAGE: &str = "docs/book/src/commands.md";

const HEAD: &str = "\
# Commands

<!-- Written from the commands' help: BOOK=overwrite cargo test --workspace --test reference -->

What `--help` says. The global options are those of every command; they are shown once, with `ssmbak` itself.
";

/// These are shown under their own names, or are called by a shell alone.
const ELSEWHERE: [&str; 5] = ["all", "stack", "s3", "help", "complete-names"];

fn reference() -> String {
    let mut page = HEAD.to_owned();
    let programs = [
        ("ssmbak", SsmbakCli::command()),
        ("ssmbak-all", AllCli::command()),
        ("ssmbak-stack", StackCli::command()),
        ("s3bak", S3bakCli::adjusted(S3bakCli::command())),
    ];
    for (name, command) in programs {
        let mut command = command.term_width(100);
        // Global options reach the subcommands when the command is built.
        command.build();
        describe(&mut page, name, &command, name == "ssmbak");
    }
    page
}

fn describe(page: &mut String, name: &str, command: &Command, with_global_options: bool) {
    let help = command.clone().term_width(100).render_help().to_string();
    let help = if with_global_options { &help } else { help.split("\nGlobal options:\n").next().unwrap_or(&help) };
    // It may be wrapped in the help.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let after = command.get_after_help().map(ToString::to_string);
    let after = after.filter(|after| !words(help).contains(&words(after)));
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n", help.trim_end());
    if let Some(after) = after {
        let _ = write!(page, "\n{}\n", after.trim_end());
    }
    page.push_str("```\n");
    for command in command.get_subcommands().filter(|command| !ELSEWHERE.contains(&command.get_name())) {
        describe(page, &format!("{name} {}", command.get_name()), command, false);
    }
}

#[test]
fn the_reference_is_what_the_help_says() {
    let path = workspace_dir().join(PAGE);
    let (is, told) = (reference(), fs::read_to_string(&path).unwrap_or_default());
    if is != told && std::env::var_os("BOOK").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &is).unwrap();
    }
    assert!(is == told, "{PAGE} is out of date: BOOK=overwrite cargo test --workspace --test reference");
}

#[test]
fn every_command_has_its_part() {
    let reference = reference();
    for heading in ["ssmbak preview", "ssmbak man", "ssmbak-all", "ssmbak-stack create", "s3bak undelete"] {
        assert!(reference.contains(&format!("\n## {heading}\n")), "{heading}");
    }
    assert_eq!(reference.matches("Global options:").count(), 1);
    assert_eq!(reference.matches("Exit codes:").count(), 2, "those of ssmbak and of s3bak");
}

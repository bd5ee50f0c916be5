//! The command lines: their help, and that clap finds nothing wrong with them.

use clap::{Command as Clap, CommandFactory};

use super::S3bakCli;
use crate::commands::SsmbakCli;

fn command() -> Clap {
    S3bakCli::adjusted(S3bakCli::command())
}

fn help(name: &str) -> String {
    let mut command = command();
    command.build();
    let found = command.find_subcommand_mut(name).unwrap();
    found.clone().term_width(110).render_help().to_string()
}

#[test]
fn clap_finds_nothing_wrong() {
    command().debug_assert();
    SsmbakCli::command().debug_assert();
}

#[test]
fn help_of_s3bak() {
    insta::assert_snapshot!(command().term_width(110).render_help().to_string());
}

#[test]
fn help_of_its_commands() {
    let names: Vec<String> = command().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names.iter().filter(|name| *name != "help") {
        insta::assert_snapshot!(format!("help_of_{name}"), help(name));
    }
}

#[test]
fn output_for_programs_is_asked_for_at_any_place() {
    for line in [
        "ssmbak s3 preview k now --output json",
        "ssmbak --output json s3 preview k now",
        "ssmbak s3 --output=json preview k now",
    ] {
        let matches = SsmbakCli::command().get_matches_from(line.split(' '));
        let cli = <SsmbakCli as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
        assert!(cli.global.is_json(), "{line}");
    }
    for line in ["s3bak preview k now --output json", "s3bak --output json preview k now"] {
        let matches = command().get_matches_from(line.split(' '));
        let cli = <S3bakCli as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
        assert!(cli.global.is_json(), "{line}");
    }
}

//! The command lines: their help, and that clap finds nothing wrong with them.

use clap::{Command as Clap, CommandFactory};

use super::{AllCli, SsmbakCli, StackCli};

fn help(command: &mut Clap) -> String {
    command.clone().term_width(110).render_help().to_string()
}

fn of_ssmbak(name: &str) -> String {
    let mut command = SsmbakCli::command();
    // Global options reach the subcommands when the command is built.
    command.build();
    help(command.find_subcommand_mut(name).unwrap())
}

#[test]
fn clap_finds_nothing_wrong() {
    SsmbakCli::command().debug_assert();
    AllCli::command().debug_assert();
    StackCli::command().debug_assert();
}

#[test]
fn help_of_ssmbak() {
    insta::assert_snapshot!(help(&mut SsmbakCli::command()));
}

#[test]
fn help_of_preview() {
    insta::assert_snapshot!(of_ssmbak("preview"));
}

#[test]
fn help_of_restore() {
    insta::assert_snapshot!(of_ssmbak("restore"));
}

#[test]
fn help_of_get() {
    insta::assert_snapshot!(of_ssmbak("get"));
}

#[test]
fn help_of_doctor() {
    insta::assert_snapshot!(of_ssmbak("doctor"));
}

#[test]
fn help_of_all() {
    insta::assert_snapshot!(help(&mut AllCli::command()));
}

#[test]
fn help_of_stack() {
    insta::assert_snapshot!(help(&mut StackCli::command()));
}

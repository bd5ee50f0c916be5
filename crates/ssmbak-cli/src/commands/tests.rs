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
fn help_of_drill() {
    insta::assert_snapshot!(of_ssmbak("drill"));
}

#[test]
fn help_of_restores() {
    insta::assert_snapshot!(of_ssmbak("restores"));
}

#[test]
fn help_of_undo() {
    insta::assert_snapshot!(of_ssmbak("undo"));
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
fn help_of_log() {
    insta::assert_snapshot!(of_ssmbak("log"));
}

#[test]
fn help_of_diff() {
    insta::assert_snapshot!(of_ssmbak("diff"));
}

#[test]
fn help_of_browse() {
    insta::assert_snapshot!(of_ssmbak("browse"));
}

#[test]
fn help_of_export() {
    insta::assert_snapshot!(of_ssmbak("export"));
}

#[test]
fn help_of_trash() {
    insta::assert_snapshot!(of_ssmbak("trash"));
}

#[test]
fn help_of_undelete() {
    insta::assert_snapshot!(of_ssmbak("undelete"));
}

#[test]
fn help_of_verify() {
    insta::assert_snapshot!(of_ssmbak("verify"));
}

#[test]
fn help_of_mark() {
    insta::assert_snapshot!(of_ssmbak("mark"));
}

#[test]
fn help_of_marks() {
    insta::assert_snapshot!(of_ssmbak("marks"));
}

#[test]
fn help_of_completions() {
    insta::assert_snapshot!(of_ssmbak("completions"));
}

#[test]
fn help_of_all() {
    insta::assert_snapshot!(help(&mut AllCli::command()));
}

#[test]
fn help_of_stack() {
    insta::assert_snapshot!(help(&mut StackCli::command()));
}

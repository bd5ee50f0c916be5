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

/// Every form that the help shows is one.
#[test]
fn the_help_lists_times_that_are_read() {
    let lines = super::TIMES.lines().skip(1);
    let forms = lines.flat_map(|line| line.split("   ")).map(|form| form.trim().trim_matches('"'));
    let forms: Vec<&str> = forms.filter(|form| !form.is_empty() && *form != "mark:NAME").collect();
    assert!(forms.len() > 12, "{forms:?}");
    let now = "2026-06-16T12:00:00Z".parse().unwrap();
    for form in forms {
        let read = ssmbak_core::instant::Instant::parse(form, now, &jiff::tz::TimeZone::UTC);
        assert!(read.is_ok(), "{form}: {read:?}");
    }
    for command in ["preview", "restore", "drill", "get", "log", "diff", "export", "mark"] {
        assert!(of_ssmbak(command).contains("Times, in UTC"), "{command}");
    }
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

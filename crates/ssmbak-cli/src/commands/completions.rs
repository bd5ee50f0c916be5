//! `ssmbak completions` and `ssmbak man`: what a shell and `man` know of the commands.

use std::path::{Path, PathBuf};

use clap::{Args, Command as Clap, CommandFactory, ValueEnum};
use clap_complete::generate;
use clap_mangen::Man;

use super::{AllCli, SsmbakCli, StackCli, complete_names};
use crate::error::CliError;
use crate::exit::Exit;
use crate::s3::S3bakCli;
use crate::ui::Ui;

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(ssmbak completions bash)                                      in ~/.bashrc
  source <(ssmbak completions zsh)                                       in ~/.zshrc, after compinit
  ssmbak completions fish > ~/.config/fish/completions/ssmbak.fish
";

/// Options of `ssmbak completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Options of `ssmbak man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for every command into this folder, which is made if it is missing; without it the page of ssmbak is
    /// printed.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// The shells that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// Every program, under the name by which it is called.
fn programs() -> Vec<(&'static str, Clap)> {
    vec![
        ("ssmbak", SsmbakCli::command()),
        ("ssmbak-all", AllCli::command()),
        ("ssmbak-stack", StackCli::command()),
        ("s3bak", S3bakCli::adjusted(S3bakCli::command())),
    ]
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    for (name, command) in programs() {
        let mut command = command.name(name).bin_name(name);
        match shell {
            Shell::Bash => generate(clap_complete::Shell::Bash, &mut command, name, &mut script),
            Shell::Zsh => generate(clap_complete::Shell::Zsh, &mut command, name, &mut script),
            Shell::Fish => generate(clap_complete::Shell::Fish, &mut command, name, &mut script),
        }
    }
    script.extend_from_slice(names_of_parameters(shell).as_bytes());
    script
}

/// What makes a shell ask for the names of parameters.
fn names_of_parameters(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => complete_names::BASH,
        Shell::Zsh => complete_names::ZSH,
        Shell::Fish => complete_names::FISH,
    }
}

pub(super) fn complete(args: &CompletionsArgs, ui: &Ui) -> Result<Exit, CliError> {
    ui.bytes(&script(args.shell)).map(|()| Exit::Done)
}

pub(super) fn man(args: &ManArgs, ui: &Ui) -> Result<Exit, CliError> {
    match &args.dir {
        None => {
            let mut page = Vec::new();
            Man::new(SsmbakCli::command()).render(&mut page).map_err(CliError::output)?;
            ui.bytes(&page)?;
        }
        Some(folder) => {
            pages(folder).map_err(|error| {
                let message = format!("cannot write to {}: {error}", folder.display());
                CliError::failure("Output", message, "check the folder given with --dir")
            })?;
        }
    }
    Ok(Exit::Done)
}

fn pages(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, command) in programs() {
        clap_mangen::generate_to(command.name(name).bin_name(name), folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn the_shells_complete_every_program() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(script(shell)).unwrap();
            for told in ["ssmbak-all", "ssmbak-stack", "s3bak", "undelete", "do-it", "to-dir"] {
                assert!(script.contains(told), "{shell:?}: {told}");
            }
        }
    }

    #[test]
    fn bash_offers_the_commands() {
        for (typed, offered) in
            [("ssmbak unde", "undelete "), ("s3bak unde", "undelete "), ("ssmbak-all --do", "--do-it ")]
        {
            let (program, word) = typed.split_once(' ').unwrap();
            let mut script = script(Shell::Bash);
            let tail = format!(
                "\nCOMP_WORDS=({typed}); COMP_CWORD=1\n\
                 F=$(complete -p {program}); F=${{F#*-F }}; ${{F%% *}} {program} {word} {program}; printf '%s ' \"${{COMPREPLY[@]}}\"\n",
            );
            script.extend(tail.as_bytes());
            let mut bash = Command::new("bash").arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            std::io::Write::write_all(&mut bash.stdin.take().unwrap(), &script).unwrap();
            let output = bash.wait_with_output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), offered, "{typed}");
        }
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("man1");
        pages(&inner).unwrap();
        for page in [
            "ssmbak.1",
            "ssmbak-restore.1",
            "ssmbak-all.1",
            "ssmbak-stack.1",
            "ssmbak-log.1",
            "s3bak.1",
            "s3bak-restore.1",
        ] {
            let text = std::fs::read_to_string(inner.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
            assert!(text.contains(".SH SYNOPSIS"), "{page}");
        }
    }
}

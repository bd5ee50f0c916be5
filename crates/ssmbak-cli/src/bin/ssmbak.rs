//! `ssmbak`: previews and restores, and all the other commands.

fn main() -> std::process::ExitCode {
    ssmbak_cli::main_ssmbak()
}

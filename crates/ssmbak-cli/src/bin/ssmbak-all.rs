//! `ssmbak-all`: records what the bucket lacks.

fn main() -> std::process::ExitCode {
    ssmbak_cli::main_all()
}

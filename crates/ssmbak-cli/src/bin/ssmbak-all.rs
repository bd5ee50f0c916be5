//! `ssmbak-all`: records what the bucket lacks.

mod launcher;

fn main() -> std::process::ExitCode {
    launcher::launch("ssmbak-all")
}

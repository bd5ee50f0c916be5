//! `ssmbak-stack`: deploys the pipeline and looks after it.

mod launcher;

fn main() -> std::process::ExitCode {
    launcher::launch("ssmbak-stack")
}

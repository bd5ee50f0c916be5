//! `ssmbak-stack`: deploys the pipeline and looks after it.

fn main() -> std::process::ExitCode {
    ssmbak_cli::main_stack()
}

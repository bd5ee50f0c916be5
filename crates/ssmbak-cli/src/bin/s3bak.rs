//! `s3bak`: any versioned bucket at any instant.

fn main() -> std::process::ExitCode {
    ssmbak_cli::main_s3bak()
}

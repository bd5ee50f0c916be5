//! `s3bak`: any versioned bucket at any instant.

mod launcher;

fn main() -> std::process::ExitCode {
    launcher::launch("s3bak")
}

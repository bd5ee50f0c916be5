//! `ssmbak`: previews and restores, and all the other commands; under another command's name it is that command.

/// A fifth of the processor time of a preview is allocating, by several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ssmbak_cli::main_ssmbak()
}

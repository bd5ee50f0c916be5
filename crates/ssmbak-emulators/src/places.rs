//! Where things are: the workspace, its target directory, its commands.

use std::env;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The root of the workspace's sources.
#[must_use]
pub fn workspace_dir() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.ancestors().nth(2).unwrap_or(crate_dir).to_path_buf()
}

/// The target directory: that of `CARGO_TARGET_DIR`, else the one this program was built into, else `target/`.
#[must_use]
pub fn target_dir() -> PathBuf {
    if let Some(dir) = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        return workspace_dir().join(dir);
    }
    env::current_exe()
        .ok()
        // Cargo marks its target directory with this file, wherever a configuration has moved it.
        .and_then(|exe| exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf))
        .unwrap_or_else(|| workspace_dir().join("target"))
}

/// One of the project's commands, built into the same profile as the program that asks.
///
/// # Errors
/// [`Error::NotBuilt`] if it is not there: `cargo test` builds only the commands of the package it tests.
pub fn find_binary(name: &str) -> Result<PathBuf> {
    let exe = env::current_exe().map_err(Error::io("find this program's own path"))?;
    let mut dir = exe.parent().unwrap_or(&exe);
    // Tests live one level below the commands.
    if dir.ends_with("deps") {
        dir = dir.parent().unwrap_or(dir);
    }
    let path = dir.join(name);
    if path.is_file() { Ok(path) } else { Err(Error::NotBuilt { path }) }
}

/// [`find_binary`] for tests.
///
/// # Panics
/// If the command has not been built, with what to run.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    find_binary(name).unwrap_or_else(|error| panic!("{error}"))
}

//! The function as it goes to AWS: its build, its size, and what it needs of the C library.

use std::fs;
use std::path::PathBuf;

use ssmbak_emulators::target_dir;

use crate::cargo::Steps;
use crate::elf::{self, GlibcVersion};
use crate::failure::{Failure, Outcome};

/// What `provided.al2023` has.
const NEWEST_GLIBC: GlibcVersion = GlibcVersion(2, 34);
/// With the client of the tagging API, by which a sweep reads tags in bulk, and what a rehearsal restores with.
const LARGEST: usize = 9 * 1024 * 1024;

/// `cargo xtask function`.
pub fn build_and_check() -> Outcome {
    steps(&mut Steps::default())
}

/// The build and the check, as steps.
pub fn steps(steps: &mut Steps) -> Outcome {
    let build = ["build", "--package", "ssmbak-lambda", "--profile", "function"];
    steps.cargo_with("function", &build, crate::cargo::LINK_ARGS)?;
    steps.step("function's size and C library", |_| check())
}

fn path() -> PathBuf {
    target_dir().join("function").join("ssmbak-lambda")
}

fn check() -> Outcome {
    let path = path();
    let bytes = fs::read(&path).map_err(Failure::io(format!("read {}", path.display())))?;
    let megabytes = |size: usize| size as f64 / (1024.0 * 1024.0);
    let newest = elf::newest_glibc(&bytes)
        .map_err(|error| Failure::Function(format!("{} is not an ELF executable: {error}", path.display())))?;
    let needs = newest.map_or("no C library".to_owned(), |version| version.to_string());
    println!("    {}: {:.2} MB, needs {needs}", path.display(), megabytes(bytes.len()));
    if bytes.len() > LARGEST {
        return Err(Failure::Function(format!(
            "the function is {:.2} MB, more than {:.0} MB: look for a dependency with needless features",
            megabytes(bytes.len()),
            megabytes(LARGEST)
        )));
    }
    if newest.is_some_and(|version| version > NEWEST_GLIBC) {
        return Err(Failure::Function(format!(
            "the function needs {needs}, but provided.al2023 has {NEWEST_GLIBC}: build it on an older system, or with \
             `cargo zigbuild --target x86_64-unknown-linux-gnu.2.34`"
        )));
    }
    Ok(())
}

//! Where the function's executable is, unless `--lambda` says it.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use ssmbak_stack::Architecture;

/// The executable's name.
const NAME: &str = "ssmbak-lambda";
/// Its name in packages, where xz has compressed it.
const COMPRESSED: &str = "ssmbak-lambda.xz";
/// The architectures that packages have it for, by the names of their directories.
const ARCHITECTURES: [(&str, Architecture); 2] = [("aarch64", Architecture::Arm64), ("x86_64", Architecture::X86_64)];

/// This machine's, on which an emulator runs the function.
pub const HOST: Architecture = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
/// What Lambda charges less for (<https://aws.amazon.com/lambda/pricing/>).
pub const CHEAPER: Architecture = Architecture::Arm64;

/// The function's executable: beside this one, as cargo builds and installs them, else in `../share/ssmbak/ARCHITECTURE`, as
/// packages have it, for `preferred` if there are several. If there is none, the first place.
///
/// # Errors
/// If the system does not tell where this executable is.
pub fn find(preferred: Architecture) -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    // A link on the PATH says nothing about what lies beside the file.
    Ok(find_beside(&own.canonicalize().unwrap_or(own), preferred))
}

fn find_beside(own: &Path, preferred: Architecture) -> PathBuf {
    let beside = own.with_file_name(NAME);
    if beside.is_file() {
        return beside;
    }
    let Some(prefix) = own.parent().and_then(Path::parent) else { return beside };
    let mut architectures = ARCHITECTURES;
    architectures.sort_by_key(|(_, architecture)| *architecture != preferred);
    let packaged = architectures.map(|(name, _)| prefix.join("share/ssmbak").join(name).join(COMPRESSED));
    packaged.into_iter().find(|path| path.is_file()).unwrap_or(beside)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn function_is_found_beside_the_command_or_in_share() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("bin/ssmbak");
        let find = |preferred| find_beside(&own, preferred);
        assert_eq!(find(HOST), dir.path().join("bin/ssmbak-lambda"), "where to put it");
        let [arm, x86] = ARCHITECTURES.map(|(name, _)| dir.path().join("share/ssmbak").join(name).join(COMPRESSED));
        put(&x86);
        assert_eq!(find(Architecture::Arm64), x86, "the only one");
        put(&arm);
        assert_eq!((find(Architecture::Arm64), find(Architecture::X86_64)), (arm, x86));
        let beside = dir.path().join("bin/ssmbak-lambda");
        put(&beside);
        assert_eq!(find(HOST), beside);
    }
}

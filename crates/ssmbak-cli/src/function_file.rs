//! Where the function's executable is, unless `--lambda` says it.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

/// The executable's name.
const NAME: &str = "ssmbak-lambda";
/// The architectures that packages have it for, this machine's first: it also runs on a local pipeline.
const ARCHITECTURES: [&str; 2] =
    if cfg!(target_arch = "aarch64") { ["aarch64", "x86_64"] } else { ["x86_64", "aarch64"] };

/// The function's executable: beside this one, as cargo builds and installs them, else in `../share/ssmbak/ARCHITECTURE`, as
/// packages have it. If there is none, the first place.
///
/// # Errors
/// If the system does not tell where this executable is.
pub fn find() -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    // A link on the PATH says nothing about what lies beside the file.
    Ok(find_beside(&own.canonicalize().unwrap_or(own)))
}

fn find_beside(own: &Path) -> PathBuf {
    let beside = own.with_file_name(NAME);
    if beside.is_file() {
        return beside;
    }
    let prefix = own.parent().and_then(Path::parent).map(|prefix| prefix.join("share/ssmbak"));
    let packaged =
        prefix.iter().flat_map(|share| ARCHITECTURES.map(|architecture| share.join(architecture).join(NAME)));
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
        assert_eq!(find_beside(&own), dir.path().join("bin/ssmbak-lambda"), "where to put it");
        let [host, other] = ARCHITECTURES.map(|name| dir.path().join("share/ssmbak").join(name).join(NAME));
        put(&other);
        assert_eq!(find_beside(&own), other);
        put(&host);
        assert_eq!(find_beside(&own), host, "this machine's comes first");
        let beside = dir.path().join("bin/ssmbak-lambda");
        put(&beside);
        assert_eq!(find_beside(&own), beside);
    }
}

//! The two published crates can be packaged as they are, without a network.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::Path;
use std::process::Command;

use ssmbak_testkit::workspace_dir;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn well(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A file of a package.
fn file(target: &Path, package: &str, name: &str) -> String {
    let archive = target.join("package").join(format!("{package}-{VERSION}.crate"));
    let name = format!("{package}-{VERSION}/{name}");
    well(Command::new("tar").arg("-xzOf").arg(archive).arg(name))
}

#[test]
fn published_crates_can_be_packaged() {
    let target = tempfile::tempdir().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["package", "--package", "ssmbak-core", "--package", "ssmbak", "--no-verify", "--allow-dirty"]);
    cargo.args(["--exclude-lockfile", "--offline", "--target-dir"]).arg(target.path()).current_dir(workspace_dir());
    well(&mut cargo);
    for package in ["ssmbak-core", "ssmbak"] {
        let manifest = file(target.path(), package, "Cargo.toml");
        for key in ["description", "license", "repository", "readme", "keywords", "categories", "rust-version"] {
            assert!(manifest.contains(&format!("\n{key} = ")), "{package} has no {key}");
        }
        assert!(!manifest.contains("ssmbak-testkit"), "tests' own crates are not published: {manifest}");
        assert!(file(target.path(), package, "README.md").starts_with(&format!("# {package}\n")));
        for example in ["preview", "restore", "capture_event", "s3_path"].iter().filter(|_| package == "ssmbak") {
            assert!(file(target.path(), package, &format!("examples/{example}.rs")).contains("fn main"), "{example}");
        }
    }
    let manifest = file(target.path(), "ssmbak", "Cargo.toml");
    assert!(manifest.contains(&format!("[dependencies.ssmbak-core]\nversion = \"{VERSION}\"\n")), "{manifest}");
}

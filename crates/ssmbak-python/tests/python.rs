//! The Python package as Python sees it: built, type-checked, and run on an emulator beside ssmbak 0.5.2.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ssmbak_emulators::{Moto, Original, Venv, clean, environment, target_dir, workspace_dir};

/// The package with the native module of this build, in a directory for PYTHONPATH.
fn package(test: &str) -> PathBuf {
    let dir = target_dir().join("python").join(test);
    let _ = fs::remove_dir_all(&dir);
    copy(&workspace_dir().join("crates/ssmbak-python/python"), &dir);
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let name = format!("{}ssmbak_native{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let built = [deps.join(&name), deps.parent().unwrap().join(&name)].into_iter().find(|path| path.is_file());
    fs::copy(built.unwrap(), dir.join("ssmbak/_native.abi3.so")).unwrap();
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            if name != "__pycache__" {
                copy(&path, &to.join(name));
            }
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// A script of `tests/`, with the package in front of the 0.5.2 that the environment holds; `None`: with that one.
fn script(name: &str, package: Option<&Path>, endpoint: &str) -> Command {
    let mut command = Command::new(Venv::ready().unwrap().python());
    clean(&mut command).arg("-B").arg(workspace_dir().join("crates/ssmbak-python/tests").join(name));
    command.envs(environment(endpoint)).env("AWS_ENDPOINT", endpoint);
    if let Some(package) = package {
        command.env("PYTHONPATH", package);
    }
    command
}

fn succeeded(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn session_of_the_documents_gives_equal_results_with_both_packages() {
    let moto = Moto::start().unwrap();
    // Makes sure that the environment is there before two scripts ask for it.
    Original::new(moto.endpoint(), "unused").unwrap();
    let package = package("session");
    let ours = succeeded(&script("session.py", Some(&package), &moto.endpoint()).arg("ours").output().unwrap());
    let theirs = succeeded(&script("session.py", None, &moto.endpoint()).arg("theirs").output().unwrap());
    assert!(ours.lines().count() > 10, "{ours}");
    assert_eq!(ours, theirs);
}

#[test]
fn package_behaves_as_a_library_should() {
    let moto = Moto::start().unwrap();
    let package = package("behaviour");
    succeeded(&script("behaviour.py", Some(&package), &moto.endpoint()).arg("-v").output().unwrap());
}

#[test]
fn package_is_typed_and_type_checks_whoever_uses_it() {
    let package = package("typed");
    let check = |arguments: &[&str]| {
        let mut command = Command::new(Venv::ready().unwrap().python());
        clean(&mut command).args(["-m", "mypy", "--strict", "--python-version", "3.11", "--cache-dir", "/dev/null"]);
        // In front of the 0.5.2 that the environment holds.
        succeeded(&command.args(arguments).env("MYPYPATH", &package).current_dir(&package).output().unwrap())
    };
    assert!(check(&["-p", "ssmbak"]).contains("no issues found in 1"));
    let user = workspace_dir().join("crates/ssmbak-python/tests/typed.py");
    assert!(check(&[user.to_str().unwrap()]).contains("no issues found in 1 source file"));
}

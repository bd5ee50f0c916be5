//! `cargo xtask dist`: what a release has for this platform, in `target/dist`.

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};
use ssmbak_emulators::{target_dir, workspace_dir};

use crate::as_code;
use crate::cargo::{LINK_ARGS, Steps};
use crate::elf;
use crate::failure::{Failure, Outcome};
use crate::third_party::{self, ThirdParty};
use crate::wheel::Wheel;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The function runs on Linux, and is built where it runs.
const IS_LINUX: bool = cfg!(target_os = "linux");
const FUNCTION: &str = "ssmbak-lambda";
const COMMANDS: [&str; 4] = ["ssmbak", "ssmbak-all", "ssmbak-stack", "s3bak"];
const SHELLS: [(&str, &str, &str); 3] = [
    ("bash", "bash-completion/completions", "ssmbak"),
    ("zsh", "zsh/site-functions", "_ssmbak"),
    ("fish", "fish/vendor_completions.d", "ssmbak.fish"),
];

/// Where the executables of a build are.
#[derive(Clone, Debug)]
struct Build {
    commands: PathBuf,
    module: PathBuf,
    /// The function by architecture, as Rust calls it.
    functions: Vec<(String, PathBuf)>,
}

/// The function for this machine, from a directory of builds.
fn own_function(dir: &Path) -> Vec<(String, PathBuf)> {
    IS_LINUX.then(|| (ARCH.to_owned(), dir.join(FUNCTION))).into_iter().collect()
}

/// The functions in `DIR/ARCHITECTURE/ssmbak-lambda`, as machines of each architecture built them.
fn functions_in(dir: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let entries = fs::read_dir(dir).map_err(Failure::io(format!("read {}", dir.display())))?;
    let functions =
        entries.flatten().map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path().join(FUNCTION)));
    let functions: Vec<_> = functions.filter(|(_, path)| path.is_file()).collect();
    if functions.is_empty() {
        return Err(Failure::Usage(format!("{} has no ARCHITECTURE/{FUNCTION}", dir.display())));
    }
    Ok(functions)
}

/// Builds and packs. With `--dev` the builds of the tests are packed: to try the packages, not to ship them.
pub fn run(arguments: &[&str]) -> Outcome {
    let mut steps = Steps::default();
    let build = match arguments {
        [] | ["--functions", _] => {
            let build = |package, profile| ["build", "--package", package, "--profile", profile];
            steps.cargo_with("commands", &build("ssmbak-cli", "release"), LINK_ARGS)?;
            steps.cargo_with("Python module", &build("ssmbak-python", "module"), LINK_ARGS)?;
            let functions = match arguments {
                [_, dir] => functions_in(Path::new(dir))?,
                _ => {
                    if IS_LINUX {
                        crate::function::steps(&mut steps)?;
                    }
                    own_function(&target_dir().join("function"))
                }
            };
            Build { commands: target_dir().join("release"), module: target_dir().join("module"), functions }
        }
        ["--dev"] => {
            // A test that needs the module has it built, and the SDK with the features of the tests.
            steps.cargo("build", &["build", "--workspace", "--bins", "--test", "python"])?;
            of_tests(&mut steps)?;
            steps.summarise();
            return Ok(());
        }
        _ => return Err(Failure::Usage(format!("cannot understand `dist {}`", arguments.join(" ")))),
    };
    pack_and_check(&mut steps, &build)?;
    steps.summarise();
    Ok(())
}

/// Packs what `cargo xtask test` has built, and checks the packages.
pub fn of_tests(steps: &mut Steps) -> Outcome {
    let debug = target_dir().join("debug");
    let functions = own_function(&debug);
    pack_and_check(steps, &Build { commands: debug.clone(), module: debug, functions })
}

fn pack_and_check(steps: &mut Steps, build: &Build) -> Outcome {
    steps.step("packages", |_| pack(build))?;
    steps.step("wheel, installed into an environment without anything else", |_| check(&build.functions))
}

/// Installs the wheel without network, and runs every command and the library.
fn check(functions: &[(String, PathBuf)]) -> Outcome {
    let dist = target_dir().join("dist");
    let venv = dist.join("venv");
    output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let bin = venv.join("bin");
    let wheels = fs::read_dir(&dist).map_err(Failure::io(format!("read {}", dist.display())))?;
    let wheel =
        wheels.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "whl"));
    let install = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"];
    output(Command::new(bin.join("python")).args(install).arg(wheel.unwrap_or_default()))?;
    for name in COMMANDS {
        let told = String::from_utf8_lossy(&output(Command::new(bin.join(name)).arg("--version"))?).into_owned();
        if !told.trim().ends_with(VERSION) {
            return Err(Failure::Unexpected { expected: format!("the version of {name}"), seen: told });
        }
    }
    let import = "import ssmbak; from ssmbak.restore.actions import ParamPath; print(ssmbak.__version__)";
    output(Command::new(bin.join("python")).args(["-I", "-c", import])).map(drop)?;
    for (architecture, _) in functions {
        let function = function(&venv, architecture);
        fs::metadata(&function).map(drop).map_err(Failure::io(format!("find {}", function.display())))?;
    }
    fs::remove_dir_all(&venv).map_err(Failure::io(format!("remove {}", venv.display())))
}

fn pack(build: &Build) -> Outcome {
    let dist = target_dir().join("dist");
    let _ = fs::remove_dir_all(&dist);
    let tree = dist.join("tree").join(format!("ssmbak-{VERSION}-{ARCH}-{OS}"));
    let mut functions = Vec::new();
    for (architecture, built) in &build.functions {
        let function = dist.join("tree/functions").join(architecture).join(FUNCTION);
        copy(built, &function)?;
        if architecture == ARCH {
            strip(&function);
        }
        functions.push((architecture.clone(), function));
    }
    let build = &Build { functions, ..build.clone() };
    stage(build, &tree)?;
    let archive = archive(&tree)?;
    let wheel = wheel(build, &tree, &dist)?;
    let mut packages = vec![archive, wheel, sources(&dist)?];
    let tree = dist.join("tree").join(format!("ssmbak-{VERSION}-as-code"));
    for path in as_code::stage(&build.functions, &tree)? {
        let published = dist.join(path.file_name().unwrap_or_default());
        copy(&path, &published)?;
        packages.push(published);
    }
    packages.push(self::archive(&tree)?);
    let mut sums = String::new();
    for path in &packages {
        let bytes = fs::read(path).map_err(Failure::io(format!("read {}", path.display())))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hex: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        sums += &format!("{hex}  {name}\n");
        println!("    {}: {:.1} MB", path.display(), bytes.len() as f64 / 1e6);
    }
    write(&dist.join("SHA256SUMS"), sums.as_bytes())
}

/// The tree of the archive: `bin`, and in `share` the function, man pages, completions, licences, and the bill of
/// materials.
fn stage(build: &Build, tree: &Path) -> Outcome {
    let bin = tree.join("bin");
    for name in COMMANDS {
        copy(&build.commands.join(name), &bin.join(name))?;
        strip(&bin.join(name));
    }
    let share = tree.join("share");
    for (architecture, function) in &build.functions {
        compress(function, &self::function(tree, architecture))?;
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"] {
        copy(&workspace_dir().join(licence), &share.join("doc/ssmbak").join(licence))?;
    }
    let third_party = ThirdParty::read()?;
    let doc = share.join("doc/ssmbak");
    write(&doc.join("THIRD-PARTY-LICENSES.txt"), third_party.licences()?.as_bytes())?;
    let bill = third_party.bill_of_materials(VERSION, &third_party::checksums()?);
    write(&doc.join("ssmbak.cdx.json"), format!("{bill:#}\n").as_bytes())?;
    let ssmbak = bin.join("ssmbak");
    let man = share.join("man/man1");
    fs::create_dir_all(&man).map_err(Failure::io(format!("create {}", man.display())))?;
    output(Command::new(&ssmbak).args(["man", "--dir"]).arg(&man))?;
    for (shell, dir, name) in SHELLS {
        let text = output(Command::new(&ssmbak).args(["completions", shell]))?;
        write(&share.join(dir).join(name), &text)?;
    }
    Ok(())
}

/// Where the tree has the function for an architecture.
fn function(tree: &Path, architecture: &str) -> PathBuf {
    tree.join("share/ssmbak").join(architecture).join(format!("{FUNCTION}.xz"))
}

/// Compresses the function by xz, a quarter better than a wheel's own compression, the same for the same file.
fn compress(from: &Path, to: &Path) -> Outcome {
    const PROGRAM: &str = "import lzma, sys; sys.stdout.buffer.write(lzma.compress(open(sys.argv[1], 'rb').read(), preset=int(sys.argv[2])))";
    // The function of the tests is large, and it is the release that should be small.
    let preset = if from.metadata().is_ok_and(|file| file.len() > 16_000_000) { "1" } else { "9" };
    write(to, &output(Command::new("python3").args(["-I", "-c", PROGRAM]).arg(from).arg(preset))?)
}

/// A tar.gz of the tree, the same for the same files.
fn archive(tree: &Path) -> Outcome<PathBuf> {
    let (parent, name) = (tree.parent().unwrap_or(tree), tree.file_name().unwrap_or_default());
    let path = target_dir().join("dist").join(format!("{}.tar.gz", name.to_string_lossy()));
    let mut command = Command::new("tar");
    command.arg("--create").arg("--file").arg(&path).arg("--directory").arg(parent).env("GZIP", "-n");
    if cfg!(target_os = "linux") {
        command.args([
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--use-compress-program=gzip -n",
        ]);
    } else {
        command.arg("--gzip");
    }
    output(command.arg(name))?;
    Ok(path)
}

/// The source distribution, from which pip builds a wheel by this program.
fn sources(dist: &Path) -> Outcome<PathBuf> {
    let backend = workspace_dir().join("packaging/ssmbak_build.py");
    output(Command::new("python3").arg("-B").arg(backend).arg(dist).current_dir(workspace_dir()))?;
    Ok(dist.join(format!("ssmbak-{VERSION}.tar.gz")))
}

fn wheel(build: &Build, tree: &Path, dist: &Path) -> Outcome<PathBuf> {
    let sources = workspace_dir().join("crates/ssmbak-python");
    let module = dist.join("tree/_native.abi3.so");
    let name = format!("{DLL_PREFIX}ssmbak_native{DLL_SUFFIX}");
    // Where nothing but tests needs a library, cargo leaves it among the dependencies.
    let built = [build.module.join(&name), build.module.join("deps").join(&name)];
    let built = built.iter().find(|path| path.is_file()).unwrap_or(&built[0]);
    copy(built, &module)?;
    strip(&module);
    let platform = platform(&[&module, &tree.join("bin/ssmbak")])?;
    let mut wheel = Wheel::new(VERSION, platform);
    wheel.dir("ssmbak", &sources.join("python/ssmbak"), false)?;
    wheel.file("ssmbak/_native.abi3.so", module);
    wheel.scripts(&tree.join("bin"))?;
    wheel.data("share", &tree.join("share"))?;
    let readme = sources.join("README.md");
    let readme = fs::read_to_string(&readme).map_err(Failure::io(format!("read {}", readme.display())))?;
    wheel.write(dist, &readme)
}

/// The platform's tag: on Linux by the newest symbol of glibc that a file needs.
fn platform(files: &[&Path]) -> Outcome<String> {
    if OS == "macos" {
        return Ok(format!("macosx_11_0_{}", if ARCH == "aarch64" { "arm64" } else { ARCH }));
    }
    let mut newest = elf::GlibcVersion(2, 17);
    for path in files {
        let bytes = fs::read(path).map_err(Failure::io(format!("read {}", path.display())))?;
        let needed = elf::newest_glibc(&bytes)
            .map_err(|error| Failure::Function(format!("{} is not an ELF file: {error}", path.display())))?;
        newest = newest.max(needed.unwrap_or(newest));
    }
    Ok(format!("manylinux_{}_{}_{ARCH}", newest.0, newest.1))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).map_err(Failure::io(format!("create {}", dir.display())))?;
    }
    fs::copy(from, to).map(drop).map_err(Failure::io(format!("copy {}", from.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(Failure::io(format!("create {}", dir.display())))?;
    }
    fs::write(path, bytes).map_err(Failure::io(format!("write {}", path.display())))
}

/// Without symbols, as far as the system has the tool: the profile of releases has none anyway.
fn strip(path: &Path) {
    let _ = Command::new("strip").arg("-x").arg(path).status();
}

fn output(command: &mut Command) -> Outcome<Vec<u8>> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(Failure::io(format!("run {shown}")))?;
    if output.status.success() { Ok(output.stdout) } else { Err(Failure::Step { name: "a package", command: shown }) }
}

#[cfg(test)]
mod tests;

use ssmbak_emulators::Venv;

use super::*;

#[test]
fn workflows_are_well_formed_and_run_the_tasks_of_this_program() -> Result<(), Box<dyn std::error::Error>> {
    let dir = workspace_dir().join(".github/workflows");
    let checked = Venv::ready()?.script("check_workflows.py").arg(&dir).output()?;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let text = fs::read_to_string(dir.join("ci.yml"))? + &fs::read_to_string(dir.join("release.yml"))?;
    assert!(
        text.contains("run: .ci/run\n") && text.contains("run: cargo xtask dist --functions functions\n"),
        "{text}"
    );
    for line in text.lines().filter(|line| line.contains("cargo ")) {
        let task = line.split("cargo ").nth(1).unwrap_or_default().trim_end();
        assert!(["xtask dist", "xtask dist --functions functions", "xtask function"].contains(&task), "{line}");
    }
    Ok(())
}

#[test]
fn source_distribution_has_every_file_and_builds_by_this_program() -> Result<(), Box<dyn std::error::Error>> {
    let sources = |dir: &Path| sources(dir).map_err(|error| error.to_string());
    let output = |command: &mut Command| output(command).map_err(|error| error.to_string());
    let dir = tempfile::tempdir()?;
    let first = fs::read(sources(dir.path())?)?;
    assert_eq!(fs::read(sources(dir.path())?)?, first, "equal files, equal bytes");
    let archive = dir.path().join(format!("ssmbak-{VERSION}.tar.gz"));
    output(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(dir.path()))?;
    let tree = dir.path().join(format!("ssmbak-{VERSION}"));
    let about = fs::read_to_string(tree.join("PKG-INFO"))?;
    assert!(about.contains(&format!("Name: ssmbak\nVersion: {VERSION}\n")), "{about}");
    // All members of the workspace are there.
    let metadata = ["metadata", "--offline", "--no-deps", "--format-version", "1"];
    output(Command::new(env!("CARGO")).args(metadata).current_dir(&tree))?;
    let hooks = "import ssmbak_build as b; print([b.build_wheel, b.build_sdist, b.get_requires_for_build_wheel()])";
    output(Command::new("python3").args(["-B", "-c", hooks]).current_dir(tree.join("packaging")))?;
    Ok(())
}

#[test]
fn formula_and_image_name_the_archives_that_are_made() -> Result<(), Box<dyn std::error::Error>> {
    let packaging = workspace_dir().join("packaging");
    let formula = fs::read_to_string(packaging.join("ssmbak.rb.in"))?;
    for platform in ["x86_64-linux", "aarch64-linux", "aarch64-macos"] {
        assert!(formula.contains(&format!("ssmbak-@VERSION@-{platform}.tar.gz")), "{platform}");
    }
    let image = fs::read_to_string(packaging.join("Containerfile"))?;
    assert!(image.contains(&format!("ARCHIVE=ssmbak-{VERSION}-x86_64-linux")));
    Ok(())
}

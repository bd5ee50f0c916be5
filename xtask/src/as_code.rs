//! What a release has for those who deploy their own way: the template, the function's code as Lambda takes it, and one
//! archive of both with the Terraform module and the CDK example.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use ssmbak_emulators::workspace_dir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::failure::{Failure, Outcome};

const TEMPLATE: &str = "template.yml";
/// The folders of `packaging` that the archive has.
const WAYS: [&str; 2] = ["terraform", "cdk"];

/// Puts everything into `tree`. What is also published by itself is returned.
pub fn stage(functions: &[(String, PathBuf)], tree: &Path) -> Outcome<Vec<PathBuf>> {
    fs::create_dir_all(tree).map_err(Failure::io(format!("create {}", tree.display())))?;
    let template = tree.join(TEMPLATE);
    let path = workspace_dir().join("crates/ssmbak-stack").join(TEMPLATE);
    let text = fs::read_to_string(&path).map_err(Failure::io(format!("read {}", path.display())))?;
    fs::write(&template, without_comments(&text)).map_err(Failure::io(format!("write {}", template.display())))?;
    let mut published = vec![template];
    for (architecture, executable) in functions {
        let path = tree.join(format!("ssmbak-lambda-{}.zip", of_lambda(architecture)));
        let bytes = fs::read(executable).map_err(Failure::io(format!("read {}", executable.display())))?;
        let packed = pack(&bytes).map_err(|error| Failure::io(format!("pack {}", path.display()))(error.into()))?;
        fs::write(&path, packed).map_err(Failure::io(format!("write {}", path.display())))?;
        published.push(path);
    }
    for way in WAYS {
        let (from, to) = (workspace_dir().join("packaging").join(way), tree.join(way));
        fs::create_dir_all(&to).map_err(Failure::io(format!("create {}", to.display())))?;
        let entries = fs::read_dir(&from).map_err(Failure::io(format!("read {}", from.display())))?;
        // Not what Terraform and npm leave beside the files.
        let is_ours = |path: &PathBuf| path.extension().is_some_and(|end| end == "tf" || end == "js");
        for path in entries.flatten().map(|entry| entry.path()) {
            if is_ours(&path) || path.ends_with("package.json") {
                copy(&path, &to.join(path.file_name().unwrap_or_default()))?;
            }
        }
    }
    Ok(published)
}

/// As `ssmbak-stack` sends it: CloudFormation takes 51,200 bytes in a request, from Terraform as well.
fn without_comments(template: &str) -> String {
    let lines: Vec<&str> = template.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    lines.join("\n") + "\n"
}

/// The architecture as Lambda calls it.
fn of_lambda(architecture: &str) -> &str {
    if architecture == "aarch64" { "arm64" } else { architecture }
}

/// As `ssmbak-stack` packs the function: equal executables make equal packages, whose hash is their name.
fn pack(executable: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", options)?;
    zip.write_all(executable)?;
    Ok(zip.finish()?.into_inner())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(drop).map_err(Failure::io(format!("copy {}", from.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_and_example_find_template_and_code_where_the_archive_has_them() -> Result<(), Box<dyn std::error::Error>>
    {
        let dir = tempfile::tempdir()?;
        let executable = dir.path().join("ssmbak-lambda");
        fs::write(&executable, "code")?;
        let functions = ["x86_64", "aarch64"].map(|architecture| (architecture.to_owned(), executable.clone()));
        let tree = dir.path().join("tree");
        let published = stage(&functions, &tree).map_err(|error| error.to_string())?;
        let names: Vec<_> = published.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["template.yml", "ssmbak-lambda-x86_64.zip", "ssmbak-lambda-arm64.zip"]);
        let template = fs::read_to_string(tree.join("template.yml"))?;
        assert!(template.len() <= 51_200 && template.starts_with("AWSTemplateFormatVersion"), "{}", template.len());
        let module = fs::read_to_string(tree.join("terraform/main.tf"))?;
        let example = fs::read_to_string(tree.join("cdk/ssmbak.js"))?;
        for place in ["${path.module}/../template.yml", "${path.module}/../ssmbak-lambda-${var.architecture}.zip"] {
            assert!(module.contains(place), "{place}");
        }
        for file in ["'template.yml'", "`ssmbak-lambda-${architecture}.zip`"] {
            assert!(example.contains(file), "{file}");
        }
        for file in ["terraform/variables.tf", "terraform/outputs.tf", "cdk/app.js", "cdk/package.json"] {
            assert!(tree.join(file).is_file(), "{file}");
        }
        let mut zip = zip::ZipArchive::new(fs::File::open(&published[1])?)?;
        assert_eq!(zip.by_name("bootstrap")?.unix_mode(), Some(0o100_755));
        Ok(())
    }
}

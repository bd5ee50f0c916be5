//! `cargo xtask terraform`: the real Terraform applies the module to a local AWS, and finds nothing to change afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ssmbak_emulators::{Delays, Ministack, find_binary, target_dir, workspace_dir};

use crate::as_code;
use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

/// A configuration that uses the module as the book shows it, but with the files of this build.
const CONFIGURATION: &str = r#"
provider "aws" {
  region                      = "us-east-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

module "ssmbak" {
  source         = "./as-code/terraform"
  name           = "ssmbak"
  retention_days = 365
}

output "bucket" {
  value = module.ssmbak.bucketname
}
"#;

/// Applies the module. Needs `terraform` on the PATH, and its provider for AWS from the registry: without them it fails.
pub fn run() -> Outcome {
    let mut steps = Steps::default();
    let module = workspace_dir().join("packaging/terraform");
    steps
        .step("format of the module", |_| terraform(Command::new("terraform"), &module, &["fmt", "-check", "-diff"]))?;
    steps.cargo("function", &["build", "--workspace", "--bin", "ssmbak-lambda", "--test", "error_codes"])?;
    let dir = target_dir().join("terraform");
    steps.step("provider for AWS", |_| {
        stage(&dir)?;
        terraform(Command::new("terraform"), &dir, &["init", "-input=false", "-no-color"])?;
        terraform(Command::new("terraform"), &dir, &["validate", "-no-color"])
    })?;
    let ministack = Ministack::start_delayed(None, Delays::default())?;
    let on_ministack = |arguments: &[&str]| terraform(ministack.command("terraform"), &dir, arguments);
    steps.step("apply", |_| on_ministack(&["apply", "-auto-approve", "-input=false", "-no-color"]))?;
    steps
        .step("plan without changes", |_| on_ministack(&["plan", "-detailed-exitcode", "-input=false", "-no-color"]))?;
    steps.step("import of the stack that exists", |_| {
        let stack = "module.ssmbak.aws_cloudformation_stack.this";
        on_ministack(&["state", "rm", stack])?;
        on_ministack(&["import", "-input=false", "-no-color", stack, "ssmbak"])?;
        on_ministack(&["plan", "-detailed-exitcode", "-input=false", "-no-color"])
    })?;
    steps.step("destroy", |_| on_ministack(&["destroy", "-auto-approve", "-input=false", "-no-color"]))?;
    steps.summarise();
    Ok(())
}

/// An empty directory with the configuration, and the module as the release has it.
fn stage(dir: &Path) -> Outcome {
    let _ = fs::remove_dir_all(dir);
    let function: PathBuf = find_binary("ssmbak-lambda")?;
    as_code::stage(&[("x86_64".to_owned(), function)], &dir.join("as-code"))?;
    let path = dir.join("main.tf");
    fs::write(&path, CONFIGURATION).map_err(Failure::io(format!("write {}", path.display())))
}

fn terraform(mut command: Command, dir: &Path, arguments: &[&str]) -> Outcome {
    let shown = format!("terraform {}", arguments.join(" "));
    println!("    {shown}");
    let status = command.args(arguments).current_dir(dir).status().map_err(Failure::io(format!("run {shown}")))?;
    if status.success() { Ok(()) } else { Err(Failure::Step { name: "Terraform", command: shown }) }
}

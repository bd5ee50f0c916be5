//! What a security linter says of the template: nothing that the template has not answered in its `Metadata`.
//!
//! checkov takes a minute to install, so it runs with `SSMBAK_TEST_FULL=1` only, as `cargo xtask test --full` does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use ssmbak_emulators::target_dir;
use ssmbak_stack::template::TEMPLATE;

use crate::tree::template;

const CHECKOV: &str = "checkov==3.3.30";

#[test]
fn every_finding_that_is_skipped_has_a_reason() {
    let template = template();
    let resources = template["Resources"].as_object().unwrap().iter();
    let skipped: Vec<_> = resources
        .flat_map(|(id, resource)| {
            resource["Metadata"]["checkov"]["skip"].as_array().into_iter().flatten().map(move |skip| (id, skip))
        })
        .collect();
    assert!(!skipped.is_empty());
    for (id, skip) in skipped {
        assert!(skip["comment"].as_str().is_some_and(|reason| reason.len() > 20), "{id}: {skip} needs a reason");
    }
}

/// checkov in an environment of its own: it wants other versions of what the other tools use.
fn checkov() -> PathBuf {
    let dir = target_dir().join("checkov");
    let stamp = dir.join("installed");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(CHECKOV) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir));
        run(Command::new(dir.join("bin/python")).args(["-m", "pip", "install", "--quiet", CHECKOV]));
        fs::write(stamp, CHECKOV).unwrap();
    }
    dir.join("bin/checkov")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The rules that a template fails, with the resources, and how many it passes and skips.
fn findings(file: &Path) -> (Vec<String>, Value) {
    let mut command = Command::new(checkov());
    command.args(["--framework", "cloudformation", "--skip-download", "--quiet", "--output", "json", "--file"]);
    let output = command.arg(file).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["parsing_errors"], 0, "{report}");
    let failed = report["results"]["failed_checks"].as_array().unwrap().iter();
    let line = |check: &Value| format!("{} {} {}", check["check_id"], check["resource"], check["check_name"]);
    (failed.map(line).collect(), report["summary"].clone())
}

#[test]
fn the_security_linter_finds_nothing_that_is_not_answered() {
    if std::env::var_os("SSMBAK_TEST_FULL").is_none() {
        return;
    }
    let (found, summary) = findings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("template.yml"));
    assert!(found.is_empty(), "fix these, or skip them in the resource's Metadata with the reason: {found:#?}");
    assert!(summary["passed"].as_u64() > Some(20), "{summary}");
    let file = target_dir().join("open-template.yml");
    fs::write(&file, TEMPLATE.replacen("BlockPublicAcls: true", "BlockPublicAcls: false", 1)).unwrap();
    let (found, _) = findings(&file);
    assert!(found.iter().any(|check| check.contains("CKV_AWS_53")), "{found:?}");
}

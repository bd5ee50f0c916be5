//! What cfn-lint says of the template: types, properties, values, and whether every IAM action exists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ssmbak_emulators::{Venv, target_dir};
use ssmbak_stack::template::TEMPLATE;

/// Regions of all three partitions.
const REGIONS: [&str; 5] = ["us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1"];

/// The findings of every level, one a line.
pub fn findings(files: &[PathBuf], regions: &[&str]) -> String {
    let mut lint = Command::new(Venv::ready().unwrap().executable("cfn-lint"));
    lint.args(["--format", "parseable", "--include-checks", "I", "--regions"]).args(regions);
    lint.arg("--").args(files);
    let output = lint.output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.is_empty(), "cfn-lint failed: {said}");
    assert_eq!(output.status.success(), found.is_empty(), "{found}");
    found
}

#[test]
fn the_linter_finds_nothing() {
    for name in ["template.yml", "vault.yml"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        assert_eq!(findings(&[file], &REGIONS), "", "{name}");
    }
}

#[test]
fn the_linter_would_find_an_action_that_does_not_exist_and_a_property_that_is_none() {
    let file = target_dir().join("damaged-template.yml");
    for (right, wrong, rule) in [
        ("- s3:GetObjectVersion\n", "- s3:GetObjektVersion\n", "W3037"),
        ("RecursiveLoop: Allow", "RecursiveLoops: Allow", "E3002"),
        ("!Ref KmsKeyArn", "!Ref KmsKey", "E1020"),
    ] {
        let damaged = TEMPLATE.replacen(right, wrong, 1);
        assert_ne!(damaged, TEMPLATE);
        fs::write(&file, damaged).unwrap();
        let found = findings(std::slice::from_ref(&file), &REGIONS);
        assert!(found.contains(rule), "{wrong}: {found}");
    }
}

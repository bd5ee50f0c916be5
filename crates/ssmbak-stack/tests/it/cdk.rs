//! The CDK example (`packaging/cdk`), synthesised by the real CDK: its stack is the template's, id by id.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use ssmbak_emulators::{target_dir, workspace_dir};
use ssmbak_stack::template::TEMPLATE;

use crate::tree::template;

/// The example beside template and code, as the release has it, with the CDK installed. `None` if npm cannot.
fn released() -> Option<PathBuf> {
    let (release, sources) = (target_dir().join("cdk"), workspace_dir().join("packaging/cdk"));
    let example = release.join("cdk");
    let package = fs::read_to_string(sources.join("package.json")).unwrap();
    let stamp = example.join("node_modules/installed.json");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&package) {
        drop(fs::remove_dir_all(&release));
        fs::create_dir_all(&example).unwrap();
        fs::write(example.join("package.json"), &package).unwrap();
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
        let installed = Command::new("npm").args(install).current_dir(&example).output().ok()?;
        installed.status.success().then_some(())?;
        fs::write(stamp, package).unwrap();
    }
    for file in ["app.js", "ssmbak.js"] {
        fs::copy(sources.join(file), example.join(file)).unwrap();
    }
    fs::write(release.join("template.yml"), TEMPLATE).unwrap();
    fs::write(release.join("ssmbak-lambda-x86_64.zip"), "the function's code").unwrap();
    Some(example)
}

/// What the CDK makes of the example.
fn synthesised() -> Option<Value> {
    let Some(example) = released() else {
        assert!(std::env::var_os("SSMBAK_TEST_FULL").is_none(), "npm cannot install the CDK: is it on the PATH?");
        let left_out = "LEFT OUT: npm cannot install the CDK, so its example is not synthesised";
        drop(writeln!(std::io::stderr(), "{left_out}"));
        return None;
    };
    let out = example.join("cdk.out");
    let run = Command::new("node").arg("app.js").env("CDK_OUTDIR", &out).current_dir(&example).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(serde_json::from_slice(&fs::read(out.join("ssmbak.template.json")).unwrap()).unwrap())
}

/// The value with references to the parameter replaced by what the example sets it to.
fn with(value: &Value, name: &str, set: &Value) -> Value {
    match value {
        Value::Object(entries) if entries.get("Ref").is_some_and(|of| of == name) => set.clone(),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| match value {
                // The CDK leaves the short form as it is.
                Value::String(path) if key == "Fn::GetAtt" => (key.clone(), path.split('.').collect()),
                _ => (key.clone(), with(value, name, set)),
            });
            entries.collect()
        }
        Value::Array(items) => items.iter().map(|item| with(item, name, set)).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_cdk_example_deploys_the_template_as_it_is() {
    let Some(stack) = synthesised() else { return };
    let code = &stack["Resources"]["Function"]["Properties"]["Code"];
    let key = code["S3Key"].as_str().unwrap();
    assert!(key.len() == 64 + ".zip".len() && key.ends_with(".zip"), "named after its content: {key}");
    let set = [
        ("RetentionDays", json!(365)),
        ("AlarmEmail", json!("ops@example.com")),
        // As long as the bucket is not one of many regions.
        ("CodeBucket", code["S3Bucket"]["Fn::If"][2].clone()),
        ("CodeKey", code["S3Key"].clone()),
    ];
    let wanted = set.iter().fold(template(), |template, (name, value)| with(&template, name, value));
    for section in ["Resources", "Outputs", "Conditions"] {
        let is = with(&stack[section], "", &Value::Null);
        let (is, wanted) = (is.as_object().unwrap(), wanted[section].as_object().unwrap());
        assert!(is.keys().eq(wanted.keys()), "{section}: {:?}", is.keys());
        for (id, wanted) in wanted {
            assert_eq!(&is[id], wanted, "{section}: {id}");
        }
    }
    for (name, parameter) in template()["Parameters"].as_object().unwrap() {
        let is_set = set.iter().any(|(set, _)| set == name);
        assert_eq!(stack["Parameters"].get(name), (!is_set).then_some(parameter), "{name}");
    }
}

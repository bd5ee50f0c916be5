//! The JSON schemas of the commands' output.

use serde_json::Value;

/// The value, if it is as the schema of this name says.
pub fn check(schema: &str, value: &Value) -> Value {
    let path = ssmbak_testkit::workspace_dir().join(format!("schemas/{schema}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{schema}: {errors:?} in {value:#}");
    value.clone()
}

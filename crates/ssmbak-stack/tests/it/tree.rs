//! The template as a tree, and ways to find one's way in it.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Reads the template as CloudFormation does: `!Ref X` is `{"Ref": X}`, `!Sub X` is `{"Fn::Sub": X}`.
pub fn template() -> Value {
    let documents = Yaml::load_from_str(ssmbak_stack::template::TEMPLATE).unwrap();
    assert_eq!(documents.len(), 1);
    tree(&documents[0])
}

fn tree(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(tree).collect(),
        Yaml::Mapping(entries) => {
            let text = |key: &Yaml| key.as_str().unwrap().to_owned();
            let entries = entries.iter().map(|(key, value)| (text(key), tree(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, node) => {
            let function = match tag.suffix.as_str() {
                "Ref" => "Ref".to_owned(),
                other => format!("Fn::{other}"),
            };
            let argument = match tree(node) {
                Value::String(path) if function == "Fn::GetAtt" => path.split('.').collect(),
                argument => argument,
            };
            json!({ function: argument })
        }
        other => panic!("not expected in a template: {other:?}"),
    }
}

/// The resources of a type, with their logical ids.
pub fn of_type<'a>(template: &'a Value, wanted: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    resources.filter(|(_, resource)| resource["Type"] == wanted).map(|(id, resource)| (id.as_str(), resource)).collect()
}

/// The logical id in `{"Fn::GetAtt": [id, attribute]}`.
pub fn attribute_of<'a>(value: &'a Value, attribute: &str) -> &'a str {
    assert_eq!(value["Fn::GetAtt"][1], attribute, "{value}");
    value["Fn::GetAtt"][0].as_str().unwrap()
}

/// Every statement of a policy document, its actions and resources as lists.
pub fn statements(document: &Value) -> Vec<Value> {
    let list = |value: &Value| match value {
        Value::Array(_) => value.clone(),
        other => json!([other]),
    };
    let statements = document["Statement"].as_array().unwrap().iter();
    statements
        .map(|statement| {
            let mut statement = statement.clone();
            statement["Action"] = list(&statement["Action"]);
            statement["Resource"] = list(&statement["Resource"]);
            statement
        })
        .collect()
}

//! The Terraform module (`packaging/terraform`) has a variable for each parameter of the template and an output for each
//! of its outputs.
//!
//! `BOOK=overwrite cargo test --workspace --test it terraform` writes both files anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use hcl::Body;
use serde_json::{Map, Value, json};
use ssmbak_emulators::workspace_dir;
use ssmbak_stack::template::{CODE_BUCKET, CODE_KEY};

use crate::tree::template;

const AGAIN: &str = "BOOK=overwrite cargo test --workspace --test it terraform";
/// The module fills these in itself: `main.tf` has their variables, with another default.
const BY_HAND: [&str; 2] = [CODE_BUCKET, CODE_KEY];

/// `KmsKeyArn` as Terraform spells names: `kms_key_arn`.
fn snake(name: &str) -> String {
    let parts = name.chars().enumerate().map(|(at, letter)| {
        let separator = if at > 0 && letter.is_uppercase() { "_" } else { "" };
        format!("{separator}{}", letter.to_lowercase())
    });
    parts.collect()
}

/// A value as HCL.
fn hcl_value(value: &Value) -> String {
    let text = value.to_string();
    text.replace("${", "$${").replace("%{", "%%{")
}

fn parameters() -> Map<String, Value> {
    let mut parameters = template()["Parameters"].as_object().unwrap().clone();
    parameters.retain(|name, _| !BY_HAND.contains(&name.as_str()));
    parameters
}

/// What a value has to fulfil, as an expression, and how to say so.
fn validations(variable: &str, parameter: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (key, value) in parameter.as_object().unwrap() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (condition, demand) = match key.as_str() {
            "Type" | "Default" | "Description" | "NoEcho" | "ConstraintDescription" => continue,
            "AllowedValues" => {
                let all: Vec<String> = value.as_array().unwrap().iter().map(hcl_value).collect();
                (format!("contains([{}], var.{variable})", all.join(", ")), format!("be one of {}", all.join(", ")))
            }
            "AllowedPattern" => {
                // CloudFormation matches the whole value, Terraform a part of it.
                assert!(text.starts_with('^') && text.ends_with('$'), "{variable}: write the pattern as ^…$");
                (format!("can(regex({}, var.{variable}))", hcl_value(value)), format!("match {text}"))
            }
            "MinValue" => (format!("var.{variable} >= {text}"), format!("be at least {text}")),
            "MaxValue" => (format!("var.{variable} <= {text}"), format!("be at most {text}")),
            "MinLength" => (format!("length(var.{variable}) >= {text}"), format!("have a length of at least {text}")),
            "MaxLength" => (format!("length(var.{variable}) <= {text}"), format!("have a length of at most {text}")),
            other => panic!("{variable} has {other}: teach crates/ssmbak-stack/tests/it/terraform.rs to write it"),
        };
        found.push((condition, format!("{variable} must {demand}.")));
    }
    found
}

fn variables() -> String {
    let mut file = format!("# Generated from the template: {AGAIN}\n");
    // Writing to a string cannot fail.
    for (name, parameter) in parameters() {
        let variable = snake(&name);
        let kind = match parameter["Type"].as_str().unwrap() {
            "Number" => "number",
            "String" | "CommaDelimitedList" => "string",
            other => panic!("{name} is a {other}: teach crates/ssmbak-stack/tests/it/terraform.rs to write it"),
        };
        let (description, default) = (hcl_value(&parameter["Description"]), hcl_value(&parameter["Default"]));
        let _ = write!(
            file,
            "\nvariable \"{variable}\" {{\n  description = {description}\n  type        = {kind}\n  default     = \
             {default}\n  nullable    = false\n"
        );
        for (condition, message) in validations(&variable, &parameter) {
            let message = hcl_value(&json!(message));
            let _ =
                write!(file, "  validation {{\n    condition     = {condition}\n    error_message = {message}\n  }}\n");
        }
        file += "}\n";
    }
    file += "\nlocals {\n  parameters = {\n";
    let width = parameters().keys().map(String::len).max().unwrap();
    for name in parameters().keys() {
        let _ = writeln!(file, "    {name:width$} = var.{}", snake(name));
    }
    file + "  }\n}\n"
}

fn outputs() -> String {
    let mut file = format!("# Generated from the template: {AGAIN}\n");
    for (name, output) in template()["Outputs"].as_object().unwrap() {
        let all = "aws_cloudformation_stack.this.outputs";
        let value = match output.get("Condition") {
            Some(_) => format!("lookup({all}, \"{name}\", null)"),
            None => format!("{all}[\"{name}\"]"),
        };
        let _ = write!(
            file,
            "\noutput \"{}\" {{\n  description = {}\n  value       = {value}\n}}\n",
            snake(name),
            hcl_value(&output["Description"])
        );
    }
    file
}

fn text(file: &str) -> String {
    fs::read_to_string(workspace_dir().join("packaging/terraform").join(file)).unwrap_or_default()
}

#[test]
fn the_terraform_module_has_every_parameter_and_output_of_the_template() {
    for (file, wanted) in [("variables.tf", variables()), ("outputs.tf", outputs())] {
        if text(file) != wanted && std::env::var_os("BOOK").is_some_and(|value| value == "overwrite") {
            fs::write(workspace_dir().join("packaging/terraform").join(file), &wanted).unwrap();
        }
        assert!(
            text(file) == wanted,
            "packaging/terraform/{file} differs from the template. A new parameter or output? Run: {AGAIN}"
        );
    }
}

/// The bodies of the blocks of a kind, by label.
fn blocks(body: &Body, kind: &str) -> Vec<(String, Body)> {
    let of_kind = body.blocks().filter(|block| block.identifier() == kind);
    let label = |block: &hcl::Block| block.labels().iter().map(|label| label.as_str().to_owned()).collect::<Vec<_>>();
    of_kind.map(|block| (label(block).join("."), block.body().clone())).collect()
}

fn attribute(body: &Body, key: &str) -> Value {
    let found = body.attributes().find(|attribute| attribute.key() == key).unwrap();
    serde_json::to_value(found.expr()).unwrap()
}

#[test]
fn terraform_reads_what_the_template_says() {
    let files = ["main.tf", "variables.tf", "outputs.tf"].map(text);
    let module: Body = hcl::parse(&files.concat()).unwrap();
    let variables = blocks(&module, "variable");
    let names: BTreeSet<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), variables.len(), "no variable twice");
    for (name, parameter) in template()["Parameters"].as_object().unwrap() {
        let (_, body) = variables.iter().find(|(variable, _)| *variable == snake(name)).expect(AGAIN);
        if BY_HAND.contains(&name.as_str()) {
            assert_eq!(attribute(body, "default"), Value::Null, "{name}");
            continue;
        }
        assert_eq!(attribute(body, "default"), parameter["Default"], "{name}");
        assert_eq!(attribute(body, "description"), parameter["Description"], "{name}");
        if let Some(allowed) = parameter.get("AllowedValues") {
            let (_, validation) = &blocks(body, "validation")[0];
            let condition = attribute(validation, "condition").to_string();
            for value in allowed.as_array().unwrap() {
                let value = value.to_string().replace('"', "\\\"");
                assert!(condition.contains(&value), "{name} may be {value}: {condition}");
            }
        }
    }
    let outputs: BTreeSet<String> = blocks(&module, "output").into_iter().map(|(name, _)| name).collect();
    assert_eq!(outputs, template()["Outputs"].as_object().unwrap().keys().map(|name| snake(name)).collect());
    // Every variable that is used is declared, and the other way round.
    let used: BTreeSet<String> = files
        .iter()
        .flat_map(|file| file.split("var.").skip(1))
        .map(|rest| rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect())
        .collect();
    assert_eq!(used, names.into_iter().map(str::to_owned).collect());
}

#[test]
fn the_book_s_examples_fit_module_and_example() {
    let page = fs::read_to_string(workspace_dir().join("docs/book/src/as-code.md")).unwrap();
    let of_kind = |kind: &str| -> String {
        let fence = format!("```{kind}\n");
        page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
    };
    let shown: Body = hcl::parse(&of_kind("hcl")).unwrap();
    let module: Body = hcl::parse(&["main.tf", "variables.tf", "outputs.tf"].map(text).concat()).unwrap();
    let (_, call) = &blocks(&shown, "module")[0];
    let version = format!("/v{0}/ssmbak-{0}-as-code.tar.gz//ssmbak-{0}-as-code/terraform", env!("CARGO_PKG_VERSION"));
    for argument in call.attributes() {
        match argument.key() {
            "source" => assert!(argument.expr().to_string().contains(&version), "{}", argument.expr()),
            key => assert!(blocks(&module, "variable").iter().any(|(name, _)| name == key), "{key}"),
        }
    }
    let stack = blocks(&shown, "import").iter().map(|(_, body)| attribute(body, "to").to_string()).collect::<String>();
    assert!(stack.contains("module.ssmbak.aws_cloudformation_stack.this"), "{stack}");
    assert!(blocks(&module, "resource").iter().any(|(label, _)| label == "aws_cloudformation_stack.this"));
    let app = fs::read_to_string(workspace_dir().join("packaging/cdk/app.js")).unwrap();
    assert!(app.contains(&of_kind("js")), "the page shows packaging/cdk/app.js");
}

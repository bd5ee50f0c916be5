//! What is allowed: what the function calls, and nothing by a wildcard.

use serde_json::{Value, json};

use crate::conditions::combinations;
use crate::tree::{resolved, rights, statements};

#[test]
fn the_function_may_do_what_it_does_and_nothing_else() {
    let rights: Vec<Value> = rights(&resolved(&[]))
        .iter()
        .map(|statement| json!([statement["Action"], statement["Resource"], statement["Condition"]]))
        .collect();
    insta::assert_json_snapshot!(rights);
}

#[test]
fn nothing_is_allowed_by_a_wildcard() {
    let unbounded = ["ssm:DescribeParameters", "tag:GetResources"];
    for values in combinations() {
        let template = resolved(&values);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let inline = resource["Properties"]["Policies"].as_array().into_iter().flatten();
            let inline = inline.map(|policy| &policy["PolicyDocument"]);
            let documents = inline.chain(resource["Properties"].get("PolicyDocument"));
            for statement in documents.flat_map(statements).filter(|statement| statement["Effect"] == "Allow") {
                for action in statement["Action"].as_array().unwrap() {
                    let action = action.as_str().unwrap();
                    assert!(action.contains(':') && !action.contains('*'), "{id}: {action}");
                    let anywhere = statement["Resource"] == json!(["*"]);
                    assert!(!anywhere || unbounded.contains(&action), "{id}: {action} on everything");
                }
            }
        }
    }
}

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
    let unbounded = ["ec2:DescribeImages", "ssm:DescribeParameters", "sts:GetCallerIdentity", "tag:GetResources"];
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

/// In aws-cn `AWS::URLSuffix` is amazonaws.com.cn, which `kms:ViaService` never holds.
#[test]
fn kms_conditions_name_services_alike_in_every_partition() {
    for values in combinations() {
        let rights = rights(&resolved(&values));
        let via: Vec<_> = rights.iter().map(|right| &right["Condition"]["StringEquals"]["kms:ViaService"]).collect();
        let via: Vec<_> = via.into_iter().filter(|via| !via.is_null()).collect();
        assert!(!via.is_empty());
        for service in via {
            let service = service["Fn::Sub"].as_str().unwrap();
            assert!(service.ends_with(".${AWS::Region}.amazonaws.com"), "{service}");
        }
    }
}

/// CloudFormation asks for CAPABILITY_NAMED_IAM as soon as one has a name.
#[test]
fn iam_resources_have_no_names_of_their_own() {
    for values in combinations() {
        for (id, resource) in resolved(&values)["Resources"].as_object().unwrap() {
            for name in ["RoleName", "ManagedPolicyName", "InstanceProfileName", "UserName", "GroupName"] {
                assert!(resource["Properties"].get(name).is_none(), "{id} has a {name}");
            }
        }
    }
}

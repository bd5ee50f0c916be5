use super::super::Instance;
use super::*;
use crate::stack::Parameter;
use crate::template::{MANAGED_TAG, TEMPLATE};

fn own(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn targets(units: &[&str], accounts: &[&str], regions: &[&str]) -> Targets {
    Targets { organizational_units: own(units), accounts: own(accounts), regions: own(regions) }
}

fn code(key: &str) -> SharedCode {
    SharedCode { bucket_prefix: "prefix".to_owned(), key: key.to_owned(), architecture: Architecture::Arm64 }
}

fn asked(operation: Operation, targets: Targets) -> Asked<'static> {
    Asked { operation, targets, template: TEMPLATE, code: code("key"), settings: &[], tags: &[] }
}

fn instance(unit: &str, account: &str, region: &str) -> Instance {
    Instance {
        account: account.to_owned(),
        region: region.to_owned(),
        organizational_unit: unit.to_owned(),
        status: "CURRENT".to_owned(),
        last_outcome: "SUCCEEDED".to_owned(),
        ..Instance::default()
    }
}

/// What a plan for the same code leaves behind.
fn deployed(instances: &[Instance]) -> Deployed {
    let plan = decide("s", "r", None, &asked(Operation::Create, targets(&["ou-a"], &[], &["r1"]))).unwrap();
    let parameter = |(key, value): (String, String)| Parameter { key, value };
    Deployed {
        is_service_managed: true,
        auto_deployment: true,
        parameters: plan.parameters.into_iter().map(parameter).collect(),
        tags: plan.tags,
        template: TEMPLATE.to_owned(),
        instances: instances.to_vec(),
        ..Deployed::default()
    }
}

fn update(found: &Deployed, asked_targets: Targets) -> Plan {
    decide("s", "r", Some(found), &asked(Operation::Update, asked_targets)).unwrap()
}

#[test]
fn a_new_stack_set_goes_everywhere_in_one_operation() {
    let everywhere = targets(&["ou-a", "ou-b"], &[], &["r1", "r2"]);
    let plan = decide("s", "r", None, &asked(Operation::Create, everywhere.clone())).unwrap();
    assert_eq!((plan.set, plan.additions), (SetChange::Create, vec![everywhere]));
    assert!(plan.auto_deployment);
    assert_eq!(plan.regions, ["r1", "r2"]);
    let value = |key: &str| plan.parameters.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    assert_eq!((value("CodeBucket"), value("CodeBucketRegional")), (Some("prefix"), Some("true")));
    assert_eq!(value("RetentionDays"), None, "the template's default");
    assert_eq!(plan.tags, [(MANAGED_TAG.0.to_owned(), MANAGED_TAG.1.to_owned())]);
}

#[test]
fn named_accounts_are_the_only_ones() {
    let plan = decide("s", "r", None, &asked(Operation::Create, targets(&["ou-a"], &["1"], &["r1"]))).unwrap();
    assert!(!plan.auto_deployment);
    assert_eq!(plan.additions[0].accounts, ["1"]);
}

#[test]
fn what_is_current_is_kept_and_only_what_is_missing_is_added() {
    let found = deployed(&[instance("ou-a", "1", "r1"), instance("ou-b", "2", "r1"), instance("ou-a", "1", "r2")]);
    assert!(update(&found, Targets::default()).is_nothing());
    let plan = update(&found, targets(&["ou-a", "ou-b"], &[], &["r1", "r2", "r3"]));
    assert_eq!(plan.set, SetChange::Keep);
    assert_eq!(plan.additions, [targets(&["ou-b"], &[], &["r2"]), targets(&["ou-a", "ou-b"], &[], &["r3"])]);
    let plan = update(&found, targets(&[], &[], &["r3"]));
    assert_eq!(plan.additions, [targets(&["ou-a", "ou-b"], &[], &["r3"])], "the units that it has");
    let plan = update(&found, targets(&["ou-c"], &[], &[]));
    assert_eq!(plan.additions, [targets(&["ou-c"], &[], &["r1", "r2"])], "the regions that it has");
    assert!(update(&found, targets(&["ou-a"], &["1"], &["r1"])).is_nothing());
    let plan = update(&found, targets(&["ou-a"], &["1", "9"], &["r1"]));
    assert_eq!(plan.additions, [targets(&["ou-a"], &["1", "9"], &["r1"])]);
}

#[test]
fn an_update_says_why() {
    let mut found = deployed(&[instance("ou-a", "1", "r1"), instance("ou-a", "2", "r1")]);
    found.instances[1].last_outcome = "FAILED".to_owned();
    assert_eq!(update(&found, Targets::default()).set, SetChange::Update(vec![Reason::NotCurrent(1)]));
    found.template.push_str("Outputs: {}");
    found.parameters.retain(|parameter| parameter.key != "CodeKey");
    found.parameters.push(Parameter { key: "RetentionDays".to_owned(), value: "30".to_owned() });
    let settings = [("RetentionDays".to_owned(), "7".to_owned())];
    let tags = [("team".to_owned(), "ops".to_owned())];
    let asked = Asked { settings: &settings, tags: &tags, ..asked(Operation::Update, Targets::default()) };
    let plan = decide("s", "r", Some(&found), &asked).unwrap();
    let all = vec![Reason::Template, Reason::Code, Reason::Parameters, Reason::Tags, Reason::NotCurrent(1)];
    assert_eq!(plan.set, SetChange::Update(all));
    assert_eq!((plan.changes.len(), plan.changes[0].expires_after()), (1, Some(7)));
}

#[test]
fn values_and_tags_that_nobody_asks_for_stay() {
    let mut found = deployed(&[instance("ou-a", "1", "r1")]);
    found.parameters.push(Parameter { key: "RetentionDays".to_owned(), value: "30".to_owned() });
    found.tags.push(("team".to_owned(), "ops".to_owned()));
    let plan = update(&found, Targets::default());
    assert!(plan.is_nothing(), "{plan:?}");
    assert!(plan.parameters.contains(&("RetentionDays".to_owned(), "30".to_owned())));
    assert!(plan.tags.contains(&("team".to_owned(), "ops".to_owned())));
}

#[test]
fn refuses_what_cannot_be() {
    let code = |operation, found: Option<&Deployed>, targets: Targets, settings: &[(String, String)]| {
        let asked = Asked { settings, ..asked(operation, targets) };
        decide("s", "r", found, &asked).map(|plan| plan.set).map_err(|error| error.code().to_owned())
    };
    let there = || targets(&["ou-a"], &[], &["r1"]);
    let found = deployed(&[instance("ou-a", "1", "r1")]);
    let foreign = Deployed { tags: Vec::new(), ..found.clone() };
    let empty = deployed(&[]);
    let error = |code: &str| Err(code.to_owned());
    assert_eq!(code(Operation::Update, None, there(), &[]), error("StackSetMissing"));
    assert_eq!(code(Operation::Create, Some(&found), there(), &[]), error("StackSetExists"));
    assert_eq!(code(Operation::Update, Some(&foreign), there(), &[]), error("StackSetForeign"));
    assert_eq!(code(Operation::Update, Some(&empty), Targets::default(), &[]), error("StackSetTargets"));
    // A creation that was refused its stacks goes on.
    assert_eq!(code(Operation::Create, Some(&empty), there(), &[]), Ok(SetChange::Keep));
    let vault = [("VaultBucketArn".to_owned(), "arn:aws:s3:::v".to_owned())];
    assert_eq!(code(Operation::Create, None, there(), &vault), error("StackSetParameter"));
}

#[test]
fn a_deletion_names_the_units_that_have_stacks() {
    let found = deployed(&[instance("ou-a", "1", "r1"), instance("ou-b", "2", "r1"), instance("ou-a", "1", "r2")]);
    assert_eq!(occupied(&found), [targets(&["ou-a", "ou-b"], &[], &["r1"]), targets(&["ou-a"], &[], &["r2"])]);
}

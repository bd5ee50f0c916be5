use crate::unknown::ReasonCode;
use std::collections::BTreeMap;

use super::*;
use crate::testing::at;

fn details() -> Details {
    Details {
        tier: Some("Standard".to_owned()),
        data_type: Some("text".to_owned()),
        tags: Some(BTreeMap::new()),
        ..Details::new(3, at("12:00:00"))
    }
}

fn recorded(value: &str) -> RecordedParameter {
    RecordedParameter {
        modified: at("12:00:00"),
        version_id: "v".to_owned(),
        value: ParameterValue::new(value),
        parameter_type: ParameterType::String,
        description: Description::exact(None),
        details: Some(details()),
    }
}

fn present(value: &str) -> PresentParameter {
    PresentParameter {
        parameter: CurrentParameter {
            name: ParameterName::parse("/a").unwrap(),
            spelling: "/a".to_owned(),
            parameter_type: ParameterType::String,
            description: None,
            details: Details { version: 9, modified: at("13:00:00"), ..details() },
        },
        value: ParameterValue::new(value),
    }
}

fn plan(target: Target, now: Present, options: PlanOptions) -> Plan {
    let mut plan = Plan::default();
    plan.add(ParameterName::parse("/a").unwrap(), target, now, options);
    plan.sort();
    plan
}

fn held(value: RecordedParameter) -> Target {
    Target::Held(Box::new(value))
}

fn exists(value: PresentParameter) -> Present {
    Present::Exists(Box::new(value))
}

#[test]
fn every_pair_of_states_has_its_verdict() {
    let absent = || Target::Absent(Absence::Deleted(at("11:00:00")));
    let unknown = || Target::Unknown(UnknownReason::nothing_recorded());
    let options = PlanOptions::default();
    let verdict = |target: Target, now: Present| {
        let plan = plan(target, now, options);
        let actions: Vec<&str> = plan.changes.iter().map(Change::action_name).collect();
        (actions.join(","), plan.unchanged, plan.unknown.len())
    };
    assert_eq!(verdict(held(recorded("a")), Present::Missing), ("create".to_owned(), 0, 0));
    assert_eq!(verdict(held(recorded("a")), exists(present("b"))), ("update".to_owned(), 0, 0));
    assert_eq!(verdict(held(recorded("a")), exists(present("a"))), (String::new(), 1, 0));
    assert_eq!(verdict(absent(), exists(present("a"))), ("delete".to_owned(), 0, 0));
    assert_eq!(verdict(absent(), Present::Missing), (String::new(), 0, 0));
    assert_eq!(verdict(unknown(), exists(present("a"))), (String::new(), 0, 1));
    assert_eq!(verdict(unknown(), Present::Missing), (String::new(), 0, 1));
    assert_eq!(
        verdict(held(recorded("a")), Present::Unreadable(UnknownReason::new(ReasonCode::KeyUnusable, "key"))),
        (String::new(), 0, 1)
    );
}

const EXPIRED: &str = r#"{"Type":"Expiration","Attributes":{"Timestamp":"2026-03-01T12:30:00Z"}}"#;

#[test]
fn passed_expiration_policy_is_left_out_and_the_plan_says_so() {
    let with_policy = || {
        let mut to = recorded("a");
        let details = to.details.as_mut().unwrap();
        (details.tier, details.policies) = (Some("Advanced".to_owned()), vec![EXPIRED.to_owned()]);
        to
    };
    let policies = |plan: &Plan| plan.changes[0].recorded().unwrap().details.as_ref().unwrap().policies.len();
    let said = |plan: &Plan| plan.warnings.iter().any(|said| said.contains("expiration policy of /a is left out"));
    let later = PlanOptions { now: Some(at("13:00:00")), ..PlanOptions::default() };
    for now in [Present::Missing, exists(present("b"))] {
        let expired = plan(held(with_policy()), now.clone(), later);
        assert_eq!((policies(&expired), said(&expired)), (0, true), "{:?}", expired.warnings);
        let ahead = PlanOptions { now: Some(at("12:00:00")), ..PlanOptions::default() };
        let kept = plan(held(with_policy()), now, ahead);
        assert_eq!((policies(&kept), said(&kept)), (1, false));
    }
    // Once it is restored without the policy, nothing is left to do, and nothing to say.
    let mut restored = present("a");
    restored.parameter.details.tier = Some("Advanced".to_owned());
    let again = plan(held(with_policy()), exists(restored), later);
    assert_eq!((again.changes.len(), again.warnings.len()), (0, 0), "{again:?}");
}

#[test]
fn value_or_policies_that_need_advanced_are_put_so_and_the_plan_says_so() {
    let long = || RecordedParameter { details: None, ..recorded(&"x".repeat(4097)) };
    let said = |target: RecordedParameter, now: Present| plan(held(target), now, PlanOptions::default()).warnings;
    let expected =
        ["/a is put into the Advanced tier, which is charged for: its value is longer than 4,096 characters"];
    assert_eq!(said(long(), Present::Missing), expected);
    assert_eq!(said(long(), exists(present("b"))), expected);
    let mut advanced = present("b");
    advanced.parameter.details.tier = Some("Advanced".to_owned());
    assert_eq!(said(long(), exists(advanced)), [""; 0], "it is there already");
    let mut with_policy = recorded("a");
    with_policy.details.as_mut().unwrap().policies = vec![r#"{"Type":"NoChangeNotification"}"#.to_owned()];
    let raised = plan(held(with_policy), exists(present("a")), PlanOptions::default());
    let Action::Update { to, fields, .. } = &raised.changes[0].action else { panic!("{raised:?}") };
    assert_eq!(*fields, [Field::Policies]);
    assert_eq!(to.details.as_ref().unwrap().tier.as_deref(), Some("Standard"), "as it was recorded");
    assert!(raised.warnings[0].ends_with("it has policies"), "{:?}", raised.warnings);
}

#[test]
fn no_delete_leaves_what_came_later() {
    let options = PlanOptions { keep_new: true, ..PlanOptions::default() };
    let plan = plan(Target::Absent(Absence::NotYetCreated(at("14:00:00"))), exists(present("a")), options);
    assert_eq!((plan.changes.len(), plan.unchanged), (0, 1));
}

#[test]
fn every_attribute_is_compared_on_its_own() {
    let with = |change: fn(&mut RecordedParameter, &mut PresentParameter)| {
        let (mut to, mut from) = (recorded("a"), present("a"));
        change(&mut to, &mut from);
        changed_fields(&to, &from).iter().map(|field| field.as_str()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(with(|_, _| {}), "");
    assert_eq!(with(|to, _| to.value = ParameterValue::new("a\n")), "Value");
    assert_eq!(with(|to, _| to.parameter_type = ParameterType::SecureString), "Type");
    assert_eq!(with(|to, _| to.description = Description::exact(Some("x".to_owned()))), "Description");
    assert_eq!(with(|_, from| from.parameter.description = Some("x".to_owned())), "Description");
    assert_eq!(with(|to, _| to.details.as_mut().unwrap().tier = Some("Advanced".to_owned())), "Tier");
    assert_eq!(with(|to, _| to.details.as_mut().unwrap().data_type = Some("aws:ec2:image".to_owned())), "DataType");
    assert_eq!(with(|to, _| to.details.as_mut().unwrap().allowed_pattern = Some("^a".to_owned())), "AllowedPattern");
    assert_eq!(with(|to, _| to.details.as_mut().unwrap().policies = vec!["{}".to_owned()]), "Policies");
    assert_eq!(
        with(|to, _| to.details.as_mut().unwrap().tags = Some(BTreeMap::from([("k".to_owned(), "v".to_owned())]))),
        "Tags"
    );
    assert_eq!(
        with(|to, from| {
            to.parameter_type = ParameterType::SecureString;
            from.parameter.parameter_type = ParameterType::SecureString;
            to.details.as_mut().unwrap().key_id = Some("alias/a".to_owned());
            from.parameter.details.key_id = Some("alias/b".to_owned());
        }),
        "KeyId"
    );
}

#[test]
fn spellings_of_the_same_are_no_difference() {
    let (mut to, mut from) = (recorded("a"), present("a"));
    to.details.as_mut().unwrap().policies = vec![r#"{"Type":"NoChangeNotification","Version":"1.0"}"#.to_owned()];
    from.parameter.details.policies = vec![r#"{ "Version": "1.0", "Type": "NoChangeNotification" }"#.to_owned()];
    to.details.as_mut().unwrap().data_type = None;
    from.parameter.details.allowed_pattern = Some(String::new());
    from.parameter.description = Some(String::new());
    assert_eq!(changed_fields(&to, &from), []);
}

#[test]
fn a_sanitised_description_is_no_difference_for_ever() {
    let (mut to, mut from) = (recorded("a"), present("a"));
    let full = "für \"Ümläute\" & mehr; ".repeat(40);
    to.details = None;
    to.description = Description { text: Some(crate::record::tags::sanitise(&full)), sanitised: true };
    from.parameter.description = Some(full);
    assert_eq!(changed_fields(&to, &from), []);
    from.parameter.description = Some("another".to_owned());
    assert_eq!(changed_fields(&to, &from), [Field::Description]);
}

#[test]
fn what_the_original_did_not_record_is_not_compared() {
    let (mut to, mut from) = (recorded("a"), present("a"));
    to.details = None;
    from.parameter.details.tier = Some("Advanced".to_owned());
    from.parameter.details.policies = vec!["{}".to_owned()];
    assert_eq!(changed_fields(&to, &from), []);
}

#[test]
fn a_tier_is_not_lowered_and_said_so() {
    let mut from = present("a");
    from.parameter.details.tier = Some("Advanced".to_owned());
    let plan = plan(held(recorded("a")), exists(from), PlanOptions::default());
    assert_eq!((plan.changes.len(), plan.unchanged, plan.warnings.len()), (0, 1, 1));
}

#[test]
fn debug_output_holds_no_value() {
    let plan = plan(held(recorded("s3cret")), exists(present("hunter2")), PlanOptions::default());
    let shown = format!("{plan:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn parameter_of_the_pipeline_is_never_changed() {
    for (name, rows) in
        [("/newvoll/ssmbak/bucketname", 0), ("/newvoll/ssmbak/drill-1/0001", 3), ("/newvoll/ssmbakery", 3)]
    {
        let mut plan = Plan::default();
        let mut add = |target, now| plan.add(ParameterName::parse(name).unwrap(), target, now, PlanOptions::default());
        add(Target::Absent(Absence::NotYetCreated(at("14:00:00"))), exists(present("a")));
        add(held(recorded("a")), exists(present("b")));
        add(held(recorded("a")), Present::Missing);
        plan.sort();
        assert_eq!((plan.changes.len(), plan.warnings.len()), (rows, usize::from(rows == 0)), "{plan:?}");
    }
}

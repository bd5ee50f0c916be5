use super::*;
use crate::parameter::{Description, ParameterType, ParameterValue};
use crate::plan::{Field, PresentParameter, UnknownName};
use crate::testing::at;
use crate::unknown::{ReasonCode, UnknownReason};

const SECRET: &str = "hunter2-hunter2";

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn details(version: u64) -> Details {
    Details {
        tier: Some("Standard".to_owned()),
        tags: Some([("team".to_owned(), "blue".to_owned())].into()),
        ..Details::new(version, at("12:00:00"))
    }
}

fn recorded() -> RecordedParameter {
    RecordedParameter {
        modified: at("12:00:00"),
        version_id: "v1".to_owned(),
        value: ParameterValue::new(SECRET),
        parameter_type: ParameterType::SecureString,
        description: Description::exact(None),
        details: Some(details(3)),
    }
}

fn present(of: &str) -> PresentParameter {
    PresentParameter {
        parameter: CurrentParameter {
            name: name(of),
            spelling: of.to_owned(),
            parameter_type: ParameterType::SecureString,
            description: None,
            details: details(9),
        },
        value: ParameterValue::new(SECRET),
    }
}

fn update(of: &str, change: impl FnOnce(&mut RecordedParameter, &mut PresentParameter, &mut Vec<Field>)) -> Change {
    let (mut to, mut from, mut fields) = (recorded(), present(of), vec![Field::Value]);
    change(&mut to, &mut from, &mut fields);
    Change { name: name(of), action: Action::Update { to: Box::new(to), from: Box::new(from), fields } }
}

fn create(of: &str) -> Change {
    Change { name: name(of), action: Action::Create(Box::new(recorded())) }
}

fn delete(of: &str, because: Absence) -> Change {
    Change { name: name(of), action: Action::Delete { from: Box::new(present(of)), because } }
}

fn saved(changes: Vec<Change>) -> SavedPlan {
    let place = Place { bucket: "b".to_owned(), region: "eu-west-1".to_owned(), account: None };
    let question = Query {
        paths: vec!["/".to_owned()],
        recursive: true,
        at: "2026-01-01T00:00:00Z".to_owned(),
        ..Query::default()
    };
    SavedPlan::new(place, question, &Plan { changes, ..Plan::default() }, at("13:00:00"))
}

fn everything() -> SavedPlan {
    let gone = Absence::Deleted(at("11:00:00"));
    saved(vec![create("/a"), update("/b", |_, _, _| {}), delete("/c", gone)])
}

#[test]
fn a_plan_survives_its_file_which_holds_no_value() {
    let plan = everything();
    let text = plan.encode();
    assert_eq!(SavedPlan::decode(text.as_bytes()), Ok(plan));
    assert!(!text.contains(SECRET), "{text}");
    let hash: String = Sha256::digest(SECRET.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!text.contains(&hash), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_value_has_no_part_in_any_hash() {
    let other = |to: &mut RecordedParameter, from: &mut PresentParameter, _: &mut Vec<Field>| {
        to.value = ParameterValue::new("another");
        from.value = ParameterValue::new("yet another");
    };
    assert_eq!(saved(vec![update("/b", |_, _, _| {})]), saved(vec![update("/b", other)]));
}

#[test]
fn whatever_is_no_whole_plan_is_told_apart() {
    let text = everything().encode();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let told = |content: &[u8]| SavedPlan::decode(content).map_err(|error| error.to_string()).unwrap_err();
    let foreign = "it is no plan of ssmbak";
    for other in ["", " ", "hello", "[]", "{}", "null", "7", "{\"SchemaVersion\":1}", "\u{0}", "größe"] {
        assert_eq!(told(other.as_bytes()), foreign, "{other:?}");
    }
    assert_eq!(told(b"\xff\xfe{}"), foreign);
    assert_eq!(told(with("RestorePlan", "Backup").as_bytes()), foreign);
    assert_eq!(
        told(with("\"SchemaVersion\": 1", "\"SchemaVersion\": 2").as_bytes()),
        "it was written by a newer ssmbak (schema version 2); update this command"
    );
    assert_eq!(
        told(with("\"SchemaVersion\": 1", "\"SchemaVersion\": 0").as_bytes()),
        "it is damaged: its schema version is none"
    );
    for end in [1, text.len() / 2, text.len() - 3] {
        assert_eq!(told(&text.as_bytes()[..end]), "it is damaged: it ends in the middle", "{end}");
    }
    for (damaged, why) in [
        (with("2026-01-01T00:00:00Z", "now"), "its time cannot be read"),
        (with("\"/\"", "\"a/b\""), "its paths cannot be read"),
        (with("\"Paths\": [\n      \"/\"\n    ]", "\"Paths\": []"), "its paths cannot be read"),
        (with("\"Name\": \"/a\"", "\"Name\": \"/z\""), "its rows are not those of one plan"),
        (with("\"Name\": \"/a\"", "\"Name\": \"/b\""), "its rows are not those of one plan"),
        (with("\"create\"", "\"delete\""), "its rows are not those of one plan"),
        (with("\"create\"", "\"destroy\""), "its rows are not those of one plan"),
    ] {
        assert_eq!(told(damaged.as_bytes()), format!("it is damaged: {why}"));
    }
    assert!(told(with("\"Name\": \"/a\"", "\"Name\": \"/ä\"").as_bytes()).starts_with("it is damaged: line "));
    assert_eq!(SavedPlan::decode(&vec![b' '; MAX_BYTES as usize + 1]), Err(SavedPlanError::TooLarge));
}

#[test]
fn a_plan_is_stale_row_by_row() {
    let told = |then: Vec<Change>, now: Vec<Change>, unknown: &[UnknownName]| -> Vec<String> {
        differences(&saved(then).changes, &saved(now).changes, unknown)
            .into_iter()
            .map(|difference| format!("{}: {}", difference.name, difference.reason))
            .collect()
    };
    let all = || vec![create("/a"), update("/b", |_, _, _| {}), delete("/c", Absence::Deleted(at("11:00:00")))];
    assert!(told(all(), all(), &[]).is_empty());
    let one = |change: fn(&mut RecordedParameter, &mut PresentParameter, &mut Vec<Field>)| {
        told(vec![update("/b", |_, _, _| {})], vec![update("/b", change)], &[])
    };
    for (rows, expected) in [
        (told(vec![create("/a")], vec![], &[]), "/a: to create in the plan, and no change now"),
        (
            told(
                vec![create("/a")],
                vec![],
                &[UnknownName { name: name("/a"), reason: UnknownReason::new(ReasonCode::Expired, "it is lost") }],
            ),
            "/a: to create in the plan, and now not known: it is lost",
        ),
        (told(vec![], vec![create("/a")], &[]), "/a: not in the plan, and now to create"),
        (
            told(vec![create("/b")], vec![update("/b", |_, _, _| {})], &[]),
            "/b: to create in the plan, and now to update",
        ),
        (
            one(|_, from, _| from.parameter.details.version = 10),
            "/b: it was version 9 of 2026-03-01T12:00:00Z, and is version 10 of 2026-03-01T12:00:00Z",
        ),
        (
            one(|_, from, _| from.parameter.details.modified = at("12:00:01")),
            "/b: it was version 9 of 2026-03-01T12:00:00Z, and is version 9 of 2026-03-01T12:00:01Z",
        ),
        (
            one(|_, from, _| from.parameter.details.tags = None),
            "/b: its tags or other attributes have changed in Parameter Store",
        ),
        (
            one(|to, _, _| to.version_id = "v2".to_owned()),
            "/b: the bucket had it as of 2026-03-01T12:00:00Z (version v1), and has it as of 2026-03-01T12:00:00Z (version v2)",
        ),
        (
            one(|to, _, _| to.description = Description::exact(Some("x".to_owned()))),
            "/b: what the bucket says of the version to restore has changed",
        ),
        (one(|_, _, fields| fields.push(Field::Tags)), "/b: to change Value in the plan, and now Value, Tags"),
        (
            told(
                vec![delete("/c", Absence::Deleted(at("11:00:00")))],
                vec![delete("/c", Absence::NotYetCreated(at("12:00:00")))],
                &[],
            ),
            "/c: the bucket said deleted at 2026-03-01T11:00:00Z, and says first version at 2026-03-01T12:00:00Z",
        ),
    ] {
        assert_eq!(rows, [expected]);
    }
}

#[test]
fn digest_of_attributes_is_that_of_older_plan_files() {
    let details = Details {
        tier: Some("Standard".to_owned()),
        policies: vec!["{}".to_owned()],
        tags: Some([("a".to_owned(), "b".to_owned())].into()),
        ..details(1)
    };
    let details = Details { data_type: None, key_id: None, allowed_pattern: None, ..details };
    let digest = digest("String", None, Some(&details));
    assert_eq!(digest, "1dbaab9b276e31b6134103e5441e28c9e306abd1f120f9c51a30273f39c92eda");
}

use super::*;
use crate::parameter::{Description, ParameterType, ParameterValue};
use crate::plan::{Action, Change, RecordedParameter};
use crate::testing::at;

fn record() -> RestoreRecord {
    let to = RecordedParameter {
        modified: at("12:00:00"),
        version_id: "v1".to_owned(),
        value: ParameterValue::new("hunter2-hunter2"),
        parameter_type: ParameterType::SecureString,
        description: Description::exact(None),
        details: None,
    };
    let create =
        |name: &str| Change { name: ParameterName::parse(name).unwrap(), action: Action::Create(Box::new(to.clone())) };
    let plan = Plan { changes: ["/a", "/b", "/c", "/d"].map(create).into(), ..Plan::default() };
    let draft = RestoreDraft {
        id: RestoreId::new(at("13:00:00"), 0x4f_3a9c),
        place: Place {
            bucket: "b".to_owned(),
            region: "eu-west-1".to_owned(),
            account: Some("123456789012".to_owned()),
        },
        author: Some("arn:aws:iam::123456789012:user/jo".to_owned()),
        question: Query {
            paths: vec!["/".to_owned()],
            recursive: true,
            at: "2026-01-01T00:00:00Z".to_owned(),
            ..Query::default()
        },
        undoes: None,
    };
    RestoreRecord::begin(draft, &plan, at("13:00:00"), at("13:00:01"))
}

#[test]
fn a_record_survives_the_bucket_and_holds_no_value() {
    let mut record = record();
    let outcomes = [Some(RowOutcome::Done), Some(RowOutcome::Failed), Some(RowOutcome::Skipped), None];
    for (change, outcome) in record.changes.iter_mut().zip(outcomes) {
        change.outcome = outcome;
    }
    record.state = RestoreState::Stopped;
    record.finished = Some(at("13:00:09"));
    let text = record.encode();
    assert_eq!(RestoreRecord::decode(&record.id.key(), text.as_bytes()), Ok(record));
    assert!(!text.contains("hunter2"));
    insta::assert_snapshot!(text, @r#"{"SchemaVersion":1,"Id":"20260301T130000000Z-4f3a9c","State":"stopped","Begun":"2026-03-01T13:00:01Z","Finished":"2026-03-01T13:00:09Z","Before":"2026-03-01T13:00:00Z","Bucket":"b","Region":"eu-west-1","Account":"123456789012","Author":"arn:aws:iam::123456789012:user/jo","Question":{"Paths":["/"],"Recursive":true,"At":"2026-01-01T00:00:00Z"},"Changes":[{"Action":"create","Name":"/a","VersionId":"v1","Before":{"Absent":true},"Touched":false,"Outcome":"done"},{"Action":"create","Name":"/b","VersionId":"v1","Before":{"Absent":true},"Touched":false,"Outcome":"failed"},{"Action":"create","Name":"/c","VersionId":"v1","Before":{"Absent":true},"Touched":false,"Outcome":"skipped"},{"Action":"create","Name":"/d","VersionId":"v1","Before":{"Absent":true},"Touched":false}]}"#);
}

#[test]
fn what_may_have_been_changed_can_be_undone() {
    let mut record = record();
    let names = |record: &RestoreRecord| record.touched().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(names(&record), "", "nothing has been written yet");
    record.changes[3].outcome = Some(RowOutcome::Failed);
    record.arm();
    assert_eq!(names(&record), "/a /b /c", "a restore that was killed may have written them");
    let outcomes = [RowOutcome::Done, RowOutcome::Failed, RowOutcome::Skipped, RowOutcome::Skipped];
    for (change, outcome) in record.changes.iter_mut().zip(outcomes) {
        (change.outcome, change.touched) = (Some(outcome), None);
    }
    assert_eq!(names(&record), "/a /b", "a record of an older format says it by its outcomes");
    let created = record.created();
    assert_eq!(
        created.iter().map(ParameterName::as_str).collect::<Vec<_>>(),
        ["/a"],
        "of what failed that is not known"
    );
    record.changes[0].action = "update".to_owned();
    assert!(record.created().is_empty());
    assert_eq!(record.count(RowOutcome::Skipped), 2);
}

#[test]
fn what_is_no_record_is_told() {
    let record = record();
    let (key, text) = (record.id.key(), record.encode());
    let decode = |content: &str| RestoreRecord::decode(&key, content.as_bytes());
    for other in ["", "x", "{}", "[]", "{\"SchemaVersion\":1}", &text[..text.len() - 1], &text.replace("/a", "/ä")] {
        assert_eq!(decode(other), Err(RestoreRecordError::Damaged), "{other}");
    }
    assert_eq!(decode(&text.replace("\"SchemaVersion\":1", "\"SchemaVersion\":9")), Err(RestoreRecordError::Newer(9)));
    assert_eq!(RestoreRecord::decode("ssmbak-restore/other", text.as_bytes()), Err(RestoreRecordError::Damaged));
    assert_eq!(RestoreRecord::decode(&key, b"\xff"), Err(RestoreRecordError::Damaged));
}

#[test]
fn names_sort_by_time_and_are_no_parameters() {
    let earlier = RestoreId::new(at("12:59:59"), u32::MAX);
    let later = RestoreId::new(at("13:00:00"), 0);
    assert!(earlier < later && earlier.as_str() < later.as_str());
    assert_eq!(RestoreId::parse(later.as_str()), Ok(later.clone()));
    assert_eq!(RestoreId::of_key(&later.key()), Some(later.clone()));
    assert!(ParameterName::parse(&later.key()).is_err());
    for text in ["", "a/b", "../x", "ä", "a b", "\u{1b}[2J", &"x".repeat(65)] {
        let error = RestoreId::parse(text).unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn record_of_an_older_format_stays_readable() {
    let record = record();
    let text = r#"{"SchemaVersion":1,"Id":"20260301T130000000Z-4f3a9c","State":"begun","Begun":"2026-03-01T13:00:01Z","Before":"2026-03-01T13:00:00Z","Bucket":"b","Region":"eu-west-1","Question":{"Paths":["/"],"Recursive":true,"At":"2026-01-01T00:00:00Z"},"Changes":[{"Action":"create","Name":"/a","VersionId":"v1"}]}"#;
    let read = RestoreRecord::decode(&record.id.key(), text.as_bytes()).unwrap();
    assert_eq!((&read.changes[0].before, &read.changes[0].after, read.changes[0].touched), (&None, &None, None));
    assert!(read.changes[0].is_touched());
    assert_eq!(read.encode(), text);
}

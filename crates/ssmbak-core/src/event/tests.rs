use super::*;
use crate::name::ParameterName;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn event() -> Value {
    json!({
        "version": "0",
        "id": "6a7e4feb-b491-4cf7-a9f1-bf3703497718",
        "detail-type": "Parameter Store Change",
        "source": "aws.ssm",
        "account": "123456789012",
        "time": "2017-05-22T16:43:48Z",
        "region": "us-east-1",
        "resources": ["arn:aws:ssm:us-east-1:123456789012:parameter/MyExampleParameter"],
        "detail": {"operation": "Update", "name": "MyExampleParameter", "type": "String", "description": "a: <b> é"}
    })
}

fn policy(policy_type: &str) -> Value {
    json!({
        "version": "0",
        "id": "1",
        "detail-type": "Parameter Store Policy Action",
        "source": "aws.ssm",
        "time": "2018-11-13T02:11:27Z",
        "detail": {"parameter-name": "/a/b", "parameter-type": "SecureString", "policy-type": policy_type}
    })
}

/// `event` with the field at `pointer` replaced, or removed for `Null`.
fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    event
}

fn read(event: &Value) -> Result<Notice, EventError> {
    parse_body(&event.to_string())
}

fn change(event: &Value) -> Change {
    match read(event).unwrap() {
        Notice::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

fn ignored(event: &Value) -> Ignored {
    match read(event).unwrap() {
        Notice::Ignored { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_published_sample_is_read() {
    let change = change(&event());
    assert_eq!(change.name, ParameterName::parse("/MyExampleParameter").unwrap());
    assert_eq!(change.operation, Operation::Update);
    assert_eq!(change.time, "2017-05-22T16:43:48Z".parse::<Timestamp>().unwrap());
    assert_eq!(change.id.as_deref(), Some("6a7e4feb-b491-4cf7-a9f1-bf3703497718"));
    assert_eq!(change.parameter_type.as_deref(), Some("String"));
    assert_eq!(change.description.as_deref(), Some("a: <b> é"));
    assert_eq!((change.region.as_deref(), change.account.as_deref()), (Some("us-east-1"), Some("123456789012")));
}

#[test]
fn a_message_of_our_own_asks_for_a_sweep() {
    assert_eq!(read(&json!({"ssmbak": "sweep"})), Ok(Notice::Sweep(None)));
    let progress = crate::sweep::Progress::start("2026-03-01T10:00:00Z".parse().unwrap());
    assert_eq!(parse_body(&progress.message()), Ok(Notice::Sweep(Some(Box::new(progress)))));
    assert_eq!(read(&json!({"ssmbak": "dance"})), Err(EventError::Own));
}

#[test]
fn every_operation_is_known() {
    for (text, operation) in [
        ("Create", Operation::Create),
        ("Update", Operation::Update),
        ("Delete", Operation::Delete),
        ("LabelParameterVersion", Operation::LabelParameterVersion),
        ("UnlabelParameterVersion", Operation::Other),
        ("delete", Operation::Other),
    ] {
        assert_eq!(change(&with(event(), "/detail/operation", json!(text))).operation, operation, "{text}");
    }
}

#[test]
fn policy_actions_are_read() {
    for (text, operation) in [
        ("Expiration", Operation::PolicyExpiration),
        ("ExpirationNotification", Operation::PolicyNotification),
        ("NoChangeNotification", Operation::PolicyNotification),
        ("SomethingNew", Operation::PolicyNotification),
    ] {
        let change = change(&policy(text));
        assert_eq!(change.operation, operation, "{text}");
        assert_eq!(change.name.as_str(), "/a/b");
        assert_eq!(change.parameter_type.as_deref(), Some("SecureString"));
    }
}

#[test]
fn an_expiration_that_failed_deleted_nothing() {
    let status = |status: &str| change(&with(policy("Expiration"), "/detail/action-status", json!(status))).operation;
    assert_eq!(status("SUCCESS"), Operation::PolicyExpiration);
    assert_eq!(status("Success"), Operation::PolicyExpiration);
    assert_eq!(status("FAILED"), Operation::PolicyNotification);
}

#[test]
fn what_may_be_missing_may_be_missing_or_odd() {
    for odd in [Value::Null, json!(7), json!(""), json!({"a": 1})] {
        let mut event = event();
        for field in ["/id", "/region", "/account", "/resources", "/version", "/detail/type", "/detail/description"] {
            event = with(event, field, odd.clone());
        }
        let change = change(&event);
        assert_eq!((change.id, change.region, change.account), (None, None, None));
        assert_eq!((change.parameter_type, change.description), (None, None));
    }
}

/// The original crashed on a fraction.
#[test]
fn fractional_and_offset_event_times_are_read() {
    for (text, same) in [
        ("2017-05-22T16:43:48.123Z", "2017-05-22T16:43:48.123Z"),
        ("2017-05-22T16:43:48.123456789Z", "2017-05-22T16:43:48.123456789Z"),
        ("2017-05-22T18:43:48+02:00", "2017-05-22T16:43:48Z"),
    ] {
        let time = change(&with(event(), "/time", json!(text))).time;
        assert_eq!(time, same.parse::<Timestamp>().unwrap());
    }
}

#[test]
fn a_bad_time_is_an_error() {
    for text in ["yesterday", "2017-05-22", "2017-05-22T16:43:48", "2017-13-22T16:43:48Z", "99999-01-01T00:00:00Z"] {
        assert_eq!(read(&with(event(), "/time", json!(text))), Err(EventError::Time), "{text}");
    }
}

#[test]
fn both_spellings_of_a_root_level_name_are_one() {
    let bare = change(&event());
    let slashed = change(&with(event(), "/detail/name", json!("/MyExampleParameter")));
    assert_eq!(bare, slashed);
}

#[test]
fn a_bad_name_is_an_error() {
    for text in ["a/b", "/a b", "/", "/a//b", "/a/", "/ключ"] {
        let result = read(&with(event(), "/detail/name", json!(text)));
        assert!(matches!(result, Err(EventError::Name(_))), "{text}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for (pointer, name) in [
        ("/source", "source"),
        ("/detail-type", "detail-type"),
        ("/time", "time"),
        ("/detail", "detail"),
        ("/detail/name", "detail.name"),
        ("/detail/operation", "detail.operation"),
    ] {
        for odd in [Value::Null, json!(7), json!([]), json!("")] {
            assert_eq!(read(&with(event(), pointer, odd)), Err(EventError::Without(name)));
        }
    }
    let policy = with(policy("Expiration"), "/detail/parameter-name", Value::Null);
    assert_eq!(read(&policy), Err(EventError::Without("detail.parameter-name")));
}

#[test]
fn an_exception_means_nothing_was_written() {
    for exception in [json!("not an image"), json!({"code": 1}), json!("")] {
        let reason = ignored(&with(event(), "/detail/exception", exception));
        assert_eq!(reason, Ignored::NothingWritten);
        assert!(!reason.is_warning());
    }
    let mut none = event();
    none["detail"]["exception"] = Value::Null;
    assert_eq!(change(&none).operation, Operation::Update);
}

#[test]
fn foreign_events_are_left_alone() {
    let source = ignored(&with(event(), "/source", json!("aws.s3")));
    let kind = ignored(&with(event(), "/detail-type", json!("EC2 Command Status-change Notification")));
    assert_eq!((source, kind), (Ignored::ForeignSource, Ignored::ForeignDetailType));
    assert!(source.is_warning() && kind.is_warning());
    // Nothing else is asked of them.
    let bare = json!({"source": "custom"});
    assert_eq!(ignored(&bare), Ignored::ForeignSource);
}

#[test]
fn what_is_not_an_event_is_an_error() {
    assert_eq!(parse_body(""), Err(EventError::NotJson { line: 1, column: 0 }));
    assert!(matches!(parse_body("{\"source\": "), Err(EventError::NotJson { .. })));
    assert!(matches!(parse_body("{} trailing"), Err(EventError::NotJson { .. })));
    assert!(matches!(parse_body(&"[".repeat(100_000)), Err(EventError::NotJson { .. })));
    assert!(matches!(parse_body("\"\\ud800\""), Err(EventError::NotJson { .. })));
    for body in ["[]", "null", "7", "\"text\"", "true"] {
        assert_eq!(parse_body(body), Err(EventError::NotAnObject), "{body}");
    }
    assert_eq!(parse_body("{}"), Err(EventError::Without("source")));
}

#[test]
fn nothing_that_was_delivered_is_repeated() {
    const SECRET: &str = "hunter2 ä!";
    let mut outputs = Vec::new();
    for pointer in ["/source", "/detail-type", "/time", "/detail/name", "/detail/operation", "/detail/description"]
        .into_iter()
        .chain(["/id", "/region", "/account", "/detail", "/detail/type", "/detail/exception", "/detail/value"])
    {
        match read(&with(event(), pointer, json!(SECRET))) {
            Ok(notice) => outputs.push(format!("{notice:?}")),
            Err(error) => outputs.push(format!("{error} {error:?}")),
        }
    }
    let error = parse_body(&format!("{{\"{SECRET}\": {SECRET}")).unwrap_err();
    outputs.push(format!("{error} {error:?}"));
    let delivery = Delivery::from_record(&json!({"messageId": "m", "body": SECRET})).unwrap();
    outputs.push(format!("{delivery:?}"));
    for output in outputs {
        assert!(!output.contains("hunter"), "{output}");
    }
}

#[test]
fn a_description_of_the_greatest_length_is_whole() {
    let long = "ü\n".repeat(512);
    let change = change(&with(event(), "/detail/description", json!(long)));
    assert_eq!(change.description.as_deref(), Some(long.as_str()));
}

#[test]
fn an_event_sent_to_the_function_directly_is_no_batch_but_can_be_read() {
    assert_eq!(records(&event()), Err(EventError::NoRecords));
    assert!(matches!(parse_event(&event()), Ok(Notice::Change(_))));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "aws\\.ssm|Parameter Store (Change|Policy Action)|Create|Delete|/a|2017-05-22T16:43:48Z".prop_map(Value::from),
    ];
    let key =
        "source|detail|detail-type|name|operation|time|id|Records|messageId|body|attributes|SentTimestamp|exception";
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(key, inner, 0..8).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = parse_body(&text);
    }

    #[test]
    fn arbitrary_json_never_panics(value in any_json()) {
        let _ = parse_body(&value.to_string());
        let _ = records(&value).map(|all| all.into_iter().map(Delivery::from_record).collect::<Vec<_>>());
        let _ = Delivery::from_record(&value);
    }

    #[test]
    fn an_event_with_any_one_field_replaced_never_panics(
        field in "/(source|detail|detail-type|time|id|region|detail/(name|operation|type|description|exception))",
        value in any_json(),
    ) {
        let _ = read(&with(event(), &field, value));
    }

    #[test]
    fn names_and_times_come_through(name in "(/[a-zA-Z0-9_.-]{1,20}){1,15}", second in 0i64..4_000_000_000) {
        let time = Timestamp::from_second(second).unwrap();
        let read = change(&with(with(event(), "/detail/name", json!(name)), "/time", json!(time.to_string())));
        prop_assert_eq!((read.name.as_str(), read.time), (name.as_str(), time));
    }
}

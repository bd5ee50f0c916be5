use super::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0i64..4_102_444_800, 0i32..1_000).prop_map(|(s, n)| Timestamp::new(s, n * 1_000_000).unwrap())
}

fn lost() -> impl Strategy<Value = LostVersion> {
    (timestamp(), any::<bool>(), option::of("[a-f0-9-]{36}"), option::of(1..100u64))
        .prop_map(|(time, created, event, locked)| LostVersion { time, created, event, locked })
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 1..=longest).prop_map(|chars| chars.into_iter().collect())
}

fn value_record() -> impl Strategy<Value = ValueRecord> {
    let details = (
        (1u64..100_000, timestamp(), option::of(text(200)), option::of(Just("Advanced".to_owned()))),
        (option::of(Just("aws:ec2:image".to_owned())), option::of(text(100)), option::of(text(1024))),
        vec(text(400), 0..4),
        option::of(btree_map(text(20), text(40), 0..8)),
    )
        .prop_map(|((version, modified, author, tier), (data_type, key_id, allowed_pattern), policies, tags)| {
            Details { version, modified, author, tier, data_type, key_id, allowed_pattern, policies, tags }
        });
    let event = option::of((timestamp(), option::of("[a-f0-9-]{36}")))
        .prop_map(|event| event.map(|(time, id)| EventReference { time, id }));
    let kind =
        prop_oneof![Just(ParameterType::String), Just(ParameterType::StringList), Just(ParameterType::SecureString)];
    let presence = prop_oneof![Just(Presence::Superseded), Just(Presence::Present), Just(Presence::Confirmed)];
    (
        (timestamp(), event, kind, option::of(text(1024)), details),
        (option::of(timestamp()), 1u64..100, (presence, option::of(timestamp())), vec(lost(), 0..4)),
    )
        .prop_map(
            |((time, event, parameter_type, description, details), (previous, floor, (present, seen), lost))| {
                ValueRecord {
                    time,
                    event,
                    parameter_type,
                    description: Description::exact(description),
                    details,
                    previous,
                    floor,
                    present,
                    seen,
                    lost,
                }
            },
        )
}

fn decode_all(encoded: &Encoded, size: u64) -> Evidence {
    match decode(Some(&encoded.metadata), size) {
        Decoded::Complete(evidence) => evidence,
        Decoded::NeedsSidecar(key) => {
            let sidecar = encoded.sidecar.as_ref().unwrap();
            assert_eq!(sidecar.key, key);
            decode_with_sidecar(&encoded.metadata, Some(&sidecar.body), size)
        }
        Decoded::Absent => panic!("the field is there"),
    }
}

proptest! {
    #[test]
    fn a_value_record_survives_the_codec(record in value_record()) {
        let encoded = encode_value(&record);
        prop_assert_eq!(decode_all(&encoded, 1), Evidence::Value(Box::new(record)));
    }

    #[test]
    fn metadata_is_header_safe_and_within_two_kilobytes(record in value_record()) {
        let encoded = encode_value(&record);
        prop_assert!(encoded.metadata.bytes().all(|b| (0x20..0x7f).contains(&b)));
        prop_assert!(!encoded.metadata.contains("  ") && !encoded.metadata.contains("=?"));
        prop_assert!(encoded.metadata.len() + FIELD.len() <= 2_048, "{} bytes", encoded.metadata.len());
    }

    #[test]
    fn a_tombstone_survives_the_codec(
        time in timestamp(), observed in any::<bool>(), event in option::of("[a-f0-9-]{36}"),
        live in option::of(timestamp()), seen in option::of(timestamp()), lost in vec(lost(), 0..30),
    ) {
        let source = if observed { DeletionSource::Observed } else { DeletionSource::Event };
        let record = TombstoneRecord { time, source, event, live, seen, lost };
        let encoded = encode_tombstone(&record);
        prop_assert!(encoded.tags.is_empty());
        prop_assert_eq!(decode_all(&encoded, 0), Evidence::Tombstone(record));
    }

    #[test]
    fn any_text_decodes_to_a_verdict(field in "\\PC{0,200}", size in 0u64..3) {
        let _ = decode(Some(&field), size);
        let _ = decode_with_sidecar(&field, Some(&field), size);
    }

    #[test]
    fn any_json_object_decodes_to_a_verdict(
        kind in prop_oneof![Just("value"), Just("deletion"), Just("?")],
        key in "(time|version|modified|type|previous|floor|present|lost|tags|policies|sidecar)",
        value in prop_oneof![Just("null"), Just("-1"), Just("[]"), Just("\"x\""), Just("{}"), Just("1e999")],
    ) {
        let field = format!(r#"{{"format":1,"kind":"{kind}","{key}":{value}}}"#);
        if let Decoded::Complete(evidence) = decode(Some(&field), 1) {
            prop_assert!(matches!(evidence, Evidence::Unreadable(_)), "{field}");
        }
    }
}

#[test]
fn a_newer_format_is_named_not_guessed() {
    let Decoded::Complete(evidence) = decode(Some(r#"{"format":2,"kind":"value"}"#), 1) else { panic!() };
    assert_eq!(evidence, Evidence::Unreadable(Unreadable::NewerFormat(2)));
}

#[test]
fn a_missing_or_damaged_sidecar_is_noticed() {
    let encoded = encode_tombstone(&TombstoneRecord {
        time: Timestamp::UNIX_EPOCH,
        source: DeletionSource::Event,
        event: None,
        live: None,
        seen: None,
        lost: (0..200)
            .map(|s| LostVersion { time: Timestamp::from_second(s).unwrap(), created: true, event: None, locked: None })
            .collect(),
    });
    let sidecar = encoded.sidecar.unwrap();
    let damaged = sidecar.body.replace("true", "null");
    for body in [None, Some(damaged.as_str()), Some("")] {
        let evidence = decode_with_sidecar(&encoded.metadata, body, 0);
        assert_eq!(evidence, Evidence::Unreadable(Unreadable::BadSidecar));
    }
}

#[test]
fn the_format_on_the_wire_is_pinned() {
    let record = ValueRecord {
        time: "2024-06-15T17:56:58.123Z".parse().unwrap(),
        event: Some(EventReference { time: "2024-06-15T17:56:58Z".parse().unwrap(), id: Some("e-1".to_owned()) }),
        parameter_type: ParameterType::SecureString,
        description: Description::exact(Some("naïve  =?x?=".to_owned())),
        details: Details {
            author: Some("arn:aws:iam::123456789012:user/jo".to_owned()),
            tier: Some("Standard".to_owned()),
            data_type: Some("text".to_owned()),
            key_id: Some("alias/aws/ssm".to_owned()),
            tags: Some(BTreeMap::from([("team".to_owned(), "core".to_owned())])),
            ..Details::new(7, "2024-06-15T17:56:58.123Z".parse().unwrap())
        },
        previous: Some("2024-06-15T17:00:00Z".parse().unwrap()),
        floor: 1,
        present: Presence::Present,
        seen: Some("2024-06-15T17:57:02Z".parse().unwrap()),
        lost: vec![],
    };
    insta::assert_snapshot!(encode_value(&record).metadata, @r#"{"format":1,"kind":"value","time":"2024-06-15T17:56:58.123Z","version":7,"modified":"2024-06-15T17:56:58.123Z","type":"SecureString","tier":"Standard","dataType":"text","previous":"2024-06-15T17:00:00Z","floor":1,"present":1,"seen":"2024-06-15T17:57:02Z","eventTime":"2024-06-15T17:56:58Z","event":"e-1","description":"na\u00efve \u0020=\u003fx?=","keyId":"alias/aws/ssm","tags":{"team":"core"},"author":"arn:aws:iam::123456789012:user/jo"}"#);
}

#[test]
fn time_recorded_before_rounding_is_read_as_a_whole_millisecond() {
    let field = r#"{"format":1,"kind":"value","time":"2026-01-01T00:00:10.299999952Z","version":2,"type":"String",
        "modified":"2026-01-01T00:00:10.299999952Z","previous":"2026-01-01T00:00:09.000000001Z"}"#;
    let Decoded::Complete(Evidence::Value(value)) = decode(Some(field), 1) else { panic!("it is complete") };
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!((value.time, value.details.modified), (time("2026-01-01T00:00:10.3Z"), time("2026-01-01T00:00:10.3Z")));
    assert_eq!(value.previous, Some(time("2026-01-01T00:00:09Z")));
}

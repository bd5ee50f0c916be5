//! A log with everything in it.

use std::sync::Arc;

use jiff::tz::Offset;
use ssmbak::history::Values;
use ssmbak_core::compare::Attributes;
use ssmbak_core::log::{Entry, entries};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{Description, Details, ParameterType, ParameterValue};
use ssmbak_core::record::{DeletionSource, Evidence, Presence, Record, TombstoneRecord, ValueRecord};
use ssmbak_core::timeline::Timeline;

use super::*;

fn at(clock: &str) -> Timestamp {
    format!("2026-03-01T{clock}Z").parse().unwrap()
}

fn version(number: u64, time: &str, size: u64, kind: ParameterType) -> Record {
    let modified = at(time);
    let value = ValueRecord {
        time: modified,
        event: None,
        parameter_type: kind,
        description: Description::default(),
        details: Details {
            author: Some("arn:aws:iam::123456789012:user/a\u{1b}da".to_owned()),
            ..Details::new(number, modified)
        },
        previous: (number > 1)
            .then(|| at("10:00:00") + jiff::SignedDuration::from_hours(i64::try_from(number).unwrap() - 2)),
        floor: 1,
        present: Presence::Present,
        seen: Some(modified),
        lost: vec![],
    };
    Record {
        version_id: format!("v{number}"),
        last_modified: modified,
        is_latest: false,
        size,
        evidence: Evidence::Value(Box::new(value)),
    }
}

/// Created, changed twice (a secret from the second version on), unknown for a while, deleted.
fn history(values: bool) -> History {
    let tombstone = TombstoneRecord {
        time: at("15:00:00"),
        source: DeletionSource::Observed,
        event: None,
        live: None,
        seen: None,
        lost: vec![],
    };
    let records = vec![
        version(1, "10:00:00", 8, ParameterType::String),
        version(2, "11:00:00", 6, ParameterType::SecureString),
        version(3, "12:00:00", 6, ParameterType::SecureString),
        Record {
            version_id: "t".to_owned(),
            last_modified: at("15:00:00"),
            is_latest: true,
            size: 0,
            evidence: Evidence::Tombstone(tombstone),
        },
    ];
    let body = |record: &Option<Record>| {
        let value = match record.as_ref()?.version_id.as_str() {
            "v1" => "one\ntwo\n",
            "v2" => "hush-1",
            _ => "hush-2",
        };
        Some(ParameterValue::new(value)).filter(|_| values)
    };
    let name = Arc::new(ParameterName::parse("/app/db").unwrap());
    let told = |entry: Entry| {
        let fields: Vec<Field> = match entry.before {
            Some(_) => std::iter::once(Field::Value).chain(entry.fields.iter().copied()).collect(),
            None => vec![],
        };
        let secret = |record: &Option<Record>| {
            record.as_ref().is_some_and(|record| Attributes::of_record(record).unwrap().parameter_type.is_secret())
        };
        let values = Values {
            after: body(&entry.record),
            before: body(&entry.before),
            secret: secret(&entry.record),
            secret_before: secret(&entry.before),
        };
        HistoryEntry::new(Arc::clone(&name), &entry, &fields, None, values)
    };
    History::new(vec![entries(&Timeline::new(records)).into_iter().map(told).collect()], 1, vec![])
}

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn table(history: &History, layout: &Layout, look: Look) -> String {
    written(|out| super::table(out, history, layout, look))
}

fn patches(history: &History, layout: &Layout, look: Look) -> String {
    written(|out| super::patches(out, history, layout, look))
}

const LOOK: Look = Look { width: Some(150), colours: false, reveal: false };

fn layout(names: bool, hours: i8) -> Layout {
    Layout { names, zone: TimeZone::fixed(Offset::from_hours(hours).unwrap()) }
}

#[test]
fn a_log_is_one_line_a_change() {
    insta::assert_snapshot!(table(&history(false), &layout(false, 0), LOOK));
}

#[test]
fn a_log_of_a_tree_has_names_and_local_times() {
    insta::assert_snapshot!(table(&history(false), &layout(true, 2), Look { width: Some(180), ..LOOK }));
}

#[test]
fn values_are_shown_line_by_line_and_secrets_as_sizes() {
    let shown = patches(&history(true), &layout(true, 0), LOOK);
    assert!(!shown.contains("hush") && !shown.contains('\u{1b}'), "{shown}");
    insta::assert_snapshot!(shown);
    let revealed = patches(&history(true), &layout(true, 0), Look { reveal: true, ..LOOK });
    assert!(revealed.contains("- hush-1\n") && revealed.contains("+ hush-2\n"), "{revealed}");
}

#[test]
fn a_log_for_programs_masks_secrets() {
    let paths = ["/app/db".to_owned()];
    let question = LogQuestion {
        paths: &paths,
        recursive: false,
        since: Some(Instant::exact(at("00:00:00"))),
        until: None,
        bucket: "backup",
        region: "eu-west-1",
        reveal: false,
    };
    insta::assert_json_snapshot!(LogReport::new(&question, &history(true), &["beware".to_owned()]));
    let (read, unread) = (history(true), history(false));
    let revealed = LogReport::new(&LogQuestion { reveal: true, ..question }, &read, &[]);
    let revealed = serde_json::to_string(&revealed).unwrap();
    assert!(revealed.contains("hush-1") && !revealed.contains("Masked"), "{revealed}");
    let unread = serde_json::to_string(&LogReport::new(&question, &unread, &[])).unwrap();
    assert!(!unread.contains("\"Value\":") && !unread.contains("Masked"), "{unread}");
}

//! What the tests share: parameters with a past.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak_core::diff::Side;
use ssmbak_core::instant::Instant;
use ssmbak_core::mark::{Mark, MarkName};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, Description, Details, ParameterType, ParameterValue};
use ssmbak_core::plan::{RecordedParameter, Target};
use ssmbak_core::record::{DeletionSource, Evidence, LegacyRecord, Presence, Record, TombstoneRecord, ValueRecord};
use ssmbak_core::timeline::Timeline;

use crate::data::Data;
use crate::input::Key;
use crate::state::{Answer, Effect, Looked, State, Subject};

/// `12:00:00` of the one day on which it all happens.
pub(crate) fn time(clock: &str) -> Timestamp {
    format!("2026-03-01T{clock}Z").parse().unwrap()
}

pub(crate) fn named(name: &str) -> ParameterName {
    ParameterName::parse(name).unwrap()
}

pub(crate) fn details(number: u64, modified: &str) -> Details {
    Details {
        author: Some("arn:aws:iam::123456789012:user/ada".to_owned()),
        tier: Some("Standard".to_owned()),
        data_type: Some("text".to_owned()),
        ..Details::new(number, time(modified))
    }
}

fn record(clock: &str, size: usize, evidence: Evidence) -> Record {
    Record {
        version_id: format!("s3-{clock}"),
        last_modified: Timestamp::from_second(time(clock).as_second() + 1).unwrap(),
        is_latest: false,
        size: size as u64,
        evidence,
    }
}

/// A version that was recorded at once.
pub(crate) fn version(number: u64, modified: &str, value: &str) -> Record {
    let of = ValueRecord {
        time: time(modified),
        event: None,
        parameter_type: ParameterType::String,
        description: Description::default(),
        details: details(number, modified),
        previous: None,
        floor: 1,
        present: Presence::Present,
        seen: Some(time(modified)),
        lost: Vec::new(),
    };
    record(modified, value.len(), Evidence::Value(Box::new(of)))
}

/// With other attributes.
pub(crate) fn with(mut record: Record, change: impl FnOnce(&mut ValueRecord)) -> Record {
    if let Evidence::Value(value) = &mut record.evidence {
        change(value);
    }
    record
}

/// As ssmbak 0.5.2 recorded a version.
pub(crate) fn legacy(clock: &str, value: &str) -> Record {
    let parameter_type = ParameterType::String;
    let of = LegacyRecord { time: time(clock), parameter_type, description: Description::default() };
    record(clock, value.len(), Evidence::Legacy(of))
}

/// A deletion that an event told of.
pub(crate) fn tombstone(clock: &str) -> Record {
    let of = TombstoneRecord {
        time: time(clock),
        source: DeletionSource::Event,
        event: None,
        live: None,
        seen: None,
        lost: Vec::new(),
    };
    record(clock, 0, Evidence::Tombstone(of))
}

/// The timeline of records, oldest first, each version linked to the one before.
pub(crate) fn timeline(mut records: Vec<Record>) -> Timeline {
    let mut before: BTreeMap<u64, Timestamp> = BTreeMap::new();
    for record in &mut records {
        if let Evidence::Value(value) = &mut record.evidence {
            value.previous = before.get(&(value.details.version - 1)).copied();
            before.insert(value.details.version, value.details.modified);
        }
    }
    if let Some(last) = records.last_mut() {
        last.is_latest = true;
    }
    Timeline::new(records)
}

pub(crate) fn current(name: &str, number: u64, modified: &str) -> CurrentParameter {
    CurrentParameter {
        name: named(name),
        spelling: name.to_owned(),
        parameter_type: ParameterType::String,
        description: None,
        details: details(number, modified),
    }
}

/// A tree with one parameter of each kind: unchanged, changed, a secret, deleted, new, of the original, never recorded.
pub(crate) fn tree() -> Data {
    tree_where_host_is(current("/shop/host", 2, "11:00:00"))
}

/// The same, where one of them is another version now.
pub(crate) fn tree_where_host_is(host: CurrentParameter) -> Data {
    let secret = |record| with(record, |value| value.parameter_type = ParameterType::SecureString);
    let described = with(version(2, "11:00:00", "beta.example.com"), |value| {
        value.description = Description::exact(Some("where it \u{1b}[31mruns\u{7}, 鍵".to_owned()));
        value.details.tags = Some(BTreeMap::from([("team".to_owned(), "blue".to_owned())]));
    });
    let timelines = [
        ("/shop/zones", vec![version(1, "10:00:00", "eu-1,eu-2")]),
        ("/shop/host", vec![version(1, "10:00:00", "alpha.example.com"), described]),
        (
            "/shop/db/password",
            vec![secret(version(1, "10:00:01", "correct horse")), secret(version(2, "11:30:00", "x"))],
        ),
        ("/shop/db/gone", vec![version(1, "10:00:00", "was here"), tombstone("12:00:00.5")]),
        ("/shop/new", vec![version(1, "12:30:00", "8080")]),
        ("/shop/old", vec![legacy("10:30:00", "legacy")]),
    ];
    let present = [
        current("/shop/zones", 1, "10:00:00"),
        host,
        current("/shop/db/password", 2, "11:30:00"),
        current("/shop/new", 1, "12:30:00"),
        current("/shop/old", 5, "10:30:00"),
        current("/shop/unheard", 3, "09:00:00"),
    ];
    let mut data = Data::new(
        timelines.map(|(name, records)| (named(name), timeline(records))).into(),
        present.map(|parameter| (parameter.name.clone(), parameter)).into(),
        time("13:00:00"),
    );
    let mark = |name: &str, at: &str, text: Option<&str>| Mark {
        name: MarkName::parse(name).unwrap(),
        at: Instant::exact(time(at)),
        text: text.map(str::to_owned),
        author: None,
    };
    data.marks = vec![mark("before", "10:45:00", Some("release \u{1b}[2J7")), mark("after", "12:15:00", None)];
    data
}

pub(crate) fn subject() -> Subject {
    Subject {
        paths: vec!["/shop/".to_owned()],
        root: "/shop/".to_owned(),
        whole: vec!["/shop/".to_owned()],
        region: "eu-west-1".to_owned(),
        bucket: "backups-bucket".to_owned(),
        reveal: false,
        zone: TimeZone::UTC,
    }
}

/// A state over data that is read, at a time.
pub(crate) fn state_of(data: Data, clock: &str) -> State {
    let (mut state, effects) = State::new(subject(), Instant::exact(time(clock)));
    assert_eq!(effects, [Effect::Load]);
    state.answer(Answer::Loaded(Box::new(data)));
    state
}

/// The moment at which keys are pressed.
pub(crate) fn now() -> Timestamp {
    time("13:00:00")
}

/// Presses keys: characters as they are, others by name in `<>`.
pub(crate) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).filter(|(name, _)| name.len() > 1);
        let key = match named {
            Some((name, after)) => {
                rest = after;
                match name {
                    "enter" => Key::Enter,
                    "esc" => Key::Esc,
                    "back" => Key::Backspace,
                    "up" => Key::Up,
                    "down" => Key::Down,
                    "left" => Key::Left,
                    "right" => Key::Right,
                    "ctrl-c" => Key::Ctrl('c'),
                    "home" => Key::Home,
                    "end" => Key::End,
                    other => panic!("there is no key {other}"),
                }
            }
            None => {
                rest = &rest[c.len_utf8()..];
                Key::Char(c)
            }
        };
        effects.extend(state.key(key, now()));
    }
    effects
}

fn recorded(value: &str, kind: ParameterType, number: u64, modified: &str) -> RecordedParameter {
    RecordedParameter {
        modified: time(modified),
        version_id: format!("s3-{modified}"),
        value: ParameterValue::new(value),
        parameter_type: kind,
        description: Description::default(),
        details: Some(details(number, modified)),
    }
}

pub(crate) fn held(value: &str, kind: ParameterType) -> Target {
    Target::Held(Box::new(recorded(value, kind, 1, "10:00:00")))
}

pub(crate) fn present(value: &str, kind: ParameterType) -> Side {
    Side::Held(Box::new(recorded(value, kind, 2, "11:30:00")))
}

/// Answers what was asked last about the parameter under the cursor.
pub(crate) fn look(state: &mut State, name: &str, then: Option<Target>, now: Option<Side>) -> Vec<Effect> {
    let looked = Looked { name: named(name), at: state.at, then: then.map(Ok), now: now.map(Ok) };
    state.answer(Answer::Looked(looked))
}

/// The cursor goes to a name or path.
pub(crate) fn go_to(state: &mut State, path: &str) -> Vec<Effect> {
    let mut effects = press(state, "<home>");
    while state.row().unwrap().path != path {
        let before = state.cursor;
        effects.extend(press(state, "<down>"));
        assert_ne!(state.cursor, before, "{path} is not in the tree");
    }
    effects
}

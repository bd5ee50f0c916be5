//! Names that are excluded from recording: earlier records are no evidence of the time after.

use jiff::Timestamp;
use ssmbak::history::{HistoryOptions, history};
use ssmbak::read::timelines;
use ssmbak::recording_scope::{note_scope, note_swept, scope_record};
use ssmbak::verify::verify;
use ssmbak::{BackupBucket as _, ErrorKind};
use ssmbak_core::plan::Target;
use ssmbak_core::recording_scope::{RecordingScope, SCOPE_KEY};
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::SweepRecord;
use ssmbak_core::timeline::{State, Timeline, Unknown};
use ssmbak_core::unknown::ReasonCode;

use crate::support::{World, below, name};

/// A finished sweep of everything within the scope.
async fn sweep(world: &World, scope: &RecordingScope) {
    world.clock.advance_ms(100_000);
    let begun = world.clock.now();
    let record = note_scope(&world.bucket, scope, begun).await.unwrap();
    for of in ["/h/kept", "/h/token"] {
        if scope.contains(&name(of)) {
            world.record(of).await;
        }
    }
    world.clock.advance_ms(10_000);
    let sweep = SweepRecord::new(begun, world.clock.now(), (2, 0, 0), &[]);
    world.bucket.put_sweep(&sweep).await.unwrap();
    note_swept(&world.bucket, &record, begun).await.unwrap();
}

async fn get(world: &World, of: &str, at: Timestamp) -> String {
    match world.target(of, at).await {
        Target::Held(held) => held.value.expose().to_owned(),
        Target::Absent(_) => "absent".to_owned(),
        Target::Unknown(reason) => reason.code.as_str().to_owned(),
    }
}

/// The unknown names of a preview.
async fn unknown(world: &World, at: Timestamp) -> Vec<(String, ReasonCode)> {
    let plan = world.path(tree(), at).preview().await.unwrap();
    plan.unknown.into_iter().map(|unknown| (unknown.name.to_string(), unknown.reason.code)).collect()
}

async fn timeline(world: &World, of: &str) -> Timeline {
    timelines(&world.bucket, &tree()).await.unwrap().timelines.remove(&name(of)).unwrap()
}

fn tree() -> Selection {
    below("/h/")
}

fn scope(exclude: &str) -> RecordingScope {
    RecordingScope::parse("", exclude).unwrap()
}

/// Recorded, excluded, changed meanwhile: the last record is not mistaken for the state.
#[tokio::test]
async fn excluded_name_is_unknown_since_then() {
    let world = World::still();
    world.put("/h/kept", "one");
    world.put("/h/token", "one");
    sweep(&world, &scope("")).await;
    let recorded = world.quiet_hour();
    sweep(&world, &scope("*token")).await;
    let meanwhile = world.quiet_hour();
    world.put("/h/kept", "two");
    world.put("/h/token", "two");
    world.quiet_hour();
    world.delete("/h/token");
    world.quiet_hour();
    world.put("/h/token", "three");
    sweep(&world, &scope("*token")).await;
    let now = world.quiet_hour();
    for at in [recorded, meanwhile] {
        assert_eq!(get(&world, "/h/kept", at).await, "one");
    }
    // The last sweep that saw it was before this.
    assert_eq!(get(&world, "/h/token", recorded).await, "Excluded");
    assert_eq!(get(&world, "/h/token", meanwhile).await, "Excluded");
    assert_eq!(get(&world, "/h/token", now).await, "three", "Parameter Store itself is evidence");
    assert_eq!(unknown(&world, meanwhile).await, [("/h/token".to_owned(), ReasonCode::Excluded)]);
    let timeline = timeline(&world, "/h/token").await;
    assert_eq!(timeline.segments().len(), 3, "unknown, held, excluded: {:?}", timeline.segments());
    let warnings = history(&world.bucket, &tree(), HistoryOptions::default()).await.unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("/h/token is excluded from recording"), "{warnings:?}");
    let found = verify(&world.store, &world.bucket, &tree()).await.unwrap();
    assert_eq!((found.findings.len(), found.verified, found.excluded), (0, 1, 1), "{:?}", found.findings);
}

/// The reason of a name without any record.
#[tokio::test]
async fn name_excluded_from_the_beginning_says_so() {
    let world = World::still();
    sweep(&world, &scope("*token")).await;
    world.put("/h/token", "one");
    let then = world.quiet_hour();
    world.put("/h/token", "two");
    assert_eq!(unknown(&world, then).await, [("/h/token".to_owned(), ReasonCode::Excluded)]);
    assert_eq!(get(&world, "/h/token", then).await, "Excluded");
}

/// Recorded again, a name is known once a sweep has seen it: if it was deleted and created again, there is a gap.
#[tokio::test]
async fn name_recorded_again_is_believed_after_a_sweep() {
    let world = World::still();
    world.put("/h/token", "one");
    sweep(&world, &scope("")).await;
    let before = world.quiet_hour();
    sweep(&world, &scope("/h/token")).await;
    let meanwhile = world.quiet_hour();
    world.put("/h/token", "two");
    let changed = world.quiet_hour();
    note_scope(&world.bucket, &scope(""), world.clock.now()).await.unwrap();
    let timeline = timeline(&world, "/h/token").await;
    assert!(matches!(timeline.state_by(meanwhile), State::Unknown(Unknown::Excluded(_))), "no sweep has seen it yet");
    assert_eq!(get(&world, "/h/token", meanwhile).await, "Excluded");
    sweep(&world, &scope("")).await;
    for (at, value) in [(before, "one"), (meanwhile, "one"), (changed, "two")] {
        assert_eq!(get(&world, "/h/token", at).await, value, "{at}");
    }
    assert!(unknown(&world, meanwhile).await.is_empty());
    assert_eq!(scope_record(&world.bucket).await.unwrap().excluded_since(&name("/h/token")), None);
}

/// An unreadable record ends the command: excluded names would be mistaken for unchanged ones.
#[tokio::test]
async fn damaged_record_is_an_error() {
    let world = World::still();
    for damage in ["", "{}", "deleted"] {
        match damage {
            "deleted" => world.bucket.delete_marker(SCOPE_KEY).await.unwrap(),
            text => world.bucket.put_document(SCOPE_KEY, text.as_bytes()).await.unwrap(),
        }
        let error = timelines(&world.bucket, &tree()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreadable, "{damage}");
        assert!(error.message.contains(SCOPE_KEY) && error.hint.is_some(), "{error:?}");
    }
}

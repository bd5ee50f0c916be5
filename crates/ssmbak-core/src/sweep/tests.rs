use proptest::prelude::*;

use super::*;
use crate::testing::at;

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn parameters(token: &str, after: &str) -> Place {
    Place::Parameters { token: Some(token.to_owned()), after: Some(name(after)) }
}

#[test]
fn a_sweep_travels_in_a_message() {
    let mut progress = Progress::start(at("10:00:00.25"));
    progress.count(&name("/a"), Outcome::Written, false);
    progress.count(&name("/b"), Outcome::Failed, false);
    for place in [
        Place::START,
        parameters("AAEAd…größe\"\n", "/a/b"),
        Place::Keys { after: None },
        Place::Keys { after: Some("logs/\u{10ffff}".to_owned()) },
    ] {
        progress.at = place;
        let message: Value = serde_json::from_str(&progress.message()).unwrap();
        assert_eq!(read(&message), Some(Ok(Some(progress.clone()))));
    }
    insta::assert_snapshot!(progress.message(), @r#"{"progress":{"at":{"keys":{"after":"logs/􏿿"}},"failed":1,"failedNames":["/b"],"idle":0,"names":2,"restarts":0,"started":"2026-03-01T10:00:00.25Z","written":1},"ssmbak":"sweep"}"#);
}

#[test]
fn messages_of_others_are_left_to_them_and_damaged_ones_are_told() {
    assert_eq!(read(&serde_json::from_str(START).unwrap()), Some(Ok(None)));
    assert_eq!(read(&json!({"ssmbak": "sweep", "progress": null})), Some(Ok(None)));
    for other in [json!({}), json!([]), json!("ssmbak"), json!({"source": "aws.ssm"})] {
        assert_eq!(read(&other), None, "{other}");
    }
    for damaged in [
        json!({"ssmbak": "dance"}),
        json!({"ssmbak": 1}),
        json!({"ssmbak": "sweep", "progress": 1}),
        json!({"ssmbak": "sweep", "progress": {}}),
        json!({"ssmbak": "sweep", "progress": {"started": "soon"}}),
    ] {
        assert_eq!(read(&damaged), Some(Err(())), "{damaged}");
    }
}

#[test]
fn a_share_that_got_somewhere_goes_on_at_once() {
    let mut progress = Progress::start(at("10:00:00"));
    let began = progress.at.clone();
    progress.at = parameters("t", "/a");
    assert_eq!(progress.ended(&began, false, at("10:01:00")), Ended::Continue { seconds: 0 });
}

#[test]
fn shares_without_progress_slow_down_and_end() {
    let mut progress = Progress::start(at("10:00:00"));
    let mut delays = Vec::new();
    let end = loop {
        let began = progress.at.clone();
        match progress.ended(&began, false, at("10:01:00")) {
            Ended::Continue { seconds } => delays.push(seconds),
            end => break end,
        }
    };
    assert_eq!((delays.as_slice(), end), ([60, 120, 240, 480].as_slice(), Ended::GivenUp(GivenUp::NoProgress)));
    // Progress in between forgives what was before.
    let mut progress = Progress::start(at("10:00:00"));
    for turn in 0..20 {
        let began = progress.at.clone();
        if turn % 2 == 0 {
            progress.at = parameters(&turn.to_string(), "/a");
        }
        assert!(matches!(progress.ended(&began, false, at("10:01:00")), Ended::Continue { .. }), "{turn}");
    }
}

#[test]
fn a_sweep_is_done_when_all_names_had_their_turn() {
    let mut progress = Progress::start(at("10:00:00"));
    progress.count(&name("/a"), Outcome::Unchanged, false);
    progress.count(&name("/b"), Outcome::Written, false);
    progress.count(&name("/c"), Outcome::Failed, false);
    // Among the keys of the bucket the same names come again; what is only there counts.
    progress.count(&name("/a"), Outcome::Unchanged, true);
    progress.count(&name("/c"), Outcome::Failed, true);
    progress.count(&name("/gone"), Outcome::Written, false);
    let Ended::Finished(record) = progress.ended(&Place::START, true, at("10:30:00")) else { panic!("not finished") };
    assert_eq!((record.started, record.finished), (at("10:00:00"), at("10:30:00")));
    assert_eq!((record.names, record.written, record.failed), (4, 2, 1));
    assert_eq!(record.failed_names, [name("/c")]);
}

#[test]
fn a_sweep_of_nothing_is_a_sweep_and_one_that_always_fails_is_none() {
    let mut nothing = Progress::start(at("10:00:00"));
    assert!(matches!(nothing.ended(&Place::START, true, at("10:00:01")), Ended::Finished(_)));
    let mut failing = Progress::start(at("10:00:00"));
    failing.count(&name("/a"), Outcome::Failed, false);
    assert_eq!(failing.ended(&Place::START, true, at("10:00:01")), Ended::GivenUp(GivenUp::AllFailed));
}

#[test]
fn a_sweep_of_another_time_is_not_gone_on_with() {
    let progress = Progress::start(at("10:00:00"));
    assert_eq!(progress.check(at("10:00:00")), Ok(()));
    assert_eq!(progress.check(at("09:59:58")), Ok(()));
    assert_eq!(progress.check(at("09:59:00")), Err(GivenUp::TooLong));
    let day_later = at("10:00:00") + SignedDuration::from_hours(24);
    assert_eq!(progress.check(day_later), Ok(()));
    assert_eq!(progress.check(day_later + SignedDuration::from_secs(1)), Err(GivenUp::TooLong));
}

#[test]
fn a_refused_token_begins_the_listing_anew_three_times() {
    let mut progress = Progress::start(at("10:00:00"));
    progress.count(&name("/a"), Outcome::Written, false);
    for _ in 0..3 {
        progress.at = parameters("t", "/a");
        assert_eq!(progress.restart(), Ok(()));
        assert_eq!((&progress.at, progress.names()), (&Place::START, 0));
    }
    assert_eq!(progress.restart(), Err(GivenUp::TokenRefused));
}

#[test]
fn what_is_no_parameters_is_passed_over_in_one_step() {
    assert_eq!(key_after("/a/b"), "/a/b");
    assert_eq!(key_after("foo"), "foo");
    let passed = key_after("ssmbak-sidecar/00ff");
    for inside in ["ssmbak-sidecar/", "ssmbak-sidecar/ff", "ssmbak-sidecar/größe"] {
        assert!(inside < passed.as_str(), "{inside}");
    }
    // A root-level name as ssmbak 0.5.2 seeded it may begin alike.
    for beside in ["ssmbak-sidecar0", "ssmbak-sidecars", "ssmbak-sweep/last"] {
        assert!(passed.as_str() < beside, "{beside}");
    }
}

proptest! {
    /// A listing that goes on after [`key_after`] comes to an end and misses no name.
    #[test]
    fn listing_on_misses_no_name(keys in proptest::collection::btree_set("[/a-c0]{1,6}", 0..40), page in 1_usize..5) {
        let mut listed = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..=keys.len() {
            let rest = keys.iter().filter(|key| after.as_ref().is_none_or(|after| *key > after));
            let page: Vec<&String> = rest.take(page).collect();
            let Some(last) = page.last() else { break };
            after = Some(key_after(last));
            listed.extend(page);
        }
        let names = |key: &&String| key.starts_with('/') || !key.contains('/');
        prop_assert!(keys.iter().filter(names).eq(listed.into_iter().filter(names)));
    }
}

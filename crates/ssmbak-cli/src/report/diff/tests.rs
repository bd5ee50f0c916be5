//! A difference with everything in it.

use ssmbak_core::diff::Side;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterType::{self, SecureString, String as Plain};
use ssmbak_core::unknown::{ReasonCode, UnknownReason};

use super::super::json::DiffReport;
use super::super::tests::{recorded, time};
use super::*;

fn held(kind: ParameterType, value: &str) -> Side {
    Side::Held(Box::new(recorded(kind, value)))
}

fn diff() -> Diff {
    let mut diff = Diff::default();
    let mut add = |name: &str, before, after| diff.add(ParameterName::parse(name).unwrap(), before, after);
    let gone = || Side::Absent(Some(time("2026-01-02T00:00:00Z")));
    add("/a/new", Side::Absent(None), held(Plain, "one"));
    add("/a/gone", held(SecureString, "hush-1"), gone());
    add("/a/text", held(Plain, "a\nb\nc\nd\n"), held(Plain, "a\nB\nc\nd\n"));
    add("/a/secret", held(SecureString, "hush-2"), held(SecureString, "hush-3"));
    add("/a/veiled", held(Plain, "hush-4"), held(SecureString, "hush-4"));
    add("/a/unveiled", held(SecureString, "hush-5"), held(Plain, "plain now"));
    add("/a/same", held(Plain, "x"), held(Plain, "x"));
    add("/a/unknown", Side::Unknown(UnknownReason::new(ReasonCode::Expired, "nobody looked \u{1b}")), held(Plain, "x"));
    diff.sort();
    diff
}

const LOOK: Look = Look { width: Some(120), colours: false, reveal: false };

#[test]
fn a_difference_for_people() {
    let shown = table(&diff(), false, LOOK);
    assert!(!shown.contains("hush") && !shown.contains('\u{1b}'), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn a_difference_with_values_line_by_line() {
    let shown = table(&diff(), true, LOOK);
    assert!(!shown.contains("hush") && !shown.contains('\u{1b}'), "{shown}");
    insta::assert_snapshot!(shown);
    assert!(table(&diff(), true, Look { reveal: true, ..LOOK }).contains("- hush-2"));
}

#[test]
fn no_difference_is_a_sentence() {
    let same = Diff { unchanged: 2, ..Diff::default() };
    insta::assert_snapshot!(table(&same, false, LOOK), @"no difference: 2 unchanged");
    insta::assert_snapshot!(table(&Diff::default(), true, LOOK), @"no difference");
}

#[test]
fn a_difference_for_programs() {
    let (from, to) = (Instant::exact(time("2026-01-01T00:00:00Z")), Instant::exact(time("2026-01-03T00:00:00Z")));
    let paths = ["/a/".to_owned()];
    let question = DiffQuestion {
        paths: &paths,
        recursive: true,
        from: &from,
        to: &to,
        bucket: "backup",
        region: "eu-west-1",
        reveal: false,
    };
    let masked = DiffReport::new(&question, &diff(), &[]);
    assert!(!serde_json::to_string(&masked).unwrap().contains("hush"));
    insta::assert_json_snapshot!(masked);
    let revealed = serde_json::to_string(&DiffReport::new(&DiffQuestion { reveal: true, ..question }, &diff(), &[]));
    assert_eq!(revealed.unwrap().matches("hush").count(), 6);
}

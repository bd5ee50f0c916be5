//! Tables for each rule about objects.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

/// Rows of the key `k`, newest first, from words like `v2@5*`, `m@4`, `v1@3p`: a name, its second, `*` for the current one,
/// `p` for an upload in parts. A name with `m` is a marker; `null` is a version without an id.
fn rows(text: &str) -> Vec<ObjectVersion> {
    text.split_whitespace()
        .map(|word| {
            let (key, word) = word.split_once('/').unwrap_or(("k", word));
            let (id, rest) = word.split_once('@').unwrap();
            let second: i64 = rest.trim_end_matches(['*', 'p', 'g']).parse().unwrap();
            let is_marker = id.starts_with('m');
            ObjectVersion {
                key: key.to_owned(),
                version_id: id.to_owned(),
                last_modified: Timestamp::from_second(second).unwrap(),
                is_latest: rest.contains('*'),
                is_marker,
                size: if is_marker { 0 } else { 7 },
                etag: (!is_marker).then(|| if rest.contains('p') { "abc-2".to_owned() } else { "abc".to_owned() }),
                storage_class: rest.contains('g').then(|| "GLACIER".to_owned()),
                checksum: None,
                is_rehydrated: false,
            }
        })
        .collect()
}

fn second(second: i64) -> Instant {
    Instant::parse(&format!("@{second}"), Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap()
}

fn history(text: &str, seconds: &[i64]) -> KeyHistory {
    let instants: Vec<Instant> = seconds.iter().map(|s| second(*s)).collect();
    let mut history = KeyHistory::new(&instants);
    for row in rows(text) {
        history.push(&row);
    }
    history
}

fn told(state: ObjectState<'_>) -> String {
    match state {
        ObjectState::Held(version) => version.version_id.clone(),
        ObjectState::Deleted(marker) => format!("deleted by {}", marker.version_id),
        ObjectState::Absent => "absent".to_owned(),
    }
}

#[test]
fn the_newest_version_of_the_instant_or_before_counts() {
    let text = "v3@9* m2@7 null@5 v1@3";
    for (at, expected) in [
        (2, "absent"),
        (3, "v1"),
        (4, "v1"),
        (5, "null"),
        (6, "null"),
        (7, "deleted by m2"),
        (8, "deleted by m2"),
        (9, "v3"),
        (99, "v3"),
    ] {
        assert_eq!(told(history(text, &[at]).at(0)), expected, "at {at}");
    }
}

#[test]
fn a_time_to_the_second_includes_versions_of_that_second_and_a_finer_one_does_not() {
    let mut exact = KeyHistory::new(&[Instant::exact("1970-01-01T00:00:04.5Z".parse().unwrap())]);
    let mut fine = rows("v2@5* v1@4");
    fine[0].last_modified = "1970-01-01T00:00:04.7Z".parse().unwrap();
    fine.iter().for_each(|row| exact.push(row));
    assert_eq!(told(exact.at(0)), "v1");
    let mut whole = KeyHistory::new(&[second(4)]);
    fine.iter().for_each(|row| whole.push(row));
    assert_eq!(told(whole.at(0)), "v2");
}

#[test]
fn within_a_second_the_order_of_the_listing_counts() {
    for (text, expected) in [
        // Deleted, then stored again, all in one second; and the other way round.
        ("v2@5* m@5 v1@5", "v2"),
        ("v9@8* v2@5 m@5 v1@5", "v2"),
        ("v9@8* m2@5 v1@5 m1@5", "deleted by m2"),
    ] {
        let mut history = KeyHistory::new(&[second(5)]);
        newest_first(rows(text)).iter().for_each(|row| history.push(row));
        assert_eq!(told(history.at(0)), expected, "{text}");
    }
}

#[test]
fn an_order_that_contradicts_the_times_is_mended_by_them() {
    let ids = |text: &str| newest_first(rows(text)).into_iter().map(|row| row.version_id).collect::<Vec<_>>();
    // A server that lists versions first.
    assert_eq!(ids("v3@9* v1@3 m2@7"), ["v3", "m2", "v1"]);
    assert_eq!(ids("v1@3 m2@3*"), ["m2", "v1"]);
    assert_eq!(ids("v3@9* v1@3 m2@7 m0@3"), ["v3", "m2", "m0", "v1"]);
    // An upload in parts is dated by its beginning, and S3's order stays.
    assert_eq!(ids("v3@2*p v2@5 v1@1"), ["v3", "v2", "v1"]);
    assert_eq!(ids("b/x@2* a/y@9*"), ["y", "x"]);
}

#[test]
fn reading_stops_at_the_version_that_decides() {
    let mut history = KeyHistory::new(&[second(5)]);
    let decided: Vec<bool> = rows("v3@9* v2@5 v1@3")
        .iter()
        .map(|row| {
            history.push(row);
            history.is_decided()
        })
        .collect();
    assert_eq!(decided, [false, true, true]);
}

#[test]
fn every_pair_of_states_has_its_verdict() {
    let verdict = |text: &str, delete_new| match decide(&history(text, &[5]), ObjectPlanOptions { delete_new }) {
        Verdict::Change(change) => format!("{} {}", change.action.name(), change.version.version_id),
        other => format!("{other:?}"),
    };
    for (text, expected) in [
        ("v1@3*", "Unchanged"),
        ("v2@9* v1@3", "update v1"),
        ("m2@9* v1@3", "create v1"),
        ("v3@9* m2@4 v1@3", "delete m2"),
        ("m3@9* m2@4 v1@3", "Unchanged"),
        ("m2@4* v1@3", "Unchanged"),
        ("v2@9*", "NewKept"),
        ("m3@9* v2@8", "Unchanged"),
    ] {
        assert_eq!(verdict(text, false), expected, "{text}");
        let when_asked = if expected == "NewKept" { "delete v2" } else { expected };
        assert_eq!(verdict(text, true), when_asked, "{text}");
    }
}

#[test]
fn a_present_version_of_the_same_bytes_is_named() {
    let same = |text: &str, etag: Option<&str>| {
        let mut history = KeyHistory::new(&[second(5)]);
        for (index, mut row) in rows(text).into_iter().enumerate() {
            row.etag = row.etag.and(if index == 0 { etag.map(str::to_owned) } else { Some("abc".to_owned()) });
            history.push(&row);
        }
        match decide(&history, ObjectPlanOptions::default()) {
            Verdict::Change(change) => change.same_bytes_as,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(same("v2@9* v1@3", Some("abc")).as_deref(), Some("v2"));
    assert_eq!(same("v2@9* v1@3", Some("xyz")), None);
    assert_eq!(same("v2@9* v1@3", None), None);
    // Of an upload in parts the ETag tells nothing about the bytes.
    assert_eq!(same("v2@9* v1@3", Some("xyz-2")).as_deref(), Some("v2"));
    assert_eq!(same("m2@9* v1@3", None), None);
    assert_eq!(same("v3@9* m2@4 v1@3", Some("abc")), None);
}

#[test]
fn totals_count_keys_and_bytes_by_action() {
    let mut totals = ObjectTotals::default();
    for text in ["v1@3*", "v2@9* v1@3g", "m2@9* v1@3", "v3@9* m2@4 v1@3", "v2@9*"] {
        totals.add(&decide(&history(text, &[5]), ObjectPlanOptions::default()));
    }
    let expected = ObjectTotals {
        create: 1,
        update: 1,
        delete: 1,
        create_bytes: 7,
        update_bytes: 7,
        unchanged: 1,
        new_kept: 1,
        archived: 1,
        same_bytes: 1,
        versions: 0,
    };
    assert_eq!(totals, expected);
    let mut twice = totals;
    twice.merge(&totals);
    assert_eq!((twice.changes(), twice.bytes()), (6, 28));
}

#[test]
fn two_instants_differ_by_what_was_current() {
    let told = |text: &str| match difference(&history(text, &[5, 8])) {
        None => "same".to_owned(),
        Some(Difference::Added(b)) => format!("added {}", b.version_id),
        Some(Difference::Removed(a)) => format!("removed {}", a.version_id),
        Some(Difference::Changed(a, b)) => format!("{} -> {}", a.version_id, b.version_id),
    };
    for (text, expected) in [
        ("v1@3*", "same"),
        ("v2@7* v1@3", "v1 -> v2"),
        ("v2@7*", "added v2"),
        ("v3@7* m2@4 v1@3", "added v3"),
        ("m2@7* v1@3", "removed v1"),
        ("v9@9*", "same"),
        ("m2@4* v1@3", "same"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

/// Places one key on a file system that tells upper from lower case.
fn placed(prefix: &str, key: &str, size: u64) -> Result<Option<LocalPath>, PathRefused> {
    Namer::new(Names::Refuse, true).place(prefix, key, size)
}

#[test]
fn a_key_becomes_a_path_below_the_directory_or_is_refused() {
    let file = |path: &str| Ok(Some(LocalPath::File(path.into())));
    for (key, expected) in [
        ("app/a", file("a")),
        ("app/b/c d+%.txt", file("b/c d+%.txt")),
        ("app/größe/鍵", file("größe/鍵")),
        ("app/folder/", Ok(Some(LocalPath::Directory("folder".into())))),
        ("app/", Ok(None)),
        ("app/../etc/passwd", Err(PathRefused::Traversal)),
        ("app/a/..", Err(PathRefused::Traversal)),
        ("app/./a", Err(PathRefused::Traversal)),
        ("app//etc/passwd", Err(PathRefused::EmptyLevel)),
        ("app/a//b", Err(PathRefused::EmptyLevel)),
        ("app/a//", Err(PathRefused::EmptyLevel)),
        ("app/a\0b", Err(PathRefused::Character)),
        ("app/...", file("...")),
    ] {
        assert_eq!(placed("app/", key, 0), expected, "{key:?}");
    }
    assert_eq!(placed("", "/etc/passwd", 1), Err(PathRefused::EmptyLevel));
    assert_eq!(placed("", &"x".repeat(256), 1), Err(PathRefused::TooLong));
}

#[test]
fn key_that_would_lose_its_bytes_is_refused() {
    assert_eq!(placed("t/", "t/d/marker/", 3), Err(PathRefused::BytesOfDirectory));
    assert_eq!(placed("t/", "t/", 3), Err(PathRefused::BytesOfDirectory));
    let mut namer = Namer::new(Names::Refuse, true);
    assert!(namer.place("t/", "t/a", 1).is_ok() && namer.place("t/", "t/a.b", 1).is_ok());
    assert_eq!(namer.place("t/", "t/a/b", 1), Err(PathRefused::FileAndDirectory));
}

#[test]
fn case_collides_only_where_file_system_folds_it() {
    for (is_case_sensitive, expected) in [(true, true), (false, false)] {
        let mut namer = Namer::new(Names::Refuse, is_case_sensitive);
        namer.place("", "Case", 1).unwrap();
        assert_eq!(namer.place("", "case", 1).is_ok(), expected);
    }
}

#[test]
fn escaped_names_lead_back_to_their_keys() {
    let long = format!("{}/{}", "x".repeat(600), "ä".repeat(300));
    let mut keys = [
        "a",
        "a/b",
        "a/b/c",
        "a/",
        "d/marker/",
        "//two",
        "x//y",
        "..",
        "../../out",
        ".",
        "100%",
        "%41",
        "Case",
        "cAse",
        "case",
        "Dir/x",
        "dir/x",
        "dir/y",
        &long,
    ];
    keys.sort_unstable();
    for is_case_sensitive in [true, false] {
        let mut namer = Namer::new(Names::Escape, is_case_sensitive);
        let mut seen = std::collections::BTreeSet::new();
        for key in keys {
            let Ok(Some(LocalPath::File(path))) = namer.place("t/", &format!("t/{key}"), 1) else { panic!("{key}") };
            assert_eq!(key_of(&path).as_deref(), Some(key), "{path:?}");
            assert!(path.components().all(|part| part.as_os_str().len() <= 255), "{path:?}");
            let text = path.to_str().unwrap().to_owned();
            let text = if is_case_sensitive { text } else { text.to_lowercase() };
            assert!(seen.iter().all(|other: &String| !other.starts_with(&format!("{text}/"))), "{text} is a directory");
            assert!(
                seen.iter().all(|other: &String| !text.starts_with(&format!("{other}/"))),
                "{text} is below a file: {seen:?}"
            );
            assert!(seen.insert(text.clone()), "{text} twice");
        }
    }
}

#[test]
fn copy_from_archive_is_readable() {
    for (asked, version, present, expected) in [
        (None, None, None, None),
        (None, Some("STANDARD_IA"), Some("GLACIER_IR"), Some("STANDARD_IA")),
        (None, Some("GLACIER"), Some("STANDARD_IA"), Some("STANDARD_IA")),
        (None, Some("GLACIER"), Some("DEEP_ARCHIVE"), None),
        (None, Some("DEEP_ARCHIVE"), None, None),
        (Some("GLACIER"), Some("GLACIER"), None, Some("GLACIER")),
        (Some("STANDARD"), Some("STANDARD_IA"), None, None),
    ] {
        assert_eq!(storage_class_of_copy(asked, version, present).as_deref(), expected, "{asked:?} {version:?}");
    }
}

#[test]
fn trash_tells_the_first_deletion_since_the_last_version() {
    let told = |text: &str, since: Option<i64>| match deleted(
        &history(text, &[]),
        since.map(|second| Timestamp::from_second(second).unwrap()),
    ) {
        Verdict::Change(change) => {
            format!("{} deleted at {}", change.version.version_id, change.deleted_at.unwrap().as_second())
        }
        other => format!("{other:?}"),
    };
    assert_eq!(told("m3@9* m2@7 v1@3", None), "v1 deleted at 7");
    assert_eq!(told("m2@7* v1@3", Some(7)), "v1 deleted at 7");
    assert_eq!(told("m2@7* v1@3", Some(8)), "Unchanged");
    assert_eq!(told("v2@9* m2@7 v1@3", None), "Unchanged");
    assert_eq!(told("m2@7*", None), "Unchanged");
}

#[test]
fn parts_are_those_of_the_original_upload_or_few_enough() {
    const MIB: u64 = 1024 * 1024;
    assert_eq!(part_size(100 * MIB, Some(8 * MIB), 64 * MIB), 8 * MIB);
    assert_eq!(part_size(100 * MIB, None, 64 * MIB), 64 * MIB);
    assert_eq!(part_size(100_000 * MIB, Some(MIB), MIB), 10 * MIB);
    assert_eq!(part_size(0, None, 0), 1);
    // A server that does not tell: what uploaders take by default, else whole MiB.
    for (size, count, expected) in [
        (9 * MIB, 2, Some(8 * MIB)),
        (5 * MIB + 3, 2, Some(5 * MIB)),
        (100 * MIB, 13, Some(8 * MIB)),
        (100 * MIB, 5, Some(20 * MIB)),
        (100 * MIB, 99, None),
        (1, 1, Some(8 * MIB)),
        (0, 1, None),
    ] {
        assert_eq!(likely_part_size(size, count), expected, "{size} {count}");
    }
    let cut: Vec<Part> = parts(25, 10).collect();
    let expected = [(1, 0, 9), (2, 10, 19), (3, 20, 24)].map(|(number, first, last)| Part { number, first, last });
    assert_eq!(cut, expected);
    assert_eq!(cut[2].range(), "bytes=20-24");
    assert_eq!(parts(20, 10).count(), 2);
    assert_eq!(parts(0, 10).count(), 0);
}

proptest! {
    #[test]
    fn escaped_key_stays_in_the_directory_and_leads_back(
        keys in proptest::collection::btree_set("[aA./%\\\\\0+-]{1,9}", 1..12), is_case_sensitive in any::<bool>()
    ) {
        let mut namer = Namer::new(Names::Escape, is_case_sensitive);
        let mut seen = std::collections::BTreeSet::new();
        for key in keys {
            let Ok(Some(LocalPath::File(path))) = namer.place("", &key, 1) else { panic!("{key}") };
            prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))), "{path:?}");
            prop_assert_eq!(key_of(&path), Some(key));
            let text = path.to_str().unwrap().to_owned();
            let text = if is_case_sensitive { text } else { text.to_lowercase() };
            prop_assert!(seen.insert(text.clone()), "{} twice", text);
        }
    }

    #[test]
    fn no_key_leaves_the_directory(key in "[a./\\\\\0]{0,12}") {
        if let Ok(Some(LocalPath::File(path) | LocalPath::Directory(path))) = placed("", &key, 0) {
            prop_assert!(path.is_relative());
            prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))), "{path:?}");
        }
    }

    #[test]
    fn parts_cover_every_byte_once(size in 1_u64..1_000_000, step in 1_u64..100_000) {
        let mut next = 0;
        for part in parts(size, step) {
            prop_assert_eq!(part.first, next);
            prop_assert!(part.last >= part.first && part.last - part.first < step);
            next = part.last + 1;
        }
        prop_assert_eq!(next, size);
    }
}

//! When two outputs are the same but for what is different in every run.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use snapbox::{Assert, IntoData, Redactions};

/// What is different in every run. The book shows real ones, which read better than placeholders.
const DIFFERENT: [(&str, &str); 10] = [
    ("[TIME]", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"),
    ("[CHART]", r"▕[^▏]*▏"),
    ("[SCALE]", r"█ = \d+"),
    ("[RESTORE]", r"\d{8}T\d{9}Z-[0-9a-f]{6}"),
    ("[DRILL]", r"drill-[0-9A-Za-z-]+"),
    ("[SECONDS]", r"\b\d+(\.\d+)? ?(ms|s)\b"),
    ("[BUCKET]", r"backups-(vault-)?bucket-[0-9a-z]+"),
    ("[PORT]", r"127\.0\.0\.1:\d+"),
    ("[VERSION]", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    ("[HASH]", r"\b[0-9a-f]{32,64}\b"),
];

/// Columns are as wide as what is in them.
const SPACE: &str = " {2,}|─+";

/// What readers copy from an output into a later command: a time, the id of a restore, a bucket.
const COPIED: &str =
    r"\d{8}T\d{9}Z-[0-9a-f]{6}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|backups-(vault-)?bucket-[0-9a-z]+";

static REDACTIONS: LazyLock<Redactions> = LazyLock::new(|| {
    let mut redactions = Redactions::new();
    for (placeholder, pattern) in DIFFERENT {
        let pattern = regex(pattern);
        let inserted = redactions.insert(placeholder, pattern);
        assert!(inserted.is_ok(), "{placeholder} is no placeholder");
    }
    redactions
});

#[allow(clippy::expect_used, reason = "the patterns are those of this file, and every test uses them")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

fn same_in_every_run(text: &str) -> String {
    let space = regex(SPACE);
    let text = REDACTIONS.redact(text);
    text.lines().map(|line| space.replace_all(line.trim_end(), " ").into_owned() + "\n").collect()
}

/// What stands in the place of what the page shows.
#[derive(Debug, Default)]
pub struct Copied(BTreeMap<String, String>);

impl Copied {
    /// Notes what was printed where the page shows something that may be copied.
    pub fn learn(&mut self, shown: &str, printed: &str) {
        // Then what stands where is not known.
        if leaves_out(shown) {
            return;
        }
        let pattern = regex(COPIED);
        let found = |text: &str| pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect::<Vec<_>>();
        let (shown, printed) = (found(shown), found(printed));
        // The first meaning stays.
        for (shown, printed) in shown.into_iter().zip(printed) {
            self.0.entry(shown).or_insert(printed);
        }
    }

    /// A command of the page as it has to be typed now.
    pub fn typed(&self, command: &str) -> String {
        let pattern = regex(COPIED);
        let of = |found: &Captures| self.0.get(&found[0]).cloned().unwrap_or_else(|| found[0].to_owned());
        pattern.replace_all(command, of).into_owned()
    }
}

/// Whether the book leaves out a part of an output.
pub fn leaves_out(shown: &str) -> bool {
    shown.contains("[..]") || shown.lines().any(|line| line == "...")
}

/// Compares what was printed with what the book shows, in which `[..]` and a line `...` stand for anything.
///
/// # Errors
/// The difference, line by line.
pub fn alike(printed: &str, shown: &str) -> Result<(), String> {
    let (printed, shown) = (same_in_every_run(printed), same_in_every_run(shown));
    let told = Assert::new().normalize_paths(false).try_eq(None, printed.into_data(), shown.into_data());
    told.map_err(|difference| difference.to_string())
}

#[test]
fn what_is_different_in_every_run_is_no_difference() {
    let shown = " /app/host   2026-11-22T09:13:11Z\n────────────\nundo with: ssmbak undo 20261122T091318059Z-4f3a9c\n";
    let printed =
        " /app/host   2027-01-02T01:02:03.5Z \n──────────────\nundo with: ssmbak undo 20270102T010203500Z-000000";
    alike(printed, shown).unwrap();
}

#[test]
fn all_else_is_one() {
    for (printed, shown) in [
        ("1 created", "2 created"),
        ("/app/a", "/app/b"),
        ("one\ntwo", "one"),
        ("one", "one\ntwo"),
        ("", "one"),
        ("one\n\ntwo", "one\ntwo"),
        ("2026-11-22", "2026-11-23"),
        (r"a\n", "a/n"),
    ] {
        assert!(alike(printed, shown).is_err(), "{printed} is not {shown}");
    }
}

#[test]
fn anything_may_stand_for_anything_if_the_book_says_so() {
    alike("a b c\nd\ne\n", "a [..] c\n...\ne").unwrap();
}

#[test]
fn what_is_copied_from_an_output_is_what_was_printed() {
    let mut copied = Copied::default();
    copied
        .learn("at 2026-11-22T09:13:11Z and 2026-11-22T09:13:12Z", "at 2027-01-01T00:00:00Z and 2027-01-01T00:00:01Z");
    copied.learn("undo 20261122T091318059Z-4f3a9c", "undo 20270102T010203500Z-000000");
    // The first meaning stays.
    copied.learn("2026-11-22T09:13:11Z", "2028-01-01T00:00:00Z");
    assert_eq!(copied.typed("preview / 2026-11-22T09:13:11Z"), "preview / 2027-01-01T00:00:00Z");
    assert_eq!(copied.typed("undo 20261122T091318059Z-4f3a9c"), "undo 20270102T010203500Z-000000");
    assert_eq!(copied.typed("preview / 2020-01-01T00:00:00Z"), "preview / 2020-01-01T00:00:00Z");
}

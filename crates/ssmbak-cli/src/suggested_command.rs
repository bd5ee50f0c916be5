//! Commands that are printed to be typed.

use ssmbak_core::plan::Query;

use crate::bucket::BucketArgs;
use crate::global::GlobalArgs;

/// The `ssmbak restore` that restores the same selection to `time`.
pub fn restore(question: &Query, bucket: &BucketArgs, time: &str, global: &GlobalArgs) -> String {
    let mut words: Vec<&str> = vec!["restore"];
    words.extend(question.paths.iter().map(String::as_str));
    words.push(time);
    if question.recursive {
        words.push("-R");
    }
    for glob in &question.include {
        words.extend(["--include", glob]);
    }
    for glob in &question.exclude {
        words.extend(["--exclude", glob]);
    }
    words.extend(question.assume_absent.then_some("--assume-absent"));
    words.extend(question.no_delete.then_some("--no-delete"));
    if let Some(to) = &question.to {
        words.extend(["--to", to]);
    }
    command(words, bucket, global)
}

/// The `ssmbak restore` that applies a saved plan, which knows its bucket.
pub fn plan(file: &str, global: &GlobalArgs) -> String {
    let bucket = BucketArgs::default();
    command(vec!["restore", "--plan", file], &bucket, global)
}

/// The `ssmbak undo` of a restore.
pub fn undo(id: &str, bucket: &BucketArgs, global: &GlobalArgs) -> String {
    command(vec!["undo", id], bucket, global)
}

/// `ssmbak` with these words, and where it was told to look.
fn command<'a>(mut words: Vec<&'a str>, bucket: &'a BucketArgs, global: &'a GlobalArgs) -> String {
    words.insert(0, "ssmbak");
    let options = [
        ("-b", &bucket.bucket),
        ("--profile", &global.profile),
        ("--region", &global.region),
        ("--endpoint-url", &global.endpoint_url),
    ];
    for (option, value) in options {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            words.extend([option, value]);
        }
    }
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for one.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.-:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_as_it_is_to_be_typed() {
        let question = Query {
            paths: vec!["/a/".to_owned()],
            recursive: true,
            include: vec!["*_token".to_owned()],
            no_delete: true,
            ..Query::default()
        };
        let bucket = BucketArgs { bucket: Some("backup".to_owned()) };
        let global = GlobalArgs { region: Some("eu-west-1".to_owned()), ..GlobalArgs::default() };
        let line = restore(&question, &bucket, "2026-01-01T00:00:00.250000Z", &global);
        insta::assert_snapshot!(line, @"ssmbak restore /a/ 2026-01-01T00:00:00.250000Z -R --include '*_token' --no-delete -b backup --region eu-west-1");
        insta::assert_snapshot!(plan("a plan.json", &global), @"ssmbak restore --plan 'a plan.json' --region eu-west-1");
        insta::assert_snapshot!(undo("x-1", &bucket, &global), @"ssmbak undo x-1 -b backup --region eu-west-1");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}

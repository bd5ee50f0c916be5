//! Commands that are printed to be typed.

use crate::asked::AskedArgs;
use crate::global::GlobalArgs;

/// The `ssmbak restore` that restores the same selection to `time`.
pub fn restore(asked: &AskedArgs, paths: &[String], time: &str, global: &GlobalArgs) -> String {
    let mut words: Vec<&str> = vec!["ssmbak", "restore"];
    words.extend(paths.iter().map(String::as_str));
    words.push(time);
    if asked.recursive {
        words.push("-R");
    }
    for glob in &asked.include {
        words.extend(["--include", glob]);
    }
    for glob in &asked.exclude {
        words.extend(["--exclude", glob]);
    }
    let options = [
        ("-b", &asked.bucket.bucket),
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
    use crate::bucket::BucketArgs;

    #[test]
    fn a_command_is_printed_as_it_is_to_be_typed() {
        let asked = AskedArgs {
            recursive: true,
            include: vec!["*_token".to_owned()],
            bucket: BucketArgs { bucket: Some("backup".to_owned()) },
            ..AskedArgs::default()
        };
        let global = GlobalArgs { region: Some("eu-west-1".to_owned()), ..GlobalArgs::default() };
        let line = restore(&asked, &["/a/".to_owned()], "2026-01-01T00:00:00.250000Z", &global);
        insta::assert_snapshot!(line, @"ssmbak restore /a/ 2026-01-01T00:00:00.250000Z -R --include '*_token' -b backup --region eu-west-1");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}

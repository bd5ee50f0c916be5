//! The command line before clap reads it.

use std::ffi::{OsStr, OsString};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak_core::instant::Instant;

/// Lets clap accept a time such as `-15m`: no option begins with a digit, and without its sign it means the same.
pub fn prepared(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    arguments.into_iter().map(|argument| unsigned(&argument).unwrap_or(argument)).collect()
}

fn unsigned(argument: &OsStr) -> Option<OsString> {
    let rest = argument.to_str()?.strip_prefix('-')?;
    // Whether it is a time at all does not depend on when it is read.
    let time = rest.starts_with(|c: char| c.is_ascii_digit())
        && Instant::parse(argument.to_str()?, Timestamp::UNIX_EPOCH, &TimeZone::UTC).is_ok();
    time.then(|| rest.into())
}

/// The value that an option has by all appearances, for what has to be told before the command line can be read.
pub fn early<'a>(arguments: &'a [OsString], long: &str, short: Option<&str>) -> Option<&'a str> {
    let mut found = None;
    let mut texts = arguments.iter().map(|argument| argument.to_str().unwrap_or_default());
    while let Some(text) = texts.next() {
        if text == "--" {
            break;
        } else if text == long || Some(text) == short {
            found = texts.next();
        } else if let Some(value) = text.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value);
        } else if let Some(value) = short.and_then(|short| text.strip_prefix(short)) {
            found = Some(value.strip_prefix('=').unwrap_or(value));
        }
    }
    found
}

/// A number of requests per second.
///
/// # Errors
/// What to give instead.
pub fn rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
    rate.ok_or_else(|| "give a number, such as 3 or 0.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_time_may_have_a_sign() {
        assert_eq!(prepared(words("ssmbak preview /a -15m -R -b x")), words("ssmbak preview /a 15m -R -b x"));
        assert_eq!(prepared(words("ssmbak preview /a -1h30m")), words("ssmbak preview /a 1h30m"));
        for kept in ["ssmbak --put-rate -1", "ssmbak -r eu-1", "ssmbak -15", "ssmbak -v"] {
            assert_eq!(prepared(words(kept)), words(kept));
        }
    }

    #[test]
    fn options_are_recognised_before_they_are_read() {
        let early = |line: &str| early(&words(line), "--output", Some("-o")).map(str::to_owned);
        for line in ["x --output json", "x --output=json y", "-ojson", "x -o json", "-o=json"] {
            assert_eq!(early(line).as_deref(), Some("json"), "{line}");
        }
        assert_eq!(early("x -- --output json"), None);
        assert_eq!(early("x --output"), None);
    }
}

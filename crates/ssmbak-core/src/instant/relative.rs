//! Times before now: `90m`, `1h30m`, `-15m`, `2 hours ago`, `a month and 3 days ago`.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::Fault;

/// How long ago something was. Months and years are kept apart from days, since they have no fixed length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ago {
    months: i64,
    days: i64,
    seconds: i64,
}

/// Units by their names: the parts of a duration they count, and how many of it.
const UNITS: [(&[&str], Ago); 7] = [
    (&["s", "sec", "secs", "second", "seconds"], Ago { months: 0, days: 0, seconds: 1 }),
    (&["m", "min", "mins", "minute", "minutes"], Ago { months: 0, days: 0, seconds: 60 }),
    (&["h", "hr", "hrs", "hour", "hours"], Ago { months: 0, days: 0, seconds: 3600 }),
    (&["d", "day", "days"], Ago { months: 0, days: 1, seconds: 0 }),
    (&["w", "wk", "wks", "week", "weeks"], Ago { months: 0, days: 7, seconds: 0 }),
    (&["mo", "month", "months"], Ago { months: 1, days: 0, seconds: 0 }),
    (&["y", "yr", "yrs", "year", "years"], Ago { months: 12, days: 0, seconds: 0 }),
];

impl Ago {
    /// This and `count` times `unit`; `None` on overflow.
    fn and(self, count: i64, unit: Self) -> Option<Self> {
        let sum = |have: i64, each: i64| each.checked_mul(count).and_then(|more| have.checked_add(more));
        Some(Self {
            months: sum(self.months, unit.months)?,
            days: sum(self.days, unit.days)?,
            seconds: sum(self.seconds, unit.seconds)?,
        })
    }

    /// The moment this long before `now`, by the calendar of UTC: months first, where a day that a month lacks
    /// becomes its last, then days and seconds.
    pub(super) fn before(self, now: Timestamp) -> Result<Timestamp, Fault> {
        let back = || {
            let span = Span::new().try_months(self.months)?.try_days(self.days)?.try_seconds(self.seconds)?;
            now.to_zoned_datetime(TimeZone::UTC).checked_sub(span).map(|then| then.timestamp())
        };
        back().map_err(|_: jiff::Error| Fault::OutOfRange)
    }
}

/// Reads a duration into the past; `None` if the text has another form.
pub(super) fn parse(text: &str) -> Option<Result<Ago, Fault>> {
    let (text, minus) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let mut tokens = tokens(text);
    let is_ago = tokens.last().is_some_and(|last| last.eq_ignore_ascii_case("ago"));
    if is_ago {
        tokens.pop();
    }
    tokens.retain(|token| !token.eq_ignore_ascii_case("and"));
    if (minus && is_ago) || tokens.is_empty() || !tokens.len().is_multiple_of(2) {
        return None;
    }
    let mut sum = Some(Ago::default());
    for pair in tokens.chunks_exact(2) {
        let &[count, unit] = pair else { return None };
        let article = ["a", "an"].iter().any(|article| article.eq_ignore_ascii_case(count));
        let count = match count {
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
            _ if article && is_ago => Some(1),
            _ => return None,
        };
        // A number too large to hold is out of range, but only if the form is right to the end.
        let unit = unit_of(unit)?;
        sum = sum.zip(count).and_then(|(sum, count)| sum.and(count, unit));
    }
    Some(sum.ok_or(Fault::OutOfRange))
}

fn unit_of(word: &str) -> Option<Ago> {
    // "3M" is three months to some and three minutes to others.
    if word == "M" {
        return None;
    }
    let (_, unit) = UNITS.iter().find(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(word)))?;
    Some(*unit)
}

/// Numbers and words, which need no space between them; commas count as spaces.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let other_kind = |c: char| c.is_ascii_digit() != first.is_ascii_digit();
        let (run, after) = rest.split_at(rest.find(other_kind).unwrap_or(rest.len()));
        tokens.extend(run.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()));
        rest = after;
    }
    tokens
}

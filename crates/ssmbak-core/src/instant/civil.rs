//! Dates and times of day: `2024-06-15T17:56:58Z`, `yesterday 18:00`, `last friday 8pm`, `15 June 2024`.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan, ZonedDateTime};

use super::{Fault, Instant, decimals};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Reads a date, at most one time of day before or after it, and at most one zone.
pub(super) fn parse(text: &str, now: Timestamp, local: &TimeZone) -> Result<Instant, Fault> {
    let mut text = text.to_ascii_lowercase();
    if starts_with_iso_date(&text) && matches!(text.as_bytes().get(10..12), Some([b't', b'0'..=b'9'])) {
        text.replace_range(10..11, " ");
    }
    let words = text.split_whitespace().map(|word| word.strip_suffix(',').unwrap_or(word));
    let mut words: Vec<&str> = words.filter(|word| *word != "at").map(without_parentheses).collect();
    let zone = take_zone(&mut words, local);
    let clock = take_clock(&mut words);
    let clock_time = clock.map(|clock| time_of(&clock)).transpose();
    let has_clock = matches!(clock_time, Ok(Some(_)));
    // What `date` prints: an abbreviation, which is a zone only if it is the local one's at that time.
    let abbreviation = if zone.is_none() && has_clock { take_abbreviation(&mut words) } else { None };
    let zone = match (zone, abbreviation) {
        (Some(zone), _) => zone,
        (None, Some(_)) => local.clone(),
        (None, None) => TimeZone::UTC,
    };
    let now = now.to_zoned_datetime(zone.clone());
    let guess = guess_of(&mut words, &now)?;
    let (time, decimals) = clock_time?.unwrap_or((Time::midnight(), 0));
    let date = match guess {
        Guess::Date(date) => date,
        Guess::Unsaid if !words.is_empty() => date_of(&words, now.date())?,
        Guess::Unsaid if has_clock => now.date(),
        Guess::Unsaid => return Err(Fault::Unreadable),
        Guess::Year(date) => {
            // In another year it would be another time.
            if date.to_datetime(time) > now.datetime() {
                return Err(Fault::WhichDay);
            }
            date
        }
    };
    if words.is_empty() && matches!(guess, Guess::Unsaid) && date.to_datetime(time) > now.datetime() {
        return Err(Fault::WhichDay);
    }
    let moment = moment(date.to_datetime(time), &zone, abbreviation)?;
    Ok(Instant::to_decimals(moment, decimals))
}

/// A zone as consoles show it: `(UTC-05:00)`.
fn without_parentheses(word: &str) -> &str {
    word.strip_prefix('(').and_then(|word| word.strip_suffix(')')).unwrap_or(word)
}

/// Takes the zone out of the words, wherever it stands, or off the time of day to which it is attached.
fn take_zone(words: &mut Vec<&str>, local: &TimeZone) -> Option<TimeZone> {
    if let Some((index, zone)) = words.iter().enumerate().find_map(|(index, word)| Some((index, zone_of(word, local)?)))
    {
        words.remove(index);
        return Some(zone);
    }
    let last = words.last_mut()?;
    let (time, zone) = split_zone(last, local)?;
    *last = time;
    Some(zone)
}

/// Takes out what can only be the abbreviation of a zone: `CET`, `EST`.
fn take_abbreviation<'a>(words: &mut Vec<&'a str>) -> Option<&'a str> {
    let named = |word: &str| {
        matches!(word, "today" | "yesterday" | "tomorrow" | "last" | "noon" | "now")
            || month_of(word).is_some()
            || weekday_of(word).is_some()
    };
    let is_abbreviation =
        |word: &&str| (3..=5).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()) && !named(word);
    let index = words.iter().position(is_abbreviation)?;
    Some(words.remove(index))
}

/// A date of which something is left unsaid.
enum Guess {
    Date(Date),
    /// The year.
    Year(Date),
    /// Nothing is known of it yet.
    Unsaid,
}

/// Reads `monday` and `Nov 26`, and takes the name of the day away that stands beside a whole date.
fn guess_of(words: &mut Vec<&str>, now: &ZonedDateTime) -> Result<Guess, Fault> {
    let mut said = None;
    if words.first() != Some(&"last")
        && let Some((index, day)) = words.iter().enumerate().find_map(|(index, word)| Some((index, weekday_of(word)?)))
    {
        words.remove(index);
        said = Some(day);
    }
    match (words.as_slice(), said) {
        ([], Some(day)) if day == now.weekday() => Err(Fault::WhichDay),
        ([], Some(day)) => now.date().nth_weekday(-1, day).map(Guess::Date).map_err(|_| Fault::OutOfRange),
        ([one, two], said) if month_of(one).is_some() != month_of(two).is_some() => {
            let (month, day) = match month_of(one) {
                Some(month) => (month, ordinal(two)),
                None => (month_of(two).unwrap_or(1), ordinal(one)),
            };
            let date = Date::new(now.year(), month, field(day, 2, 31)?).map_err(|_| Fault::NoSuchMoment)?;
            if said.is_some_and(|said| said != date.weekday()) {
                return Err(Fault::WhichDay);
            }
            Ok(Guess::Year(date))
        }
        _ => Ok(Guess::Unsaid),
    }
}

/// Takes the time of day out of the words: `18:00`, `8pm`, `8 pm`, `8:15 pm`.
fn take_clock(words: &mut Vec<&str>) -> Option<String> {
    if let Some(index) = words.iter().position(|word| matches!(*word, "am" | "pm")).filter(|index| *index > 0) {
        let half = words.remove(index);
        return Some(words.remove(index - 1).to_owned() + half);
    }
    let is_clock = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && (word.contains(':') || word.ends_with("am") || word.ends_with("pm"))
    };
    let index = words.iter().position(is_clock)?;
    Some(words.remove(index).to_owned())
}

/// The moment of a local time. Where the clocks are set back, an abbreviation says which of two it is.
fn moment(local: DateTime, zone: &TimeZone, abbreviation: Option<&str>) -> Result<Timestamp, Fault> {
    let candidates = zone.to_ambiguous_timestamp(local);
    if let Some(abbreviation) = abbreviation {
        let is_its = |at: &Timestamp| zone.to_offset_info(*at).abbreviation().eq_ignore_ascii_case(abbreviation);
        let both = [candidates.earlier(), candidates.later()];
        return both.into_iter().flatten().find(is_its).ok_or(Fault::Abbreviation);
    }
    if candidates.is_ambiguous() {
        return Err(Fault::Ambiguous);
    }
    candidates.unambiguous().map_err(|_| Fault::OutOfRange)
}

/// Whether the text starts like `2024-06-15`.
fn starts_with_iso_date(text: &str) -> bool {
    let shape =
        |(index, byte): (usize, &u8)| if matches!(index, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text.as_bytes().iter().take(10).enumerate().all(shape)
}

/// A word that is a zone: `utc`, `z`, `local`, `+02:00`.
fn zone_of(word: &str, local: &TimeZone) -> Option<TimeZone> {
    match word {
        "utc" | "gmt" | "z" => Some(TimeZone::UTC),
        "local" => Some(local.clone()),
        // As consoles show it: "UTC-05:00", "UTC+2".
        _ if word.starts_with("utc") || word.starts_with("gmt") => {
            let (sign, digits) = word[3..].split_at_checked(1)?;
            let hours = digits.split(':').next().unwrap_or_default();
            offset(&if hours.len() == 1 { format!("{sign}0{digits}") } else { word[3..].to_owned() })
        }
        // Standing alone, "-15" would rather be a slip than an offset of fifteen hours.
        _ if word.len() > 3 => offset(word),
        _ => None,
    }
}

/// A time of day and the zone attached to it: `17:56:58z`, `17:56:58+02`.
fn split_zone<'a>(word: &'a str, local: &TimeZone) -> Option<(&'a str, TimeZone)> {
    let (time, zone) = word.split_at(word.find(['+', '-', 'z', 'u', 'g'])?);
    if !time.contains(':') {
        return None;
    }
    Some((time, zone_of(zone, local).or_else(|| offset(zone))?))
}

/// An offset from UTC as in RFC 3339, or shorter: `+02:00`, `-0330`, `+02`.
fn offset(word: &str) -> Option<TimeZone> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':').filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let (hours, minutes) = (number(hours, 23)?, number(minutes, 59)?);
    let offset = Offset::from_seconds(sign * i32::from(hours * 60 + minutes) * 60).ok()?;
    Some(TimeZone::fixed(offset))
}

/// Digits that stand for a number of at most `most`.
fn number(digits: &str, most: i16) -> Option<i16> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().filter(|number| *number <= most)
}

/// Digits, as [`number`]; a number that is too large for its place is no such moment.
fn field<T: TryFrom<i16>>(digits: &str, most_digits: usize, most: i16) -> Result<T, Fault> {
    if digits.is_empty() || digits.len() > most_digits || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Unreadable);
    }
    let number = number(digits, most).ok_or(Fault::NoSuchMoment)?;
    T::try_from(number).map_err(|_| Fault::NoSuchMoment)
}

/// The date that words name, `today` being given.
fn date_of(words: &[&str], today: Date) -> Result<Date, Fault> {
    match words {
        ["today"] => Ok(today),
        ["yesterday"] => today.checked_sub(1.day()).map_err(|_| Fault::OutOfRange),
        ["tomorrow"] => today.checked_add(1.day()).map_err(|_| Fault::OutOfRange),
        ["last", day] => {
            let day = weekday_of(day).ok_or(Fault::Unreadable)?;
            today.nth_weekday(-1, day).map_err(|_| Fault::OutOfRange)
        }
        [iso] if iso.len() == 10 && starts_with_iso_date(iso) => date(&iso[..4], field(&iso[5..7], 2, 12)?, &iso[8..]),
        [one, two, year] => {
            // A day and a month in either order; numbers for both would be ambiguous.
            match (month_of(one), month_of(two)) {
                (Some(month), None) => date(year, month, ordinal(two)),
                (None, Some(month)) => date(year, month, ordinal(one)),
                _ => Err(Fault::Unreadable),
            }
        }
        _ => Err(Fault::Unreadable),
    }
}

fn date(year: &str, month: i8, day: &str) -> Result<Date, Fault> {
    if year.len() != 4 {
        return Err(Fault::Unreadable);
    }
    let (year, day) = (field(year, 4, 9999)?, field(day, 2, 31)?);
    Date::new(year, month, day).map_err(|_| Fault::NoSuchMoment)
}

fn weekday_of(word: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(name, _)| abbreviates(word, name)).map(|(_, day)| *day)
}

fn month_of(word: &str) -> Option<i8> {
    let index = MONTHS.iter().position(|name| abbreviates(word, name))?;
    i8::try_from(index + 1).ok()
}

/// Whether `word` is `name` or its beginning of three letters or more.
fn abbreviates(word: &str, name: &str) -> bool {
    word.len() >= 3 && name.starts_with(word)
}

/// A day of the month without its ending: `15th`.
fn ordinal(day: &str) -> &str {
    ["st", "nd", "rd", "th"].iter().find_map(|ending| day.strip_suffix(ending)).unwrap_or(day)
}

/// A time of day, and how many decimals its seconds have.
fn time_of(text: &str) -> Result<(Time, u32), Fault> {
    let (text, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(text), _) => (text, Some(0)),
        (_, Some(text)) => (text, Some(12)),
        _ => (text, None),
    };
    let (text, (nanos, count)) = match text.split_once(['.', ',']) {
        Some((text, digits)) => (text, decimals(digits).ok_or(Fault::Unreadable)?),
        None => (text, (0, 0)),
    };
    let mut parts = text.split(':');
    let hour: i8 = field(parts.next().unwrap_or_default(), 2, 23)?;
    let minutes = parts.next();
    let seconds = parts.next();
    // Decimals belong to seconds; an hour alone needs its half of the day.
    if parts.next().is_some() || (count > 0 && seconds.is_none()) || (minutes.is_none() && half.is_none()) {
        return Err(Fault::Unreadable);
    }
    let two_digits =
        |digits: &str, most| if digits.len() == 2 { field(digits, 2, most) } else { Err(Fault::Unreadable) };
    let minute = minutes.map_or(Ok(0), |digits| two_digits(digits, 59))?;
    // The leap second of RFC 3339 counts as the second before it, as everywhere in Unix time.
    let second: i8 = seconds.map_or(Ok(0), |digits| two_digits(digits, 60))?;
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return Err(Fault::NoSuchMoment),
        Some(half) => hour % 12 + half,
        None => hour,
    };
    Ok((Time::new(hour, minute, second.min(59), nanos).map_err(|_| Fault::NoSuchMoment)?, count))
}

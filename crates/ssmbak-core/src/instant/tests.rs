mod properties;
mod refused;

use super::*;

/// A Friday afternoon with a fraction.
const NOW: &str = "2024-06-14T15:20:30.123456789Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn parse(text: &str) -> Result<Instant, InstantError> {
    Instant::parse(text, time(NOW), &berlin())
}

fn at(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

fn is_exact(instant: &Instant) -> bool {
    instant.at() == instant.until()
}

#[test]
fn rfc_3339_is_read_in_all_its_spellings() {
    for text in [
        "2024-06-15T17:56:58Z",
        "2024-06-15t17:56:58z",
        "2024-06-15 17:56:58Z",
        "2024-06-15 17:56:58 Z",
        "2024-06-15 17:56:58 UTC",
        "2024-06-15T17:56:58UTC",
        "2024-06-15T19:56:58+02:00",
        "2024-06-15T19:56:58 +0200",
        "2024-06-15T19:56:58+02",
        "2024-06-15T12:26:58-05:30",
        "2024-06-15T17:56:58-00:00",
        "  2024-06-15T17:56:58Z\n",
    ] {
        assert_eq!(at(text), "2024-06-15T17:56:58Z", "{text}");
    }
    assert_eq!(at("2024-12-31T23:59:60Z"), "2024-12-31T23:59:59Z");
    assert_eq!(at("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
}

/// ssmbak 0.5.2 accepted this form alone, and as UTC.
#[test]
fn a_time_without_a_zone_is_utc() {
    assert_eq!(at("2024-06-15T17:56:58"), "2024-06-15T17:56:58Z");
    assert_eq!(at("2024-06-15 17:56"), "2024-06-15T17:56:00Z");
    assert_eq!(at("2024-06-15T17:56Z"), "2024-06-15T17:56:00Z");
    assert_eq!(at("2024-06-15"), "2024-06-15T00:00:00Z");
    assert_eq!(at("2024-06-15 9:30"), "2024-06-15T09:30:00Z");
    assert_eq!(at("2024-06-15 utc"), "2024-06-15T00:00:00Z");
}

#[test]
fn a_local_time_is_read_where_it_is_asked_for() {
    assert_eq!(at("2024-06-15 19:56 local"), "2024-06-15T17:56:00Z");
    assert_eq!(at("2024-01-15T18:56:58 LOCAL"), "2024-01-15T17:56:58Z");
    assert_eq!(at("2024-06-15 local"), "2024-06-14T22:00:00Z");
    assert_eq!(at("yesterday 18:00 local"), "2024-06-13T16:00:00Z");
    // Late in the evening UTC, it is tomorrow in Berlin.
    let late = Instant::parse("today 00:30 local", time("2024-06-14T23:00:00Z"), &berlin()).unwrap();
    assert_eq!(late.to_string(), "2024-06-14T22:30:00Z");
}

#[test]
fn a_local_time_that_is_no_single_moment_is_refused() {
    for text in ["2024-10-27 02:30 local", "2024-03-31 02:30 local"] {
        assert_eq!(parse(text), Err(InstantError::Ambiguous { text: text.to_owned() }));
    }
    assert_eq!(at("2024-10-27 02:30 +02:00"), "2024-10-27T00:30:00Z");
}

#[test]
fn a_time_to_the_second_includes_that_second() {
    for text in ["2024-06-15T17:56:58Z", "2024-06-15T17:56:58", "@1718474218", "2024-06-15 5:56:58pm"] {
        let instant = parse(text).unwrap();
        assert_eq!(instant.at(), time("2024-06-15T17:56:58Z"), "{text}");
        assert_eq!(instant.until(), time("2024-06-15T17:56:58.999999999Z"), "{text}");
        assert!(instant.includes(time("2024-06-15T17:56:57Z")));
        assert!(instant.includes(time("2024-06-15T17:56:58.999999999Z")));
        assert!(!instant.includes(time("2024-06-15T17:56:59Z")));
    }
}

#[test]
fn minutes_and_dates_mean_their_first_second() {
    for text in ["2024-06-15 00:00", "2024-06-15", "15 june 2024", "2024-06-15 12am"] {
        let instant = parse(text).unwrap();
        assert_eq!(instant.at(), time("2024-06-15T00:00:00Z"), "{text}");
        assert_eq!(instant.until(), time("2024-06-15T00:00:00.999999999Z"), "{text}");
    }
}

#[test]
fn a_finer_time_includes_what_its_last_digit_leaves_open() {
    for (text, until) in [
        ("2024-06-15T17:56:58.1Z", "2024-06-15T17:56:58.199999999Z"),
        ("2024-06-15T17:56:58.10Z", "2024-06-15T17:56:58.109999999Z"),
        ("2024-06-15T17:56:58.000Z", "2024-06-15T17:56:58.000999999Z"),
        ("2024-06-15T17:56:58,123", "2024-06-15T17:56:58.123999999Z"),
        ("2024-06-15T19:56:58.123456+02:00", "2024-06-15T17:56:58.123456999Z"),
        ("2024-06-15T17:56:58.123456789Z", "2024-06-15T17:56:58.123456789Z"),
        ("@1718474218.5", "2024-06-15T17:56:58.599999999Z"),
        ("@1718474218.123456789", "2024-06-15T17:56:58.123456789Z"),
    ] {
        assert_eq!(parse(text).unwrap().until(), time(until), "{text}");
    }
}

#[test]
fn now_and_relative_times_are_exact() {
    for (text, expected) in [
        ("now", NOW),
        ("NOW", NOW),
        ("0s", NOW),
        ("90m", "2024-06-14T13:50:30.123456789Z"),
        ("1h30m", "2024-06-14T13:50:30.123456789Z"),
        ("1h 30m ago", "2024-06-14T13:50:30.123456789Z"),
        ("1 hour, 30 minutes ago", "2024-06-14T13:50:30.123456789Z"),
        ("1 hour and 30 minutes ago", "2024-06-14T13:50:30.123456789Z"),
        ("-15m", "2024-06-14T15:05:30.123456789Z"),
        ("2 hours ago", "2024-06-14T13:20:30.123456789Z"),
        ("2 HOURS AGO", "2024-06-14T13:20:30.123456789Z"),
        ("an hour ago", "2024-06-14T14:20:30.123456789Z"),
        ("45 seconds ago", "2024-06-14T15:19:45.123456789Z"),
        ("3d", "2024-06-11T15:20:30.123456789Z"),
        ("2 weeks ago", "2024-05-31T15:20:30.123456789Z"),
        ("1w", "2024-06-07T15:20:30.123456789Z"),
        ("a month ago", "2024-05-14T15:20:30.123456789Z"),
        ("2mo", "2024-04-14T15:20:30.123456789Z"),
        ("1 year ago", "2023-06-14T15:20:30.123456789Z"),
        ("1y2mo3d4h5m6s", "2023-04-11T11:15:24.123456789Z"),
        ("000001h", "2024-06-14T14:20:30.123456789Z"),
    ] {
        let instant = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(instant.at(), time(expected), "{text}");
        assert!(is_exact(&instant), "{text}");
    }
}

#[test]
fn months_and_years_are_those_of_the_calendar() {
    let from = |text: &str, now: &str| Instant::parse(text, time(now), &berlin()).unwrap().to_string();
    assert_eq!(from("1 month ago", "2024-03-31T12:00:00Z"), "2024-02-29T12:00:00Z");
    assert_eq!(from("1 month ago", "2023-03-31T12:00:00Z"), "2023-02-28T12:00:00Z");
    assert_eq!(from("1y", "2024-02-29T12:00:00Z"), "2023-02-28T12:00:00Z");
    // Days are days of UTC, whatever the local clocks did in between.
    assert_eq!(from("1d", "2024-03-31T12:00:00Z"), "2024-03-30T12:00:00Z");
}

#[test]
fn days_are_named_with_a_time_of_day() {
    for (text, expected) in [
        ("yesterday 18:00", "2024-06-13T18:00:00Z"),
        ("Yesterday at 18:00", "2024-06-13T18:00:00Z"),
        ("18:00 yesterday", "2024-06-13T18:00:00Z"),
        ("yesterday 18:00:05.5", "2024-06-13T18:00:05.5Z"),
        ("yesterday 18:00+02:00", "2024-06-13T16:00:00Z"),
        ("yesterday 6 pm UTC", "2024-06-13T18:00:00Z"),
        ("yesterday 6:15 PM", "2024-06-13T18:15:00Z"),
        ("yesterday", "2024-06-13T00:00:00Z"),
        ("today 09:30", "2024-06-14T09:30:00Z"),
        ("today 9:30am", "2024-06-14T09:30:00Z"),
        ("today", "2024-06-14T00:00:00Z"),
        ("tomorrow 00:00", "2024-06-15T00:00:00Z"),
        ("today 12am", "2024-06-14T00:00:00Z"),
        ("today 12pm", "2024-06-14T12:00:00Z"),
        ("today 1am", "2024-06-14T01:00:00Z"),
        ("today 11pm", "2024-06-14T23:00:00Z"),
        ("last friday 8pm", "2024-06-07T20:00:00Z"),
        ("LAST FRIDAY 8PM", "2024-06-07T20:00:00Z"),
        ("8pm last fri", "2024-06-07T20:00:00Z"),
        ("last thursday 23:59", "2024-06-13T23:59:00Z"),
        ("last saturday", "2024-06-08T00:00:00Z"),
        ("last tues 10:00", "2024-06-11T10:00:00Z"),
    ] {
        assert_eq!(at(text), expected, "{text}");
    }
}

#[test]
fn a_named_month_may_stand_before_or_after_the_day() {
    for text in [
        "15 June 2024 17:56",
        "June 15, 2024 17:56",
        "15th june 2024 at 5:56pm",
        "17:56 15 jun 2024",
        "Jun 15 2024, 17:56 UTC",
    ] {
        assert_eq!(at(text), "2024-06-15T17:56:00Z", "{text}");
    }
    assert_eq!(at("1 sept 2024"), "2024-09-01T00:00:00Z");
}

#[test]
fn what_consoles_and_date_print_is_read() {
    for (text, expected) in [
        ("October 6, 2021, 11:58:32 (UTC-05:00)", "2021-10-06T16:58:32Z"),
        ("October 6, 2021 at 11:58 (UTC-5)", "2021-10-06T16:58:00Z"),
        ("Oct 6, 2021, 11:58:32 AM UTC+5:30", "2021-10-06T06:28:32Z"),
        ("Wed, 06 Oct 2021 16:58:32 GMT", "2021-10-06T16:58:32Z"),
        // The name of the day decides nothing where the date is whole.
        ("Tue, 06 Oct 2021 16:58:32 GMT", "2021-10-06T16:58:32Z"),
        ("2021-10-06 16:58:32 UTC", "2021-10-06T16:58:32Z"),
        ("Wed Oct  6 16:58:32 UTC 2021", "2021-10-06T16:58:32Z"),
        ("Wed Oct  6 04:58:32 PM UTC 2021", "2021-10-06T16:58:32Z"),
        ("Wed Oct 6 11:58:32 -0500 2021", "2021-10-06T16:58:32Z"),
        ("Wed 06 Oct 2021 16:58:32 +00:00", "2021-10-06T16:58:32Z"),
        // Berlin's own, in summer, in winter, and on both sides of the change of the clocks.
        ("Fri Jun 14 17:00:00 CEST 2024", "2024-06-14T15:00:00Z"),
        ("Thu Nov 23 16:56:12 CET 2023", "2023-11-23T15:56:12Z"),
        ("2024-10-27 02:30 CEST", "2024-10-27T00:30:00Z"),
        ("2024-10-27 02:30 CET", "2024-10-27T01:30:00Z"),
        ("1633539512123", "2021-10-06T16:58:32.123Z"),
        ("@1633539512123", "2021-10-06T16:58:32.123Z"),
    ] {
        assert_eq!(at(text), expected, "{text}");
    }
    let milliseconds = parse("1633539512000").unwrap();
    assert_eq!(milliseconds.until(), time("2021-10-06T16:58:32.000999999Z"));
}

#[test]
fn what_can_only_mean_one_day_needs_no_date() {
    // It is Friday, 14 June 2024, 15:20.
    for (text, expected) in [
        ("3am", "2024-06-14T03:00:00Z"),
        ("15:20", "2024-06-14T15:20:00Z"),
        ("17:15 local", "2024-06-14T15:15:00Z"),
        ("00:00", "2024-06-14T00:00:00Z"),
        ("monday", "2024-06-10T00:00:00Z"),
        ("saturday 8pm", "2024-06-08T20:00:00Z"),
        ("Jun 13 16:56", "2024-06-13T16:56:00Z"),
        ("Jun 14 15:00", "2024-06-14T15:00:00Z"),
        ("13 June", "2024-06-13T00:00:00Z"),
        ("Thu Jun 13 16:56", "2024-06-13T16:56:00Z"),
    ] {
        assert_eq!(at(text), expected, "{text}");
    }
}

#[test]
fn a_future_time_is_legal_and_known_as_such() {
    let now = time(NOW);
    assert!(parse("2999-01-01").unwrap().is_future(now));
    assert!(parse("tomorrow 09:00").unwrap().is_future(now));
    assert!(parse("today 15:21").unwrap().is_future(now));
    // The second that is running has begun.
    assert!(!parse("2024-06-14T15:20:30Z").unwrap().is_future(now));
    assert!(!parse("now").unwrap().is_future(now));
    assert!(!parse("1s").unwrap().is_future(now));
}

#[test]
fn an_exact_instant_is_spelled_to_the_nanosecond() {
    let exact = Instant::exact(time("2024-06-15T17:56:58Z"));
    assert_eq!(exact.to_string(), "2024-06-15T17:56:58Z");
    assert_eq!(exact.to_argument(), "2024-06-15T17:56:58.000000000Z");
    assert_eq!(parse("2024-06-15 17:56").unwrap().to_argument(), "2024-06-15T17:56:00Z");
    assert_eq!(parse("2024-06-15 17:56:58.120").unwrap().to_argument(), "2024-06-15T17:56:58.120Z");
}

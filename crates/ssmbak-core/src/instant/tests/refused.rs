use super::*;

#[test]
fn nothing_is_not_a_time() {
    for text in ["", " ", "\t\n", "\u{3000}"] {
        assert_eq!(parse(text), Err(InstantError::Empty));
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for text in [
        "garbage",
        "NaN",
        "inf",
        "-",
        "@",
        "@-5",
        "@1.",
        "@.5",
        "@1e9",
        "@ 5",
        "@1718309456.1234567890",
        "@0x10",
        "1718309456",
        "20240615",
        "20240615T175658Z",
        "2024-6-15",
        "2024/06/15",
        "01/04/18",
        "15.06.2024",
        "24-06-15",
        "10000-01-01",
        "-2024-06-15",
        "+2024-06-15",
        "2024-06-15Z",
        "2024-06-15T",
        "2024-06-15T17",
        "2024-06-15 17",
        "2024-06-15T17:5",
        "2024-06-15T17:56:5",
        "2024-06-15T17:56:58.",
        "2024-06-15T17:56:58.Z",
        "2024-06-15T17:56:58.1234567890Z",
        "2024-06-15T17:56.5",
        "2024-06-15T17:56:58:01",
        "2024-06-15T17:56:58 banana",
        "2024-06-15T17:56:58Z now",
        "2024-06-15T17:56:58+2",
        "2024-06-15T17:56:58+24:00",
        "2024-06-15T17:56:58+02:60",
        "2024-06-15T17:56:58[Europe/Berlin]",
        "2024-06-15 -15",
        "yesterday -15",
        "2024-06-15T-1:00",
        "2024-W24-6",
        "next friday",
        "last",
        "last june",
        "last week",
        "yesterday today",
        "15 june 24",
        "june june 2024",
        "15 15 2024",
        "yesterday pm",
        "pm",
        "am",
        "utc",
        "local",
        "at",
        "ago",
        "2",
        "2 ago",
        "hours ago",
        "an hour",
        "a a ago",
        "two hours ago",
        "+15m",
        "in 15m",
        "-15m ago",
        "1.5h",
        "1,5",
        "3M",
        "3M ago",
        "5 bananas ago",
        "2 hours ago UTC",
        "1h 30",
        "--5m",
        "now now",
        "t",
        "ｎｏｗ",
        "２ hours ago",
        "2024-06-15T17:56:58Ż",
        "yesterday 18:00\u{200b}",
        "\0",
    ] {
        let text = text.to_owned();
        assert_eq!(parse(&text), Err(InstantError::Unreadable { text }));
    }
    assert!(matches!(parse(&"1h".repeat(200)), Err(InstantError::Unreadable { .. })));
}

#[test]
fn what_no_calendar_or_clock_has_is_refused() {
    for text in [
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-06-00",
        "2024-06-31 10:00",
        "31 june 2024",
        "0 june 2024",
        "2024-06-15T24:00:00",
        "2024-06-15T25:00",
        "2024-06-15T17:60",
        "2024-06-15T17:56:61",
        "today 13pm",
        "today 0am",
        "today 99:00",
    ] {
        let text = text.to_owned();
        assert_eq!(parse(&text), Err(InstantError::NoSuchMoment { text }));
    }
}

#[test]
fn what_lies_too_far_off_is_refused() {
    for text in [
        "0000-01-01",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59Z",
        "3000 years ago",
        "999999999 years ago",
        "99999999999999999999 days ago",
        "9223372036854775807s",
        "9223372036854775807w",
        "9223372036854775807s 1s",
        "@99999999999999999999",
    ] {
        let text = text.to_owned();
        assert_eq!(parse(&text), Err(InstantError::OutOfRange { text }));
    }
    assert_eq!(at("0001-01-01"), "0001-01-01T00:00:00Z");
    assert_eq!(at("9999-12-30T22:00:00Z"), "9999-12-30T22:00:00Z");
    assert_eq!(parse("9999-12-30T22:00:00Z").unwrap().until(), Timestamp::MAX);
    assert_eq!(at("1969-12-31T23:59:58.5Z"), "1969-12-31T23:59:58.5Z");
}

#[test]
fn messages_say_what_to_do_and_repeat_no_control_characters() {
    let error = parse("next\u{1b}[31m tuesday").unwrap_err();
    assert_eq!(error.to_string(), "cannot read \"next\\u{1b}[31m tuesday\" as a time");
    assert!(parse(&"x".repeat(100_000)).unwrap_err().to_string().len() < 250);
}

#[test]
fn a_time_that_may_mean_more_than_one_day_is_refused() {
    // It is Friday, 14 June 2024, 15:20.
    for text in ["16:56", "8pm", "18:00", "friday", "friday 8pm", "Dec 24 16:56", "Jun 14 16:00", "Mon Jun 13 16:56"] {
        let text = text.to_owned();
        assert_eq!(parse(&text), Err(InstantError::WhichDay { text }));
    }
}

#[test]
fn an_abbreviation_of_another_zone_is_refused() {
    for text in ["Thu Nov 23 16:56:12 EST 2023", "2024-06-14 12:00 CET", "2024-06-14 12:00 IST"] {
        let text = text.to_owned();
        assert_eq!(parse(&text), Err(InstantError::Abbreviation { text }));
    }
}

/// Every form that the hint shows is one.
#[test]
fn the_hint_tells_the_truth() {
    let hint = InstantError::Empty.hint();
    let quoted = hint.split('"').skip(1).step_by(2);
    let plain = hint.trim_start_matches("accepted: ").split('"').step_by(2).flat_map(|part| part.split([',']));
    let forms: Vec<&str> = plain
        .chain(quoted)
        .flat_map(|part| part.split(" and "))
        .map(|form| form.trim().trim_end_matches("(UTC)").trim())
        .filter(|form| !form.is_empty())
        .collect();
    assert!(forms.len() > 12, "{forms:?}");
    for form in forms {
        assert!(parse(form).is_ok(), "{form}");
    }
}

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

/// Words of the grammar in any order.
fn phrase() -> impl Strategy<Value = String> {
    let word = "[0-9]{1,12}|[0-9]{1,2}:[0-9]{2}|2024-06-15|last|friday|yesterday|ago|and|at|am|pm|z|utc|local|\\+02:00|\
                june|hours|m|months|y|an|,|@|-|\\.|é";
    proptest::collection::vec(word, 1..6)
        .prop_flat_map(|words| any::<bool>().prop_map(move |spaced| words.join(if spaced { " " } else { "" })))
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn phrases_never_panic_and_are_spelled_back(text in phrase()) {
        if let Ok(instant) = parse(&text) {
            prop_assert!(instant.includes(instant.at()));
            prop_assert_eq!(parse(&instant.to_argument()).unwrap(), instant);
        }
    }

    #[test]
    fn any_clock_will_do(seconds in -62_135_596_800i64..=253_402_207_200, text in phrase()) {
        let _ = Instant::parse(&text, Timestamp::new(seconds, 0).unwrap(), &berlin());
    }

    #[test]
    fn rfc_3339_is_read_as_jiff_reads_it(seconds in 0i64..=253_402_207_200, nanos in 0i32..1_000_000_000, decimals in 0usize..=9) {
        let exact = Timestamp::new(seconds, nanos).unwrap();
        let text = format!("{exact:.decimals$}");
        let instant = parse(&text).unwrap();
        prop_assert_eq!(instant.at(), text.parse::<Timestamp>().unwrap());
        prop_assert!(instant.at() <= exact && instant.includes(exact));
        prop_assert_eq!(instant.to_argument(), text);
    }

    #[test]
    fn offsets_and_epochs_agree(seconds in 86_400i64..=4_000_000_000, hours in -23i8..=23) {
        let at = Timestamp::from_second(seconds).unwrap();
        let zoned = at.to_zoned_datetime(TimeZone::fixed(jiff::tz::Offset::constant(hours)));
        let text = zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        prop_assert_eq!(parse(&text).unwrap(), parse(&format!("@{seconds}")).unwrap());
    }

    #[test]
    fn a_naive_time_is_read_as_the_original_did(days in 0i32..20_000, second in 0i32..86_400) {
        let naive = date(1990, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap().at(0, 0, 0, 0)
            .checked_add(jiff::Span::new().seconds(second)).unwrap();
        let text = naive.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        prop_assert_eq!(parse(&text).unwrap().at(), naive.to_zoned_datetime(TimeZone::UTC).unwrap().timestamp());
    }

    #[test]
    fn relative_times_add_up(hours in 0i64..10_000, minutes in 0i64..10_000) {
        let read = parse(&format!("{hours}h{minutes}m")).unwrap();
        let expected = time(NOW) - SignedDuration::from_mins(hours * 60 + minutes);
        prop_assert_eq!(read, Instant::exact(expected));
    }
}

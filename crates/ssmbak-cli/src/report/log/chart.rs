//! When things changed, as a line of bars.

use jiff::Timestamp;
use ssmbak_text::bars::Columns;

use super::super::short_time;

/// How many changes there were over time: bars between the first and the last moment, each for the same span.
/// `None` if there is nothing to see.
pub fn chart(times: &[Timestamp], width: usize) -> Option<String> {
    let (first, last) = (times.iter().min()?, times.iter().max()?);
    if times.len() < 3 || first.as_second() == last.as_second() {
        return None;
    }
    let (bars, most) = Columns::new(*first, *last, width)?.bars(times.iter().copied());
    Some(format!("{} ▕{bars}▏ {}  (█ = {most})", short_time(*first), short_time(*last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(seconds: &[i64]) -> Vec<Timestamp> {
        seconds.iter().map(|second| Timestamp::from_second(*second).unwrap()).collect()
    }

    #[test]
    fn changes_over_time_are_bars() {
        let shown = chart(&times(&[0, 1, 2, 3, 50, 99, 98]), 10).unwrap();
        insta::assert_snapshot!(shown, @"1970-01-01T00:00:00Z ▕█    ▂   ▄▏ 1970-01-01T00:01:39Z  (█ = 4)");
    }

    #[test]
    fn there_may_be_nothing_to_see() {
        assert_eq!(chart(&[], 10), None);
        assert_eq!(chart(&times(&[1, 2]), 10), None);
        assert_eq!(chart(&times(&[5, 5, 5]), 10), None);
        assert_eq!(chart(&times(&[0, 5, 10]), 0), None);
        let far = [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX];
        assert!(chart(&far, 60).is_some());
    }
}

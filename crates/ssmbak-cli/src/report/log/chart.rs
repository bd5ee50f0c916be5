//! When things changed, as a line of bars.

use jiff::Timestamp;

use super::super::short_time;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many changes there were over time: bars between the first and the last moment, each for the same span.
/// `None` if there is nothing to see.
pub fn chart(times: &[Timestamp], width: usize) -> Option<String> {
    let (first, last) = (times.iter().min()?, times.iter().max()?);
    let span = last.as_second().checked_sub(first.as_second()).filter(|span| *span > 0)?;
    if times.len() < 3 || width == 0 {
        return None;
    }
    let mut counts = vec![0_usize; width];
    for time in times {
        let part = i128::from(time.as_second() - first.as_second()) * width as i128 / (i128::from(span) + 1);
        if let Some(count) = usize::try_from(part).ok().and_then(|part| counts.get_mut(part)) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: usize| match count {
        0 => ' ',
        count => BARS.get((count * BARS.len()).div_ceil(most) - 1).copied().unwrap_or('█'),
    };
    let bars: String = counts.into_iter().map(bar).collect();
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

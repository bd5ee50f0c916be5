//! How many moments there are over time, as a line of bars.

use jiff::Timestamp;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A span of time that is cut into columns, each as long as the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    first: i64,
    seconds: i64,
    width: usize,
}

impl Columns {
    /// The seconds from `first` to `last`, both included, in `width` columns; `None` if that is nothing.
    pub fn new(first: Timestamp, last: Timestamp, width: usize) -> Option<Self> {
        let span = last.as_second().checked_sub(first.as_second()).filter(|span| *span >= 0)?;
        (width > 0).then_some(Self { first: first.as_second(), seconds: span.saturating_add(1), width })
    }

    /// The column that a moment is in; those outside are in the first or the last one.
    pub fn column(&self, time: Timestamp) -> usize {
        let since = i128::from(time.as_second()) - i128::from(self.first);
        let column = (since * self.width as i128).div_euclid(i128::from(self.seconds));
        usize::try_from(column.max(0)).unwrap_or(usize::MAX).min(self.width - 1)
    }

    /// A bar for each column, and how many moments the highest one stands for.
    pub fn bars(&self, times: impl IntoIterator<Item = Timestamp>) -> (String, usize) {
        let mut counts = vec![0_usize; self.width];
        for time in times {
            if let Some(count) = counts.get_mut(self.column(time)) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let bar = |count: usize| match count {
            0 => ' ',
            count => BARS.get((count * BARS.len()).div_ceil(most) - 1).copied().unwrap_or('█'),
        };
        (counts.into_iter().map(bar).collect(), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn moments_are_counted_by_column() {
        let columns = Columns::new(time(0), time(99), 10).unwrap();
        assert_eq!(columns.bars([0, 1, 2, 3, 50, 99, 98].map(time)), ("█    ▂   ▄".to_owned(), 4));
        assert_eq!(columns.bars([]), (" ".repeat(10), 1));
        let places = [-1, 0, 9, 10, 99, 100].map(|second| columns.column(time(second)));
        assert_eq!(places, [0, 0, 0, 1, 9, 9]);
    }

    #[test]
    fn any_span_has_columns() {
        assert_eq!(Columns::new(time(1), time(0), 10), None);
        assert_eq!(Columns::new(time(0), time(9), 0), None);
        assert_eq!(Columns::new(time(7), time(7), 3).unwrap().bars([time(7)]).0, "█  ");
        let ever = Columns::new(Timestamp::MIN, Timestamp::MAX, 60).unwrap();
        assert_eq!((ever.column(Timestamp::MIN), ever.column(Timestamp::MAX)), (0, 59));
    }
}

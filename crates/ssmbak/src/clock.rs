//! The present moment.

use jiff::Timestamp;

/// Now, to the millisecond: the resolution of Parameter Store's dates and of everything that is printed.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    // Conversion fails for no time that a clock shows.
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    #[test]
    fn present_moment_has_milliseconds() {
        assert_eq!(super::now().subsec_nanosecond() % 1_000_000, 0);
    }
}

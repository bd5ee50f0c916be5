//! Which names a scheduled rehearsal restores, where, and which copies of earlier ones it may delete.

use jiff::Timestamp;

use crate::name::ParameterName;

/// Every path that a rehearsal writes to begins with this; drills of people do not.
pub const SCRATCH: &str = "/newvoll/ssmbak/drill-rehearsal-";

/// A rehearsal ends after a quarter of an hour at the latest, with the function: after an hour its copies are leftovers.
const OVER_AFTER: i64 = 3_600;

/// Schedules are of hours and days: 1, 6, 12, 24, 72 or 168 hours have no other prime factors than these.
const FACTORS_OF_SCHEDULES: u64 = 2 * 3 * 5 * 7;

/// The names that are restored by a rehearsal at `now`: at most `most`, spread over the tree.
///
/// Nothing remembers which names had their turn. The names are in an order of their own that has nothing to do with paths, and
/// each hour has its place in it. Whatever the hours of the schedule, it comes to every place before it comes to one again:
/// their number has no divisor in common with it.
pub fn sample(mut names: Vec<ParameterName>, now: Timestamp, most: usize) -> Vec<ParameterName> {
    names.sort();
    names.dedup();
    names.sort_by_cached_key(|name| scattered(name.as_str()));
    let (count, most) = (names.len(), most.min(names.len()));
    if most == 0 {
        return Vec::new();
    }
    let hour = u64::try_from(now.as_second() / 3_600).unwrap_or(0);
    let places = places(count.div_ceil(most));
    let place = usize::try_from(hour % (places as u64)).unwrap_or(0);
    names.rotate_left(place * count / places);
    names.truncate(most);
    names.sort();
    names
}

/// So many places, or the next number that has no divisor in common with a schedule.
fn places(at_least: usize) -> usize {
    let fits = |places: &usize| gcd(*places as u64, FACTORS_OF_SCHEDULES) == 1;
    (at_least..).find(fits).unwrap_or(at_least)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// FNV-1a, the bits of which are mixed once more: the names of one path must not lie together.
fn scattered(name: &str) -> u64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The path that a rehearsal at `now` writes to.
pub fn scratch(now: Timestamp) -> String {
    format!("{SCRATCH}{}", now.as_second())
}

/// Whether a parameter is the copy of a rehearsal that is over.
pub fn is_leftover(name: &str, now: Timestamp) -> bool {
    let began = name.strip_prefix(SCRATCH).and_then(|rest| rest.split('/').next()?.parse::<i64>().ok());
    began.is_some_and(|began| now.as_second() - began >= OVER_AFTER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const HOUR: i64 = 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_780_800 + seconds).unwrap()
    }

    fn names(count: usize) -> Vec<ParameterName> {
        let name = |number: usize| ParameterName::parse(&format!("/app{}/p{number}", number % 20)).unwrap();
        (0..count).map(name).collect()
    }

    #[test]
    fn every_name_has_its_turn_whatever_the_schedule() {
        for (count, hours) in [(49_usize, 24), (60, 24), (500, 24), (500, 1), (503, 72), (1_000, 84), (1_000, 168)] {
            let runs = i64::try_from(places(count.div_ceil(50))).unwrap();
            let mut seen = BTreeSet::new();
            for run in 0..runs {
                let sampled = sample(names(count), at(run * hours * HOUR), 50);
                assert_eq!(sampled.len(), count.min(50));
                seen.extend(sampled);
            }
            assert_eq!(seen.len(), count, "{count} names every {hours} hours");
        }
    }

    #[test]
    fn sample_is_spread_over_the_tree() {
        let paths: BTreeSet<String> = sample(names(2_000), at(0), 50)
            .iter()
            .filter_map(|name| Some(name.as_str().rsplit_once('/')?.0.to_owned()))
            .collect();
        assert!(paths.len() > 15, "{paths:?}");
    }

    #[test]
    fn sample_depends_on_names_and_hour_alone() {
        let mut reversed = names(300);
        reversed.reverse();
        reversed.extend(names(2));
        assert_eq!(sample(reversed, at(HOUR - 1), 50), sample(names(300), at(0), 50));
        assert_ne!(sample(names(300), at(HOUR), 50), sample(names(300), at(0), 50));
        assert_eq!(sample(Vec::new(), at(0), 50), []);
        assert_eq!(sample(names(3), at(0), 0), []);
        assert_eq!(sample(names(3), at(0), 50), sample(names(3), at(HOUR), 3));
    }

    #[test]
    fn only_copies_of_rehearsals_that_are_over_are_leftovers() {
        let copy = format!("{}/000001", scratch(at(0)));
        assert!(copy.starts_with("/newvoll/ssmbak/drill-"), "`ssmbak drill --clean` deletes it");
        assert!(is_leftover(&copy, at(HOUR)) && !is_leftover(&copy, at(HOUR - 1)) && !is_leftover(&copy, at(-1)));
        for other in ["/newvoll/ssmbak/drill-20260301T100000Z-ab12/000001", "/newvoll/ssmbak/drill-rehearsal-x/1", "/a"]
        {
            assert!(!is_leftover(other, at(HOUR)), "{other}");
        }
    }
}

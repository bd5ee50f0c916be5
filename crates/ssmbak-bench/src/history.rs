//! The lives of the parameters, worked out from a seed.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use ssmbak_core::parameter::ParameterType;

use crate::Spec;
use crate::spec::Variant;

/// When the first parameter may be put: 2026-01-01, in milliseconds since 1970.
const BEGIN: i64 = 1_767_225_600_000;
/// The days over which everything happens.
const SPAN: i64 = 300 * 24 * 3_600_000;
/// Puts keep this far from the ends of their share of the days, where deletions are.
const MARGIN: i64 = 600_000;

/// What was done to a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was put for the `nth` time, from 0, which made this version.
    Put {
        /// From 0, over all lives.
        nth: u32,
        /// From 1 in each life.
        version: u32,
    },
    /// It was deleted.
    Delete,
}

/// A deed and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Milliseconds since 1970.
    pub at: i64,
    /// What was done.
    pub deed: Deed,
}

impl Done {
    /// When.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        timestamp(self.at)
    }
}

/// What becomes of a parameter in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Deleted,
    /// Deleted and created again, before the put of this number.
    Recreated(u32),
}

/// The lives of all parameters of a [`Spec`]. One in twenty is deleted in the end, one in twenty in between.
#[derive(Clone, Copy, Debug)]
pub struct History {
    spec: Spec,
}

impl History {
    /// The lives that a specification describes.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self { spec }
    }

    /// What it was made from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The parameters, in order of name.
    #[must_use]
    pub fn parameters(&self) -> Range<u32> {
        0..self.spec.parameters
    }

    /// A parameter's name.
    #[must_use]
    pub fn name(&self, parameter: u32) -> String {
        match (self.spec.siblings, parameter) {
            (true, 0) => "/bench/p".to_owned(),
            (true, _) => format!("/bench/p{parameter:07}"),
            (false, _) => format!("/bench/app{:06}/p{}", parameter / 10, parameter % 10),
        }
    }

    /// The parameter of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        let parameter = self.first_from(name);
        (parameter < self.spec.parameters && self.name(parameter) == name).then_some(parameter)
    }

    /// The first parameter whose name is `text` or comes after it.
    #[must_use]
    pub fn first_from(&self, text: &str) -> u32 {
        self.partition(|name| name < text)
    }

    /// The parameters whose names begin so.
    #[must_use]
    pub fn beginning_with(&self, prefix: &str) -> Range<u32> {
        self.first_from(prefix)..self.partition(|name| name < prefix || name.starts_with(prefix))
    }

    fn partition(&self, before: impl Fn(&str) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.spec.parameters);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(&self.name(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Everything that was done to a parameter, in order.
    #[must_use]
    pub fn deeds(&self, parameter: u32) -> Vec<Done> {
        let fate = self.fate(parameter);
        let mut deeds = Vec::with_capacity(self.spec.versions as usize + 1);
        let mut version = 0;
        for nth in 0..self.spec.versions {
            if fate == Fate::Recreated(nth) {
                deeds.push(Done { at: self.deleted_at(parameter, nth), deed: Deed::Delete });
                version = 0;
            }
            version += 1;
            deeds.push(Done { at: self.put_at(parameter, nth), deed: Deed::Put { nth, version } });
        }
        if fate == Fate::Deleted {
            deeds.push(Done { at: self.deleted_at(parameter, self.spec.versions), deed: Deed::Delete });
        }
        deeds
    }

    /// What Parameter Store still knows: the puts of the present life, none if it is over, at most a hundred.
    #[must_use]
    pub fn living(&self, parameter: u32) -> Vec<Done> {
        let deeds = self.deeds(parameter);
        let born = deeds.iter().rposition(|done| done.deed == Deed::Delete).map_or(0, |deleted| deleted + 1);
        let life = deeds.get(born..).unwrap_or_default();
        life.get(life.len().saturating_sub(100)..).unwrap_or_default().to_vec()
    }

    /// The present version.
    #[must_use]
    pub fn present(&self, parameter: u32) -> Option<Done> {
        let last = self.spec.versions.checked_sub(1)?;
        let version = match self.fate(parameter) {
            Fate::Deleted => return None,
            Fate::Kept => last + 1,
            Fate::Recreated(nth) => last + 1 - nth,
        };
        Some(Done { at: self.put_at(parameter, last), deed: Deed::Put { nth: last, version } })
    }

    /// The value of the nth put: short, of characters that no table breaks.
    #[must_use]
    pub fn value(&self, parameter: u32, nth: u32) -> String {
        let separator = if self.parameter_type(parameter) == ParameterType::StringList { ',' } else { '.' };
        format!("{parameter}{separator}{nth}{separator}{:016x}", self.chance(parameter, nth, 1))
    }

    /// A parameter's type, which it keeps.
    #[must_use]
    pub fn parameter_type(&self, parameter: u32) -> ParameterType {
        match self.chance(parameter, 0, 2) % 10 {
            0 | 1 => ParameterType::SecureString,
            2 => ParameterType::StringList,
            _ => ParameterType::String,
        }
    }

    /// A parameter's description, which it keeps; two in three have one.
    #[must_use]
    pub fn description(&self, parameter: u32) -> Option<String> {
        (!parameter.is_multiple_of(3)).then(|| format!("what number {parameter} is for"))
    }

    /// A parameter's tags, which it keeps; one in four has some.
    #[must_use]
    pub fn tags(&self, parameter: u32) -> BTreeMap<String, String> {
        let tagged = parameter.is_multiple_of(4);
        tagged.then(|| ("team".to_owned(), "core".to_owned())).into_iter().collect()
    }

    /// A moment after everything, in seconds since 1970.
    #[must_use]
    pub fn end(&self) -> i64 {
        (BEGIN + SPAN) / 1000 + 24 * 3600
    }

    /// A moment after which about one in ten parameters changed, in seconds since 1970.
    #[must_use]
    pub fn recent(&self) -> i64 {
        self.quiet((BEGIN + SPAN - self.share() / 10) / 1000)
    }

    /// A moment when a quarter had happened, in seconds since 1970.
    #[must_use]
    pub fn old(&self) -> i64 {
        self.quiet((BEGIN + SPAN / 4) / 1000)
    }

    /// The first moment from `second` on that is within two seconds of no put and within two minutes of no deletion,
    /// whose recording ssmbak 0.5.2 takes for the deletion itself.
    fn quiet(&self, mut second: i64) -> i64 {
        let near = |done: &Done, second: i64| {
            let reach = if done.deed == Deed::Delete { 120_000 } else { 2_000 };
            (done.at - second * 1000).abs() <= reach
        };
        for _ in 0..64 {
            if !self.parameters().any(|parameter| self.deeds(parameter).iter().any(|done| near(done, second))) {
                break;
            }
            second += 251;
        }
        second
    }

    fn fate(&self, parameter: u32) -> Fate {
        let versions = self.spec.versions;
        // Nothing tells of an earlier life to whoever comes after it. The first one is kept: some works are about it.
        if self.spec.variant == Variant::Seeded || versions == 0 || parameter == 0 {
            return Fate::Kept;
        }
        match self.chance(parameter, 0, 3) % 20 {
            0 => Fate::Deleted,
            1 if versions > 1 => Fate::Recreated(versions / 2),
            _ => Fate::Kept,
        }
    }

    /// The milliseconds of each put's share of the days.
    fn share(&self) -> i64 {
        SPAN / i64::from(self.spec.versions.max(1))
    }

    fn put_at(&self, parameter: u32, nth: u32) -> i64 {
        let within = self.share() - 2 * MARGIN;
        let chance = i64::try_from(self.chance(parameter, nth, 4) >> 2).unwrap_or(0);
        // Eighths of a second, which survive Parameter Store's JSON: it tells times in binary fractions.
        (BEGIN + i64::from(nth) * self.share() + MARGIN + chance % within.max(1)) / 125 * 125
    }

    fn deleted_at(&self, parameter: u32, before: u32) -> i64 {
        let chance = i64::try_from(self.chance(parameter, before, 5) >> 2).unwrap_or(0);
        BEGIN + i64::from(before) * self.share() - MARGIN / 2 + chance % MARGIN / 2
    }

    /// A number that looks random and is always the same (splitmix64).
    pub(crate) fn chance(&self, parameter: u32, nth: u32, what: u64) -> u64 {
        let place = (u64::from(parameter) << 32 | u64::from(nth)).wrapping_add(self.spec.seed << 8 | what);
        let mut mixed = place.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(what << 56 | self.spec.seed);
        for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0x9e37_79b9_7f4a_7c15] {
            mixed = (mixed ^ mixed >> 31).wrapping_mul(factor);
        }
        mixed ^ mixed >> 32
    }
}

/// A time of the history; far from the ends of what a timestamp can say.
pub(crate) fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_found_again() {
        for siblings in [true, false] {
            let history = History::new(Spec { siblings, ..Spec::new(1234, 1) });
            let names: Vec<String> = history.parameters().map(|parameter| history.name(parameter)).collect();
            assert!(names.is_sorted());
            for (parameter, name) in history.parameters().zip(&names) {
                assert_eq!(history.find(name), Some(parameter));
            }
            assert_eq!(history.find("/bench/app000000/p01"), None);
            assert_eq!(history.beginning_with("/bench/"), 0..1234);
            assert_eq!(history.beginning_with("/zoo"), 1234..1234);
        }
        let history = History::new(Spec::new(1234, 1));
        assert_eq!(history.beginning_with("/bench/app000007/"), 70..80);
    }

    #[test]
    fn deeds_are_in_order_of_time_and_lives_begin_at_version_one() {
        let history = History::new(Spec::new(500, 8));
        let mut deleted = 0;
        for parameter in history.parameters() {
            let deeds = history.deeds(parameter);
            assert!(deeds.windows(2).all(|pair| pair[1].at - pair[0].at > 120_000), "{deeds:?}");
            let mut expected = 1;
            for done in &deeds {
                match done.deed {
                    Deed::Delete => (expected, deleted) = (1, deleted + 1),
                    Deed::Put { version, .. } => {
                        assert_eq!(version, expected);
                        expected += 1;
                    }
                }
            }
            assert_eq!(history.living(parameter).last().copied(), history.present(parameter));
        }
        assert!((20..100).contains(&deleted), "{deleted}");
    }

    #[test]
    fn a_tenth_has_changed_since_the_recent_time_and_a_quarter_before_the_old_one() {
        let history = History::new(Spec::new(1000, 4));
        let (recent, old) = (history.recent() * 1000, history.old() * 1000);
        let last_before = |time| history.parameters().filter(|&p| history.put_at(p, 3) > time).count();
        assert!((80..120).contains(&last_before(recent)), "{}", last_before(recent));
        let first_share =
            history.parameters().filter(|&p| history.put_at(p, 0) < old && history.put_at(p, 1) > old).count();
        assert!(first_share > 990, "{first_share}");
    }
}

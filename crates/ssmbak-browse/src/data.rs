//! What is known of the parameters that are moved through: read once, without values.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::Timestamp;
use ssmbak_core::log::{Operation, entries};
use ssmbak_core::mark::Mark;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::record::Evidence;
use ssmbak_core::timeline::{State, Timeline, Unknown};

use crate::status::Status;
use crate::tree;

/// Names, times and attributes of the selection, by the bucket and by Parameter Store.
#[derive(Clone, Debug)]
pub struct Data {
    names: Vec<ParameterName>,
    timelines: Vec<Option<Timeline>>,
    present: Vec<Option<CurrentParameter>>,
    moments: Vec<Moment>,
    /// Named moments, in order of time.
    pub marks: Vec<Mark>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// When it was read.
    pub read: Timestamp,
}

/// A moment at which a parameter changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// The parameter: its position among the names.
    pub name: usize,
    /// What happened.
    pub operation: Operation,
    /// Who did it, where that is recorded.
    pub author: Option<String>,
}

impl Data {
    /// Puts together what the bucket and Parameter Store say.
    pub fn new(
        mut timelines: BTreeMap<ParameterName, Timeline>,
        mut present: BTreeMap<ParameterName, CurrentParameter>,
        read: Timestamp,
    ) -> Self {
        timelines.retain(|_, timeline| timeline.is_tracked());
        let names: BTreeSet<ParameterName> = timelines.keys().chain(present.keys()).cloned().collect();
        let names: Vec<ParameterName> = names.into_iter().collect();
        let timelines: Vec<Option<Timeline>> = names.iter().map(|name| timelines.remove(name)).collect();
        let mut moments: Vec<Moment> = timelines
            .iter()
            .enumerate()
            .filter_map(|(name, timeline)| Some((name, timeline.as_ref()?)))
            .flat_map(|(name, timeline)| moments(name, timeline))
            .collect();
        moments.sort_by_key(|moment| (moment.time, moment.name));
        let present = names.iter().map(|name| present.remove(name)).collect();
        Self { names, timelines, present, moments, marks: Vec::new(), warnings: Vec::new(), read }
    }

    /// All names, sorted.
    pub fn names(&self) -> &[ParameterName] {
        &self.names
    }

    /// The timeline of a name; `None`: nothing is recorded of it.
    pub fn timeline(&self, name: usize) -> Option<&Timeline> {
        self.timelines.get(name)?.as_ref()
    }

    /// What Parameter Store had of a name when it was asked; `None`: nothing.
    pub fn present(&self, name: usize) -> Option<&CurrentParameter> {
        self.present.get(name)?.as_ref()
    }

    /// What was true of a name.
    pub fn state(&self, name: usize, time: Timestamp) -> State<'_> {
        self.timeline(name).map_or(State::Unknown(&Unknown::NothingRecorded), |timeline| timeline.state_by(time))
    }

    /// How each name stands at a time.
    pub fn statuses(&self, time: Timestamp) -> Vec<Status> {
        (0..self.names.len()).map(|name| Status::of(self.state(name, time), self.present(name))).collect()
    }

    /// All moments, in order of time.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The positions of the names below a path that ends in a slash.
    pub fn below(&self, folder: &str) -> Range<usize> {
        tree::below(&self.names, folder)
    }
}

fn moments(name: usize, timeline: &Timeline) -> Vec<Moment> {
    let of_entry = |entry: ssmbak_core::log::Entry| {
        let author =
            entry.record.filter(|_| entry.operation != Operation::Delete).and_then(|record| match record.evidence {
                Evidence::Value(value) => value.details.author,
                _ => None,
            });
        Some(Moment { time: entry.time?, name, operation: entry.operation, author })
    };
    entries(timeline).into_iter().filter_map(of_entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{current, named, time, timeline, tombstone, version};

    fn data(names: &[&str]) -> Data {
        let timelines = names.iter().map(|name| (named(name), timeline(vec![version(1, "10:00:00", "x")]))).collect();
        Data::new(timelines, BTreeMap::new(), time("12:00:00"))
    }

    #[test]
    fn what_is_below_a_path_has_no_siblings_in_it() {
        let data = data(&["/a/b", "/a/b-c", "/a/b.d/e", "/a/b/x", "/a/b/y/z", "/a/b0", "/c"]);
        let below = |folder: &str| -> Vec<&str> { data.below(folder).map(|at| data.names[at].as_str()).collect() };
        assert_eq!(below("/a/b/"), ["/a/b/x", "/a/b/y/z"]);
        assert_eq!(below("/a/b.d/"), ["/a/b.d/e"]);
        assert_eq!(below("/").len(), 7);
        assert!(below("/x/").is_empty() && below("/c/").is_empty());
    }

    #[test]
    fn moments_are_in_order_of_time_over_all_names() {
        let timelines = [
            ("/b", vec![version(1, "10:00:00", "x"), tombstone("12:00:00")]),
            ("/a", vec![version(1, "11:00:00", "x"), version(2, "13:00:00", "y")]),
        ];
        let timelines = timelines.into_iter().map(|(name, records)| (named(name), timeline(records))).collect();
        let new = BTreeMap::from([(named("/new"), current("/new", 1, "12:30:00"))]);
        let data = Data::new(timelines, new, time("14:00:00"));
        let told: Vec<String> = data
            .moments()
            .iter()
            .map(|moment| format!("{} {}", data.names[moment.name], moment.operation.as_str()))
            .collect();
        assert_eq!(told, ["/b create", "/a create", "/b delete", "/a update"]);
        assert_eq!(data.names().len(), 3);
        assert_eq!(data.statuses(time("13:30:00")), [Status::Gone, Status::Never, Status::Unknown]);
    }
}

//! Histories of one parameter, written by hand.

use crate::Fault;
use crate::history::{Conditions, History, Mutation, Step, StepKind};

/// Builds a history step by step. The times are milliseconds from the beginning.
#[derive(Clone, Debug)]
#[must_use]
pub struct Story(History);

impl Story {
    /// A story without any step.
    pub fn new(kept_versions: usize) -> Self {
        Self(History { kept_versions, conditions: Conditions::default(), steps: Vec::new() })
    }

    fn step(mut self, at: i64, kind: StepKind) -> Self {
        self.0.steps.push(Step { at, kind });
        self
    }

    fn change(self, at: i64, id: u64, mutation: Mutation) -> Self {
        self.step(at, StepKind::Change { id, parameter: 0, mutation })
    }

    /// A put whose attributes differ from those of other events.
    pub fn put(self, at: i64, id: u64) -> Self {
        self.put_as(at, id, id)
    }

    /// A put of these attributes.
    pub fn put_as(self, at: i64, id: u64, attributes: u64) -> Self {
        self.change(at, id, Mutation::Put(attributes))
    }

    /// A deletion.
    pub fn delete(self, at: i64, id: u64) -> Self {
        self.change(at, id, Mutation::Delete)
    }

    /// A deletion by a policy.
    pub fn expire(self, at: i64, id: u64) -> Self {
        self.change(at, id, Mutation::Expire { also_deletes: false })
    }

    /// The event of a change reaches the function.
    pub fn deliver(self, at: i64, id: u64) -> Self {
        self.step(at, StepKind::Deliver { id, sent_after: 10, fault: None })
    }

    /// The event of a change reaches the function, one of whose calls fails.
    pub fn deliver_broken(self, at: i64, id: u64, call: u64, fault: Fault) -> Self {
        self.step(at, StepKind::Deliver { id, sent_after: 10, fault: Some((call, fault)) })
    }

    /// A sweep.
    pub fn sweep(self, at: i64) -> Self {
        self.step(at, StepKind::Sweep { fault: None })
    }

    /// A sweep one of whose calls fails.
    pub fn sweep_broken(self, at: i64, call: u64, fault: Fault) -> Self {
        self.step(at, StepKind::Sweep { fault: Some((call, fault)) })
    }

    /// Lifecycle rules remove expired versions.
    pub fn lifecycle(self, at: i64, mask: u64) -> Self {
        self.step(at, StepKind::Lifecycle { mask })
    }

    /// A question about `of`.
    pub fn ask(self, at: i64, of: i64) -> Self {
        self.step(at, StepKind::Ask { of })
    }

    /// Questions about these times, after everything else.
    pub fn ask_at_end(self, times: &[i64]) -> Self {
        let end = self.0.steps.iter().map(|step| step.at).max().unwrap_or(0) + 1_000;
        times.iter().fold(self, |story, of| story.ask(end.max(*of), *of))
    }

    /// The finished history.
    pub fn history(self) -> History {
        self.0
    }
}

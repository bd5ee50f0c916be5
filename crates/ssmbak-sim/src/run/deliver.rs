//! Delivers events to the function.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use ssmbak::{Capture, Error};
use ssmbak_core::event::{Change, Operation, Origin, foreign};
use ssmbak_core::parameter::ParameterVersion;

use super::{Event, NO_PAUSES, World, beginning, name, time_at};
use crate::history::{Mutation, StepKind};
use crate::log::Happened;
use crate::rng::Rng;
use crate::store::HistoryRead;
use crate::{FakeBucket, FakeStore};

/// Where the simulated function runs.
const OWN_ACCOUNT: &str = "123456789012";
const OWN_REGION: &str = "eu-west-1";

/// A message about one parameter, and the outcome of its handling.
struct Handled {
    id: u64,
    parameter: usize,
    operation: Operation,
    change: Change,
    sent_after: i64,
    times: u32,
    /// Whether the bucket had anything of the parameter before.
    tracked: bool,
    /// Whether the event was early.
    outcome: Result<bool, Error>,
}

/// The event of an operation on a parameter, in whole seconds as in every published sample.
fn event_of(id: String, parameter: usize, operation: Operation, time: Timestamp) -> Change {
    Change {
        id: Some(id),
        name: name(parameter),
        operation,
        time: Timestamp::from_second(time.as_second()).unwrap_or(time),
        parameter_type: None,
        description: None,
        region: None,
        account: None,
    }
}

/// Runs two futures at once, interleaved at every call as `rng` says.
async fn interleaved<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>, rng: &mut Rng) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if second.is_some() || (first.is_none() && rng.chance(50)) {
            if let Poll::Ready(done) = a.as_mut().poll(&mut context) {
                first = Some(done);
            }
        } else if let Poll::Ready(done) = b.as_mut().poll(&mut context) {
            second = Some(done);
        }
        match (first, second) {
            (Some(first), Some(second)) => return (first, second),
            pending => (first, second) = pending,
        }
    }
}

impl World {
    /// Delivers an event that this bus carries for somebody else.
    pub(super) async fn deliver_foreign(&mut self, parameter: usize, operation: Operation, other_region: bool) {
        let now = self.clock.now();
        let own = Origin { account: Some(OWN_ACCOUNT.to_owned()), region: Some(OWN_REGION.to_owned()) };
        let (account, region) = if other_region { (OWN_ACCOUNT, "us-east-1") } else { ("210987654321", OWN_REGION) };
        let change = Change {
            region: Some(region.to_owned()),
            account: Some(account.to_owned()),
            ..event_of(format!("foreign-{parameter}"), parameter, operation, now)
        };
        if foreign(&change, &own).is_none() {
            // If the event is accepted, the model does not know of it and its answers differ.
            let _captured = self.capture.event(&change, Some(now), now).await;
        }
    }

    /// The next message, if it arrives within half a minute.
    pub(super) fn next_message(&mut self, at: i64) -> Option<StepKind> {
        let next = self.agenda.first_entry()?;
        let near = next.key().0 - at < 30_000;
        let message =
            matches!(next.get(), StepKind::Deliver { .. } | StepKind::Redeliver { .. } | StepKind::FalseDelete { .. });
        if !near || !message {
            return None;
        }
        // The earlier one waits: no message arrives before it was sent.
        let later = time_at(next.key().0);
        let next = next.remove();
        self.clock.set(later.max(self.clock.now()));
        Some(next)
    }

    /// The events of a message.
    fn changes(&mut self, step: &StepKind) -> Vec<Handled> {
        let (id, sent_after, times, only) = match step {
            StepKind::Deliver { id, sent_after, .. } => (*id, *sent_after, 0, None),
            StepKind::Redeliver { id, sent_after, operation, times } => (*id, *sent_after, *times, Some(*operation)),
            StepKind::FalseDelete { id, parameter } => {
                let now = self.clock.now();
                let Some((present, _)) = self.store.present(&name(*parameter)) else { return Vec::new() };
                let event = Event { parameter: *parameter, mutation: Mutation::Delete, time: now, created: false };
                self.events.insert(*id, event);
                self.deceived.insert(*parameter, Some(present.identity()));
                (*id, 0, 0, None)
            }
            _ => return Vec::new(),
        };
        let Some(Event { parameter, mutation, time, created }) = self.events.get(&id).copied() else {
            return Vec::new();
        };
        let operations: &[Operation] = match mutation {
            Mutation::Put(_) if created => &[Operation::Create],
            Mutation::Put(_) => &[Operation::Update],
            Mutation::Delete => &[Operation::Delete],
            Mutation::Expire { also_deletes: true } => &[Operation::PolicyExpiration, Operation::Delete],
            Mutation::Expire { also_deletes: false } => &[Operation::PolicyExpiration],
            Mutation::Label => &[Operation::LabelParameterVersion],
        };
        let handled = |operation: &Operation| Handled {
            id,
            parameter,
            operation: *operation,
            change: event_of(format!("{id}-{}", operation.as_str()), parameter, *operation, time),
            sent_after,
            times,
            tracked: self.bucket.len_of(name(parameter).key()) > 0,
            outcome: Ok(false),
        };
        operations.iter().filter(|operation| only.is_none_or(|only| only == **operation)).map(handled).collect()
    }

    /// When the queue got a message.
    fn sent(&self, handled: &Handled) -> Timestamp {
        let time = self.events.get(&handled.id).map_or(handled.change.time, |event| event.time);
        time.checked_add(SignedDuration::from_millis(handled.sent_after)).unwrap_or(time)
    }

    pub(super) async fn deliver(&mut self, step: &StepKind) {
        for mut handled in self.changes(step) {
            if let StepKind::Deliver { fault: Some((ahead, fault)), .. } = step {
                self.faults.plan(*ahead, *fault);
            }
            self.store.take_reads();
            let (sent, now) = (self.sent(&handled), self.clock.now());
            let captured = self.capture.event(&handled.change, Some(sent), now).await;
            handled.outcome = captured.map(|captured| captured.early);
            let reads = self.store.take_reads();
            if !self.settle(&handled, &reads, now) {
                return;
            }
        }
    }

    /// Two messages at the same time, in two invocations.
    pub(super) async fn deliver_both(&mut self, first: &StepKind, second: &StepKind, rng: &mut Rng) {
        let (mut a, mut b) = (self.changes(first), self.changes(second));
        let now = self.clock.now();
        self.store.take_reads();
        for (step, group) in [(first, &a), (second, &b)] {
            if let (StepKind::Deliver { fault: Some((ahead, fault)), .. }, false) = (step, group.is_empty()) {
                self.faults.plan(*ahead, *fault);
            }
        }
        let sent: Vec<Timestamp> = a.iter().chain(&b).map(|handled| self.sent(handled)).collect();
        let (for_a, for_b) = sent.split_at(a.len());
        let stores = [self.store.with_own_reads(), self.store.with_own_reads()];
        let captures =
            stores.each_ref().map(|store| Capture::new(store.clone(), self.bucket.clone()).with_pauses(NO_PAUSES));
        let [for_first, for_second] = &captures;
        let handle = async |capture: &Capture<FakeStore, FakeBucket>, group: &mut Vec<Handled>, sent: &[Timestamp]| {
            for (handled, sent) in group.iter_mut().zip(sent) {
                let captured = capture.event(&handled.change, Some(*sent), now).await;
                handled.outcome = captured.map(|captured| captured.early);
            }
        };
        self.faults.interleave(true);
        interleaved(handle(for_first, &mut a, for_a), handle(for_second, &mut b, for_b), rng).await;
        self.faults.interleave(false);
        if a.iter().any(|one| b.iter().any(|other| one.parameter == other.parameter)) {
            // What one had written when the other read is unknown.
            self.disturbed.extend(a.iter().map(|handled| handled.parameter));
        }
        for (group, store) in [(&a, &stores[0]), (&b, &stores[1])] {
            let reads = store.take_reads();
            for handled in group {
                self.settle(handled, &reads, now);
            }
        }
    }

    /// Tells the model about a handled message; returns whether the next message of the same event is handled.
    fn settle(&mut self, handled: &Handled, reads: &[HistoryRead], now: Timestamp) -> bool {
        let Handled { id, parameter, operation, change, sent_after, times, tracked, outcome } = handled;
        let (operation, name) = (*operation, &change.name);
        if *times == 0 {
            self.log(Happened::Delivered { id: *id, name: name.clone(), operation, time: change.time });
        }
        self.faults.revive();
        self.clock.advance_ms(1);
        let false_event = self.is_false(*id);
        let truth = self.model.entry(*parameter).or_default();
        let mut shown: Vec<_> = reads.iter().filter(|read| read.name == *name).map(|read| &read.versions).collect();
        let seen = if matches!(outcome, Ok(false)) { shown.pop().cloned().unwrap_or_default() } else { Vec::new() };
        // What a failed or repeated read may have written is never overwritten by an older read.
        shown.into_iter().for_each(|versions| truth.maybe_recorded(versions));
        let Ok(early) = outcome else {
            self.disturbed.insert(*parameter);
            truth.event_failed(*id);
            return false;
        };
        if *early {
            // At first within the same invocation, then when the queue delivers it again, ten times at most.
            const PAUSES: [i64; 3] = [1_000, 2_000, 4_000];
            if *times >= 12 {
                return true;
            }
            let pause = PAUSES.get(*times as usize).copied().unwrap_or_else(|| 10_000 << (times - 3).min(5));
            let at = now.duration_since(beginning()).as_millis() as i64 + pause;
            self.added += 1;
            let again = StepKind::Redeliver { id: *id, sent_after: *sent_after, operation, times: times + 1 };
            self.agenda.insert((at, self.added), again);
            return true;
        }
        if false_event {
            let present = self.store.present(name).map(|(version, _)| version.identity());
            // A read that shows the parameter refutes it.
            let refuted = !seen.is_empty() && present.is_some();
            if self.deceived.get(parameter).is_some_and(|then| refuted && *then == present) {
                self.deceived.remove(parameter);
            }
            return true;
        }
        truth.recorded(&seen, now);
        let recorded = match operation {
            // Nothing is written about a parameter that was never seen.
            Operation::Create | Operation::Update => *tracked || seen.iter().any(|version| version.value.is_some()),
            Operation::PolicyExpiration => seen.is_empty() || begins_after(&seen, change.time),
            Operation::Delete => true,
            _ => false,
        };
        if recorded {
            truth.event_handled(*id, &seen);
        }
        true
    }

    fn is_false(&self, id: u64) -> bool {
        self.events.get(&id).is_some_and(|event| {
            !self.model.get(&event.parameter).is_some_and(|truth| truth.has(id)) && !self.is_label(id)
        })
    }

    fn is_label(&self, id: u64) -> bool {
        self.events.get(&id).is_some_and(|event| event.mutation == Mutation::Label)
    }
}

fn begins_after(history: &[ParameterVersion], time: Timestamp) -> bool {
    history.first().is_some_and(|first| first.details.version == 1 && first.details.modified > time)
}

//! Sweeps of all parameters.

use ssmbak::sweep::SweepItem;
use ssmbak::{BackupBucket as _, ErrorKind};
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Ended, Outcome, Place, Progress, Reading, SweepRecord};

use super::{World, name};
use crate::Fault;
use crate::log::Happened;

impl World {
    pub(super) async fn sweep(&mut self, fault: Option<(u64, Fault)>) {
        if let Some((ahead, fault)) = fault {
            self.faults.plan(ahead, fault);
        }
        self.log(Happened::Swept);
        // Page by page as the function does, or at once as `ssmbak-all` does.
        let swept =
            if self.clock.now().as_second() % 2 == 0 { self.sweep_by_page().await } else { self.sweep_at_once().await };
        if let Some(record) = swept {
            // Without its record the sweep counts as unfinished.
            let _ = self.bucket.put_sweep(&record).await;
        }
        self.faults.revive();
        self.clock.advance_ms(1);
    }

    async fn sweep_by_page(&mut self) -> Option<SweepRecord> {
        let last = ssmbak::sweep::last(&self.bucket).await.ok()?;
        let mut progress = Progress::start(self.clock.now());
        loop {
            let page = ssmbak::sweep::page(&self.capture, &progress.at, last.as_ref()).await.ok()?;
            for item in page.names {
                let outcome = self.sweep_item(&item, last.as_ref()).await;
                progress.count(&item.name, outcome, item.again);
            }
            match page.next {
                Some(next) => progress.at = next,
                None => return self.end_of_sweep(progress),
            }
        }
    }

    async fn sweep_at_once(&mut self) -> Option<SweepRecord> {
        let last = ssmbak::sweep::last(&self.bucket).await.ok()?;
        let mut progress = Progress::start(self.clock.now());
        let all = Selection::new(&["/"], true, &[], &[]).ok()?;
        for (name, look) in ssmbak::sweep::names(&self.capture, &all, last.as_ref()).await.ok()? {
            let ssmbak::sweep::Look { listed, reading } = look;
            let item = SweepItem { name, listed, again: reading == Reading::Deleted, reading, then: Place::START };
            let outcome = self.sweep_item(&item, last.as_ref()).await;
            progress.count(&item.name, outcome, item.again);
        }
        self.end_of_sweep(progress)
    }

    fn end_of_sweep(&self, mut progress: Progress) -> Option<SweepRecord> {
        match progress.ended(&Place::START, true, self.clock.now()) {
            Ended::Finished(record) => Some(record),
            Ended::Continue { .. } | Ended::GivenUp(_) => None,
        }
    }

    async fn sweep_item(&mut self, item: &SweepItem, last: Option<&SweepRecord>) -> Outcome {
        self.store.take_reads();
        let now = self.clock.now();
        let taken = ssmbak::sweep::process(&self.capture, item, last, now).await;
        let parameter = (0..2).find(|&parameter| name(parameter) == item.name);
        // Where a key is unusable, everything else was written.
        let written = taken.as_ref().map_or_else(|error| error.kind == ErrorKind::KeyUnusable, |_| true);
        for read in self.store.take_reads() {
            if let Some(truth) = parameter.map(|parameter| self.model.entry(parameter).or_default()) {
                if written {
                    truth.recorded(&read.versions, now);
                } else {
                    truth.maybe_recorded(&read.versions);
                }
            }
        }
        match taken {
            Err(_) => {
                self.disturbed.extend(parameter.filter(|_| !written));
                Outcome::Failed
            }
            Ok(captured) if captured.writes.is_empty() => Outcome::Unchanged,
            Ok(_) => Outcome::Written,
        }
    }
}

//! What the commands about trees have in common: the question, the journal, the run, the report.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use sha2::{Digest, Sha256};
use ssmbak::Error;
use ssmbak::s3::ObjectBucket;
use ssmbak::s3::tree::{Applied, Journal, ProgressObserver, Tree, TreePlan, TreeRun};
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{KeyGlobs, ObjectChange, ObjectTotals};

use super::report::bytes;
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{Progress, Ui, text};

/// Maximum concurrent requests, unless told otherwise: enough to hide S3's latency, few enough for a common limit of open files.
const CONCURRENCY: usize = 128;

/// How a tree is worked through.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct WorkArgs {
    /// Maximum concurrent requests; fewer while S3 throttles [default: 128].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) concurrency: Option<u16>,
}

/// Where copies are noted.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct JournalArgs {
    /// File in which copies are noted until all is done, so that the next run need not make them again [default: a file of
    /// its own for each request].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Ignore the journal of an interrupted run.
    #[arg(long)]
    restart: bool,
}

/// A tree's prefix: empty, or ending in a slash, so that no sibling that begins alike is meant.
///
/// # Errors
/// [`CliError::usage`].
pub(super) fn check_prefix(prefix: &str) -> Result<(), CliError> {
    if prefix.is_empty() || prefix.ends_with('/') {
        return Ok(());
    }
    let message = format!("{prefix:?} is no tree: it would also mean keys beside it that begin alike");
    Err(CliError::usage(message, format!("give {prefix:?} with a slash at its end, or \"\" for the whole bucket")))
}

/// The tree, where its files go, and how many requests it takes at once.
pub(super) fn tree(bucket: &ObjectBucket, prefix: &str, concurrency: Option<u16>) -> Tree {
    Tree::new(bucket, prefix, env::temp_dir(), concurrency.map_or(CONCURRENCY, usize::from))
}

impl WorkArgs {
    /// The tree in question.
    pub(super) fn tree(&self, bucket: &ObjectBucket, prefixes: &[String], globs: KeyGlobs) -> Tree {
        tree(bucket, "", self.concurrency).with_prefixes(prefixes).with_globs(globs)
    }

    /// The options that were given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        self.concurrency.map(|_| "--concurrency").into_iter().collect()
    }
}

impl JournalArgs {
    /// The options that were given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let journal = self.journal.as_ref().map(|_| "--journal");
        journal.into_iter().chain(self.restart.then_some("--restart")).collect()
    }

    /// The journal of an interrupted run over the same request, or a new one.
    pub(super) fn open(&self, asked: &str) -> Result<Journal, CliError> {
        let path = self.journal.clone().unwrap_or_else(|| journal_path(asked));
        let mut journal = Journal::open(&path, asked)?;
        if self.restart {
            journal.forget();
        }
        Ok(journal)
    }
}

/// Says what an interrupted run has done already.
pub(super) fn say_proved(plan: &TreePlan, ui: &Ui) {
    if plan.proved > 0 {
        ui.remark(&format!("going on after an interrupted run: {} of its copies are still current", plan.proved));
    }
}

/// One file for each question, where programs keep their state; where they cannot, with temporary files.
fn journal_path(question: &str) -> PathBuf {
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = variable("HOME").filter(|home| home.is_dir()).map(|home| home.join(".local/state"));
    let hash: String = Sha256::digest(question).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let dirs = variable("XDG_STATE_HOME").into_iter().chain(home).map(|dir| dir.join("s3bak"));
    // A home may be missing or not ours to write to, as in a container.
    let takes_files = |dir: &PathBuf| std::fs::create_dir_all(dir).is_ok() && tempfile::tempfile_in(dir).is_ok();
    let dir = dirs.into_iter().find(takes_files).unwrap_or_else(|| env::temp_dir().join("s3bak"));
    dir.join(format!("{hash}.journal"))
}

/// What a journal is about: all that was asked for, so that what another request did is not taken for it.
pub(super) fn asked(verb: &str, aws: &Aws, tree: &Tree, bucket: &str, at: &Instant, more: &[String]) -> String {
    let endpoint = aws.s3_endpoint().unwrap_or_default();
    let at = format!("{} {}", at.at(), at.until());
    let parts = [verb, aws.region(), &endpoint, bucket, &at].map(str::to_owned);
    serde_json::to_string(&[parts.as_slice(), tree.prefixes(), more].concat()).unwrap_or_default()
}

/// Carries out a plan: the first interruption stops it before the next change, the second one at once.
pub(super) async fn run(
    run: &mut TreeRun,
    _ui: &Ui,
    doing: &'static str,
    ctx: &mut Context<'_>,
    work: impl AsyncFnOnce(&Watch, &mut TreeRun) -> Result<Applied, Error>,
) -> Result<Applied, CliError> {
    let length = usize::try_from(run.len() - run.finished_rows()).unwrap_or(usize::MAX);
    let watch = Watch { stop: AtomicBool::new(false), progress: ctx.ui.progress(length, doing) };
    let work = work(&watch, run);
    tokio::pin!(work);
    loop {
        tokio::select! {
            applied = &mut work => return applied.map_err(Into::into),
            () = ctx.interrupts.next() => {
                if watch.stop.swap(true, Ordering::Relaxed) {
                    return Err(CliError::interrupted());
                }
                let said = "stopping after what is under way; Ctrl-C again to stop at once";
                watch.progress.aside(|| ctx.ui.remark(said));
            }
        }
    }
}

/// Shows how it goes, and stops it.
pub(super) struct Watch {
    stop: AtomicBool,
    progress: Progress,
}

impl ProgressObserver for Watch {
    fn finished(&self, _change: &ObjectChange, _outcome: &Result<(), Error>) {
        self.progress.step();
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What a plan comes to, in a sentence.
pub(super) fn sum(totals: &ObjectTotals) -> String {
    let parts = [
        (totals.create, format!("{} to create ({})", totals.create, bytes(totals.create_bytes))),
        (totals.update, format!("{} to update ({})", totals.update, bytes(totals.update_bytes))),
        (totals.delete, format!("{} to delete", totals.delete)),
    ];
    let mut said: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
    if said.is_empty() {
        said.push("no changes".to_owned());
    }
    for (count, what) in [
        (totals.same_bytes, "of them may be the same already and could not be compared"),
        (totals.unchanged, "unchanged"),
        (totals.new_kept, "created since then, kept"),
        (totals.archived, "of them in an archive"),
    ] {
        if count > 0 {
            said.push(format!("{count} {what}"));
        }
    }
    said.join(", ")
}

/// Says how a run ended, forgets its journal if nothing is left to do, and says how to go on otherwise.
///
/// `again` is the command to type then, with the time as it was understood.
pub(super) fn conclude(run: TreeRun, applied: Applied, verb: &str, again: &str, ui: &Ui) -> Result<Exit, CliError> {
    for failure in &applied.failures {
        ui.remark(&format!("failed: {}", text::line(&failure.error.to_string())));
    }
    let shown = applied.failures.len() as u64;
    if applied.failed > shown {
        ui.remark(&format!("… and {} more failures", applied.failed - shown));
    }
    let mut said = vec![format!("{} {verb}", applied.done)];
    for (count, what) in [
        (applied.unchanged, "unchanged"),
        (applied.before, "before"),
        (applied.failed, "failed"),
        (applied.skipped, "not begun"),
    ] {
        if count > 0 {
            said.push(format!("{count} {what}"));
        }
    }
    if !run.is_empty() || applied.before > 0 {
        ui.remark(&said.join(", "));
    }
    if applied.is_complete() {
        run.finish();
        return Ok(Exit::Done);
    }
    if let Some(hint) = applied.failures.iter().find_map(|failure| failure.error.hint.as_deref()) {
        ui.hint(&text::line(hint));
    }
    ui.note(&format!("to finish it (what is done stays done): {again}"));
    if let Some(error) = applied.gave_up {
        return Err(error.into());
    }
    Ok(if applied.failed > 0 { Exit::Partly } else { Exit::Interrupted })
}

//! Public futures can be spawned, as a server must: this compiles or it does not.
//!
//! Those of [`crate::s3::tree`] are not among them: they take asynchronous closures, of which `Send` cannot be said yet.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::PathBuf;

use futures_util::StreamExt;
use jiff::Timestamp;
use ssmbak_core::event::Change;
use ssmbak_core::instant::Instant;
use ssmbak_core::mark::{Mark, MarkName};
use ssmbak_core::name::ParameterName;
use ssmbak_core::object::ObjectVersion;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::plan::{Destination as ToPath, Plan, Target as State};
use ssmbak_core::restore_record::{RestoreDraft, RestoreId, RestoreRecord};
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Place, SweepRecord};
use ssmbak_core::timeline::{Reach, Timeline};

use crate::bucket::{self, S3BackupBucket, StoredVersion};
use crate::capture::Drift;
use crate::drill::{self, Drill};
use crate::rehearsal::{RehearsalOptions, rehearse};
use crate::restore::{Restore, RestoreOptions, Unobserved, journal};
use crate::s3::{CopyOptions, Destination, DownloadOptions, ObjectBucket, RehydrateOptions};
use crate::store::SsmParameterStore;
use crate::trash::{self, Trash};
use crate::{
    Capture, ConcurrencyLimiter, ParamPath, RequestPolicy, S3Path, destination, diff, history, mark, read, sweep,
    verify,
};

type Store = SsmParameterStore;
type Bucket = S3BackupBucket;

fn spawn<F: Future + Send + 'static>(_: F) {}

#[expect(dead_code, reason = "compiled, not run")]
fn param_path(path: ParamPath<Store, Bucket>, name: ParameterName, options: RestoreOptions) {
    let of = || (path.clone(), name.clone(), options.clone());
    let (path, ..) = of();
    spawn(async move { path.tracked_keys().await });
    let (path, ..) = of();
    spawn(async move { path.names().await });
    let (path, ..) = of();
    spawn(async move { path.versions().await });
    let (path, name, _) = of();
    spawn(async move { path.latest_version(&name).await });
    let (path, name, _) = of();
    spawn(async move { path.version_in_effect(&name).await });
    let (path, ..) = of();
    spawn(async move { path.timelines().await });
    let (path, ..) = of();
    spawn(async move { path.preview().await });
    let (path, name, _) = of();
    spawn(async move { path.preview_key(&name).await });
    let (path, _, options) = of();
    spawn(async move { path.restore(&options, &Unobserved).await });
}

#[expect(dead_code, reason = "compiled, not run")]
fn restore(
    store: Store,
    bucket: Bucket,
    plan: Plan,
    draft: RestoreDraft,
    options: RestoreOptions,
    record: RestoreRecord,
) {
    let of = || (Restore::new(store.clone(), bucket.clone()), plan.clone(), draft.clone(), options.clone());
    let (restore, plan, _, options) = of();
    spawn(async move { restore.apply(&plan, &options, &Unobserved).await });
    let (restore, plan, draft, options) = of();
    spawn(async move { restore.apply_and_record(&plan, draft, &options, &Unobserved).await });
    let (restore, plan, draft, options) = of();
    spawn(async move { restore.create_unrecorded(&plan, draft, &options, &Unobserved).await });
    let (store, bucket) = (store.clone(), bucket.clone());
    spawn(async move {
        let undo = journal::undo(&store, &bucket, &record).await;
        let with = journal::undo_with(&store, &bucket, &record, &journal::UndoOptions::default()).await;
        let written = journal::write(&bucket, &record).await;
        let restores = journal::restores(&bucket, 3).await;
        let one = journal::restore_record(&bucket, None::<&RestoreId>).await;
        (undo, with, written, restores.is_ok(), one)
    });
}

#[expect(dead_code, reason = "compiled, not run")]
fn capture(capture: Capture<Store, Bucket>, change: Change, name: ParameterName, now: Timestamp) {
    let of = || (capture.clone(), name.clone());
    let (capture, _) = of();
    spawn(async move { capture.event(&change, None, now).await });
    let (capture, name) = of();
    spawn(async move { capture.find_drift(&name, now).await });
    let (capture, name) = of();
    spawn(async move { capture.find_drift_by_all_versions(&name, None::<&SweepRecord>, now).await });
    let (capture, name) = of();
    spawn(async move { capture.find_drift_listed(&name, None::<&CurrentParameter>, None, now).await });
    let (capture, name) = of();
    spawn(async move { capture.deleted(&name, now, now).await });
}

#[expect(dead_code, reason = "compiled, not run")]
fn sweeps(capture: Capture<Store, Bucket>, selection: Selection, drift: Drift, place: Place, turn: sweep::SweepItem) {
    let of = || capture.clone();
    let capture = of();
    spawn(async move { capture.record_drift(drift).await });
    let capture = of();
    spawn(async move { sweep::names(&capture, &selection, None).await });
    let capture = of();
    spawn(async move {
        let names: BTreeMap<ParameterName, sweep::Look> = BTreeMap::new();
        sweep::find_drift(&capture, names, None, crate::clock::now).collect::<Vec<_>>().await
    });
    let capture = of();
    spawn(async move { sweep::last(capture.bucket()).await });
    let capture = of();
    spawn(async move { sweep::page(&capture, &place, None).await });
    let capture = of();
    spawn(async move { sweep::process(&capture, &turn, None, crate::clock::now()).await });
    let capture = of();
    spawn(async move { verify::repair(&capture, BTreeSet::new(), crate::clock::now).await });
    let capture = of();
    spawn(async move { trash::record_missing(&capture, &Trash::default(), crate::clock::now()).await });
}

#[expect(dead_code, reason = "compiled, not run")]
fn reading(store: Store, bucket: Bucket, selection: Selection, at: Instant, name: ParameterName) {
    let of = || (store.clone(), bucket.clone(), selection.clone(), at);
    let (_, bucket, selection, at) = of();
    spawn(async move {
        read::read_states_at(
            &bucket,
            &selection,
            &at,
            &ConcurrencyLimiter::of_bucket(),
            &read::ListingProgress::default(),
        )
        .await
    });
    let (_, bucket, selection, _) = of();
    spawn(async move { read::timelines(&bucket, &selection).await });
    let (_, bucket, selection, _) = of();
    spawn(async move { read::timelines_back(&bucket, &selection, Reach::All).await });
    let (_, bucket, _, at) = of();
    spawn(async move { read::targets(&bucket, &BTreeMap::<ParameterName, Timeline>::new(), &at).await });
    let (_, bucket, selection, at) = of();
    spawn(async move { read::states(&bucket, &selection, &at).await });
    let (store, _, selection, _) = of();
    spawn(async move { read::described(&store, &selection).await });
    let (store, ..) = of();
    spawn(async move {
        let targets = BTreeMap::<ParameterName, State>::new();
        read::presents(&store, BTreeMap::new(), &targets, &ConcurrencyLimiter::of_store()).await
    });
    let (store, bucket, selection, at) = of();
    spawn(async move {
        let now = read::described(&store, &selection);
        read::states_beside((&store, &bucket), &selection, &at, now).await
    });
    let (_, bucket, selection, _) = of();
    spawn(async move { history::history(&bucket, &selection, history::HistoryOptions::default()).await });
    let (_, bucket, selection, at) = of();
    spawn(async move { diff::between(&bucket, &selection, &at, &at).await });
    let (store, bucket, selection, at) = of();
    spawn(async move { diff::until_now(&store, &bucket, &selection, &at).await });
    let (store, ..) = of();
    spawn(async move { diff::present(&store, &name).await });
    let (store, bucket, selection, _) = of();
    spawn(async move { trash::trash(&store, &bucket, &selection).await });
    let (_, bucket, ..) = of();
    spawn(async move { trash::plan(&bucket, &Trash::default()).await });
    let (store, bucket, selection, _) = of();
    spawn(async move { verify::verify(&store, &bucket, &selection).await });
}

#[expect(dead_code, reason = "compiled, not run")]
fn buckets(bucket: Bucket, name: MarkName, noted: Mark, version: StoredVersion) {
    let of = || bucket.clone();
    let bucket = of();
    spawn(async move { bucket.lifecycle().await });
    let bucket = of();
    spawn(async move { bucket.put_mark(&noted, false).await });
    let bucket = of();
    spawn(async move { (bucket.check_versioned().await, bucket.is_suspended().await) });
    let bucket = of();
    spawn(async move { bucket.continuations("/").await });
    let bucket = of();
    spawn(async move { (mark::marks(&bucket).await.is_ok(), mark::mark(&bucket, &name).await.is_ok()) });
    let bucket = of();
    spawn(async move {
        let described = bucket::describe_versions(&bucket, Vec::new()).await;
        let record = bucket::record_of(&bucket, &version).await;
        (described, record, bucket::record_and_body_of(&bucket, &version).await)
    });
}

#[expect(dead_code, reason = "compiled, not run")]
fn elsewhere(store: Store, bucket: Bucket, selection: Selection, at: Instant, to: ToPath, options: RestoreOptions) {
    let of = || (store.clone(), bucket.clone(), selection.clone());
    let (store, bucket, selection) = of();
    spawn(async move { destination::preview(&store, &bucket, &selection, &at, &to).await });
    let (store, bucket, selection) = of();
    spawn(async move {
        let mut drill = Drill::prepare(&bucket, &selection, &at, "/scratch/").await?;
        let _ = Drill::prepare_assuming(&bucket, &selection, &at, "/scratch/", true).await?;
        drill.look_for_unrecorded(&store, &selection).await?;
        let drilled = drill.run(&store, &bucket, &options, &Unobserved).await;
        let left = drill::leftovers(&store, "/scratch/").await?;
        let rehearsal = RehearsalOptions { now: at.at(), age: jiff::SignedDuration::ZERO, most: 1 };
        rehearse(&store, &bucket, rehearsal, &options, &Unobserved).await?;
        let cleaned = drill::clean(&store, left, &options).await;
        Ok::<_, crate::Error>((drilled.is_ok(), cleaned))
    });
}

#[expect(dead_code, reason = "compiled, not run")]
fn policy() {
    spawn(async {
        let policy = RequestPolicy::current();
        policy.clone().scope(async {}).await;
        policy.interrupted().await;
        policy.pause(std::time::Duration::ZERO).await
    });
}

#[expect(dead_code, reason = "compiled, not run")]
fn one_object(path: S3Path, bucket: ObjectBucket, version: ObjectVersion) {
    spawn(async move {
        let previewed = path.preview().await;
        let body = path.body().await;
        let held = path.held().await.is_ok();
        let restored = path.restore(&CopyOptions::default()).await;
        let downloaded = path.download_to(&mut Vec::new()).await;
        (previewed, body, held, restored, downloaded)
    });
    spawn(async move {
        let copied = bucket
            .copy_version(&version, Destination { bucket: &bucket, key: "x" }, &CopyOptions::default())
            .await
            .is_ok();
        let marked = bucket.put_delete_marker("x").await.is_ok();
        let into_memory = bucket.download(&version, &mut Vec::new()).await;
        let with = bucket.download_with(&version, &mut Vec::new(), &DownloadOptions::default()).await;
        let path = PathBuf::new();
        let file = bucket.download_file(&version, &path).await;
        let file_with = bucket.download_file_with(&version, &path, &DownloadOptions::default()).await;
        let same = bucket.is_file_of(&version, &path).await;
        let versions = bucket.versions_of("x", |_| true).await;
        let versioning = bucket.versioning().await.is_ok();
        let ready = bucket.readiness_of(&version).await.is_ok();
        let asked = bucket.rehydrate(&version, RehydrateOptions::default()).await;
        let trash = bucket.undeletable("x").await.is_ok();
        let back = bucket.undelete(&version, &CopyOptions::default()).await;
        let tasks = bucket.failed_tasks("reports", "job", 3).await.is_ok();
        let uploaded = bucket.upload_file(&path, "x").await;
        (
            copied,
            marked,
            into_memory,
            with,
            file,
            file_with,
            same,
            versions,
            versioning,
            ready,
            asked,
            trash,
            back,
            tasks,
            uploaded,
        )
    });
}

//! A tree as it was, as files.

use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use ssmbak_core::object::{LocalPath, Namer, Names, ObjectAction, ObjectChange, ObjectVersion, PathRefused, Verdict};
use tokio::fs;

use super::throttle::retry_throttled;
use super::{Applied, ProgressObserver, Spill, Tree, TreePlan, TreeRun};
use crate::s3::download::{blocking, local};
use crate::s3::object_bucket::shown;
use crate::s3::part_files;
use crate::s3::{DownloadOptions, RehydrateOptions, Restored, part_file};
use crate::{Error, ErrorKind};

/// How a tree is downloaded.
#[derive(Clone, Debug, Default)]
pub struct GetOptions {
    /// What becomes of keys that cannot be names of files.
    pub names: Names,
    /// Overwrite files that were changed since they were downloaded.
    pub force: bool,
    /// Compare the bytes of files that have the right size and time.
    pub checksum: bool,
    /// How bytes are read.
    pub download: DownloadOptions,
    /// Ask for what is in an archive.
    pub rehydrate: Option<RehydrateOptions>,
}

/// What there is where a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalState {
    /// Nothing.
    Missing,
    /// A file of the version's size and time.
    Same,
    /// Something else.
    Other,
}

impl Tree {
    /// Downloads what a plan lists into a directory. A file that has the version's size and time already is left; one that
    /// is no version of its key was changed by somebody, and is refused unless forced.
    ///
    /// Keys that cannot be names of files are escaped, or refused one by one. Part files of this run, and those that
    /// killed ones left, are removed.
    ///
    /// # Errors
    /// If the plan cannot be read, or the directory not be made.
    pub async fn download(
        &self,
        run: &mut TreeRun,
        dir: &Path,
        options: &GetOptions,
        observer: &impl ProgressObserver,
    ) -> Result<Applied, Error> {
        let begun = SystemTime::now();
        fs::create_dir_all(dir).await.map_err(|error| local("make", dir, &error))?;
        let is_case_sensitive = part_files::is_case_sensitive(dir);
        let mut namer = Namer::new(options.names, is_case_sensitive);
        // One wait for the disk is enough for all files, save where a system cannot be asked for it.
        let download = DownloadOptions { sync: cfg!(not(unix)), ..options.download.clone() };
        let options = &GetOptions { download, ..options.clone() };
        let admit = |change: &ObjectChange| self.placed(&mut namer, &change.version);
        let perform = async |changes: Vec<(ObjectChange, Option<LocalPath>)>| {
            let mut outcomes = Vec::with_capacity(changes.len());
            for (change, place) in changes {
                let outcome = self.fetch(&change.version, place, dir, options).await;
                outcomes.push((change, outcome));
            }
            outcomes
        };
        let applied = run.apply(&self.concurrency, observer, false, admit, perform).await;
        self.clean(run, dir, Namer::new(options.names, is_case_sensitive), begun)?;
        let (applied, dir) = (applied?, dir.to_owned());
        blocking(move || part_files::sync(&dir).map_err(|error| local("write", &dir, &error))).await?;
        Ok(applied)
    }

    /// The plan as it is with what a directory has already: without files that are the same.
    ///
    /// # Errors
    /// If the plan cannot be read or written.
    pub fn compared_with_dir(&self, mut plan: TreePlan, dir: &Path, options: &GetOptions) -> Result<TreePlan, Error> {
        let mut namer = Namer::new(options.names, !dir.is_dir() || part_files::is_case_sensitive(dir));
        let (mut left, mut totals) = (Spill::new(&self.scratch)?, plan.totals);
        let mut block = Vec::new();
        for change in plan.changes.rows() {
            let mut change = change?;
            let state = match self.placed(&mut namer, &change.version) {
                Ok(Some(LocalPath::File(path))) => local_state(&dir.join(path), &change.version),
                Ok(Some(LocalPath::Directory(path))) if dir.join(&path).is_dir() => LocalState::Same,
                Ok(None) => LocalState::Same,
                _ => LocalState::Missing,
            };
            totals.settle(&change);
            match state {
                LocalState::Same => continue,
                LocalState::Missing => {}
                LocalState::Other => change.action = ObjectAction::Update,
            }
            totals.unchanged -= 1;
            totals.add(&Verdict::Change(change.clone()));
            block.push(change);
        }
        for rows in block.chunks(1_000) {
            let first = rows.first().map(|change| change.version.key.clone()).unwrap_or_default();
            left.push(&first, rows)?;
        }
        Ok(TreePlan { changes: left, totals, proved: 0 })
    }

    fn placed(&self, namer: &mut Namer, version: &ObjectVersion) -> Result<Option<LocalPath>, Error> {
        let placed = namer.place(&self.prefix, &version.key, version.size);
        placed.map_err(|why| refused(&version.key, why))
    }

    async fn fetch(
        &self,
        version: &ObjectVersion,
        place: Option<LocalPath>,
        dir: &Path,
        options: &GetOptions,
    ) -> Result<Restored, Error> {
        let path = match place {
            None => return Ok(Restored::Unchanged),
            Some(LocalPath::Directory(path)) => {
                let dir = dir.to_owned();
                return blocking(move || make_dirs(&dir, &path)).await.map(|()| Restored::Copied(None));
            }
            Some(LocalPath::File(path)) => path,
        };
        let whole = dir.join(&path);
        let fetched = retry_throttled(async || {
            let fetched = self.file(version, dir, &path, options).await;
            if fetched.as_ref().is_err_and(|error| error.kind == ErrorKind::Throttled) {
                self.concurrency.slow_down();
            }
            fetched
        })
        .await;
        match (&fetched, options.rehydrate) {
            (Err(error), Some(rehydrate)) if error.kind == ErrorKind::Archived => {
                retry_throttled(async || self.bucket.rehydrate(version, rehydrate).await).await?;
                let takes = rehydrate.tier.takes(version.storage_class.as_deref());
                return Err(error.clone().with_hint(format!("it was asked for; run this again in {takes}")));
            }
            (Err(_), _) => drop(fs::remove_file(part_file(&whole, &version.version_id)).await),
            (Ok(_), _) => {}
        }
        fetched
    }

    async fn file(
        &self,
        version: &ObjectVersion,
        dir: &Path,
        path: &Path,
        options: &GetOptions,
    ) -> Result<Restored, Error> {
        let (root, place, wanted) = (dir.to_owned(), path.to_owned(), version.clone());
        let path = dir.join(path);
        let state = blocking(move || {
            make_dirs(&root, place.parent().unwrap_or(Path::new("")))?;
            Ok(local_state(&root.join(&place), &wanted))
        })
        .await?;
        if state == LocalState::Same && !options.checksum {
            return Ok(Restored::Unchanged);
        }
        if state != LocalState::Missing {
            let is_file = std::fs::symlink_metadata(&path).is_ok_and(|there| there.is_file());
            match if is_file { self.bucket.is_file_of(version, &path).await? } else { Some(false) } {
                Some(true) => return Ok(Restored::Unchanged),
                // What has the version's size and time, and cannot be compared, was downloaded.
                None if state == LocalState::Same => {}
                _ if options.force || (state == LocalState::Other && self.was_downloaded(version, &path).await?) => {}
                _ => return Err(changed_here(&path)),
            }
        }
        self.bucket.download_file_with(version, &path, &options.download).await?;
        Ok(Restored::Copied(None))
    }

    /// Whether a file has the size and time of some version of the key: then an earlier download has written it.
    async fn was_downloaded(&self, version: &ObjectVersion, path: &Path) -> Result<bool, Error> {
        let mut found = false;
        self.bucket
            .versions_of(&version.key, |other| {
                found = !other.is_marker && local_state(path, other) == LocalState::Same;
                found
            })
            .await?;
        Ok(found)
    }

    /// Removes part files that are older than this run from the directories that it wrote to.
    fn clean(&self, run: &mut TreeRun, dir: &Path, mut namer: Namer, begun: SystemTime) -> Result<(), Error> {
        let mut last: Option<PathBuf> = None;
        for change in run.changes() {
            let change = change?;
            let Ok(Some(LocalPath::File(path))) = self.placed(&mut namer, &change.version) else { continue };
            let parent = dir.join(path.parent().unwrap_or(Path::new("")));
            if last.as_ref() != Some(&parent) {
                part_files::sweep(&parent, begun);
                last = Some(parent);
            }
        }
        Ok(())
    }
}

/// What there is where a version goes.
fn local_state(path: &Path, version: &ObjectVersion) -> LocalState {
    let Ok(there) = std::fs::symlink_metadata(path) else { return LocalState::Missing };
    let seconds = u64::try_from(version.last_modified.as_second()).unwrap_or(0);
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let is_same = there.is_file() && there.len() == version.size && there.modified().is_ok_and(|time| time == modified);
    if is_same { LocalState::Same } else { LocalState::Other }
}

fn changed_here(path: &Path) -> Error {
    let message = format!("{:?} is no version of its key: it was changed here", path.display().to_string());
    Error::new(ErrorKind::Refused, message).with_hint("--force overwrites such files; or choose another directory")
}

fn refused(key: &str, why: PathRefused) -> Error {
    Error::new(ErrorKind::Refused, format!("{} is not downloaded: {why}", shown(key)))
        .with_hint("--names escape finds a name for it; s3bak body writes it to a file of any name")
}

/// Makes directories below `dir`, never through a link, which could lead anywhere.
fn make_dirs(dir: &Path, path: &Path) -> Result<(), Error> {
    let mut whole = dir.to_owned();
    for level in path.components().filter(|level| matches!(level, Component::Normal(_))) {
        whole.push(level);
        match std::fs::symlink_metadata(&whole) {
            Ok(there) if there.is_dir() => continue,
            Ok(_) => {
                let message = format!("{:?} is no directory", whole.display().to_string());
                return Err(
                    Error::new(ErrorKind::LocalFile, message).with_hint("remove it, or choose another directory")
                );
            }
            Err(_) => match std::fs::create_dir(&whole) {
                // Another one of the same directory was faster.
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(local("make", &whole, &error));
                }
                _ => {}
            },
        }
    }
    Ok(())
}

//! A tree as it was, as files.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path};
use std::time::{Duration, SystemTime};

use ssmbak_core::object::{LocalPath, ObjectChange, ObjectVersion, PathRefused, collision_key, local_path};
use tokio::fs;

use super::pace::patiently;
use super::{Applied, Journal, Tree, Watcher};
use crate::s3::download::local;
use crate::s3::object_bucket::shown;
use crate::{Error, ErrorKind};

impl Tree {
    /// Downloads what a journal lists into a directory. A file that has the version's size and time already is left.
    ///
    /// Keys that would leave the directory, or be mixed up where upper and lower case are the same, are refused one by one.
    ///
    /// # Errors
    /// If the journal cannot be read or written, or the directory not be made.
    pub async fn download(&self, journal: &mut Journal, dir: &Path, watcher: &impl Watcher) -> Result<Applied, Error> {
        fs::create_dir_all(dir).await.map_err(|error| local("make", dir, &error))?;
        // A hash a key, in place of the keys themselves.
        let mut taken: HashSet<u64> = HashSet::new();
        let admit = |change: &ObjectChange| {
            let key = &change.version.key;
            let mut hasher = DefaultHasher::new();
            collision_key(key).hash(&mut hasher);
            if taken.insert(hasher.finish()) { Ok(()) } else { Err(refused(key, PathRefused::CaseCollision)) }
        };
        let perform = async |change: &ObjectChange| patiently(async || self.file(&change.version, dir).await).await;
        journal.run(&self.pace, watcher, admit, perform).await
    }

    async fn file(&self, version: &ObjectVersion, dir: &Path) -> Result<(), Error> {
        match local_path(&self.prefix, &version.key).map_err(|why| refused(&version.key, why))? {
            None => Ok(()),
            Some(LocalPath::Directory(path)) => make_dirs(dir, &path).await,
            Some(LocalPath::File(path)) => {
                if let Some(parent) = path.parent() {
                    make_dirs(dir, parent).await?;
                }
                let path = dir.join(path);
                if is_there(&path, version).await {
                    return Ok(());
                }
                self.bucket.download_file(version, &path).await
            }
        }
    }
}

fn refused(key: &str, why: PathRefused) -> Error {
    Error::new(ErrorKind::Refused, format!("{} is not downloaded: {why}", shown(key)))
        .with_hint("s3bak body writes it to a file of any name")
}

/// Makes directories below `dir`, never through a link, which could lead anywhere.
async fn make_dirs(dir: &Path, path: &Path) -> Result<(), Error> {
    let mut whole = dir.to_owned();
    for level in path.components().filter(|level| matches!(level, Component::Normal(_))) {
        whole.push(level);
        match fs::symlink_metadata(&whole).await {
            Ok(there) if there.is_dir() => continue,
            Ok(_) => {
                let message = format!("{:?} is no directory", whole.display().to_string());
                return Err(
                    Error::new(ErrorKind::LocalFile, message).with_hint("remove it, or choose another directory")
                );
            }
            Err(_) => match fs::create_dir(&whole).await {
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

async fn is_there(path: &Path, version: &ObjectVersion) -> bool {
    let Ok(there) = fs::symlink_metadata(path).await else { return false };
    let seconds = u64::try_from(version.last_modified.as_second()).unwrap_or(0);
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    there.is_file() && there.len() == version.size && there.modified().is_ok_and(|time| time == modified)
}

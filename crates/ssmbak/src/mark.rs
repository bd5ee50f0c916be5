//! Named moments in the bucket.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::mark::{MARK_PREFIX, Mark, MarkError, MarkName};

use crate::bucket::{BackupBucket, Keys};
use crate::{CONCURRENCY, Error, ErrorKind};

/// The marks of a bucket, in order of their moments, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The marks.
    pub marks: Vec<Mark>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Lists the marks.
///
/// # Errors
/// The first request that failed. An object that is no mark is no error but a warning.
pub async fn marks<B: BackupBucket>(bucket: &B) -> Result<Marks, Error> {
    let listed = bucket.versions(Keys::Prefix(MARK_PREFIX)).await?;
    let current = listed.into_iter().filter(|version| version.is_latest && !version.is_marker);
    let read: Vec<(String, Result<Mark, MarkError>)> = stream::iter(current)
        .map(|version| async move {
            let body = bucket.body(&version.key, Some(&version.version_id)).await?;
            let mark = Mark::decode(&version.key, &body);
            Ok::<_, Error>((version.key, mark))
        })
        .buffered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await?;
    let mut marks = Marks::default();
    for (key, mark) in read {
        match mark {
            Ok(mark) => marks.marks.push(mark),
            Err(error) => marks.warnings.push(format!("an object is left out, {key}: {error}")),
        }
    }
    marks.marks.sort_by(|a, b| (a.at.at(), &a.name).cmp(&(b.at.at(), &b.name)));
    Ok(marks)
}

/// Looks one mark up.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is none of this name, [`ErrorKind::Unreadable`], or the request that failed.
pub async fn mark<B: BackupBucket>(bucket: &B, name: &MarkName) -> Result<Mark, Error> {
    let key = name.key();
    match bucket.body(&key, None).await {
        Ok(body) => Mark::decode(&key, &body)
            .map_err(|error| Error::new(ErrorKind::Unreadable, format!("the mark {name} cannot be used: {error}"))),
        Err(error) if error.kind == ErrorKind::NotFound => {
            let error = Error::new(ErrorKind::NotFound, format!("there is no mark {name}"));
            Err(error.with_hint("`ssmbak marks` lists them"))
        }
        Err(error) => Err(error),
    }
}

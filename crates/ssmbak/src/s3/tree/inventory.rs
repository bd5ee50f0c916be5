//! A plan made of an inventory that S3 wrote, in place of a listing.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};

use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{
    Inventory, InventoryFile, InventoryKey, KeyHistory, ObjectPlanOptions, ObjectTotals, ObjectVersion, S3Location,
    Verdict, decide, held_at,
};

use super::sorted::{Merged, Sorter, merge};
use super::spill::Blocks;
use super::throttle::retry_throttled;
use super::{Target, Tree, TreePlan};
use crate::{Error, ErrorKind};

/// How often a file is read that breaks off.
const ATTEMPTS: u32 = 3;

/// Largest `manifest.json` that is read.
const LARGEST_MANIFEST: usize = 256 * 1024 * 1024;

impl Tree {
    /// Reads the `manifest.json` of an inventory of the tree's bucket, which has to be of `at` or later.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] if it is none that tells enough, [`ErrorKind::Refused`] if it is of another bucket or of
    /// an earlier time, or the failed request.
    pub async fn inventory(&self, manifest: &S3Location, at: Instant) -> Result<Inventory, Error> {
        let mut text = Vec::new();
        let bucket = self.bucket.beside(&manifest.bucket);
        bucket
            .bytes(&manifest.key, |bytes| {
                text.extend_from_slice(bytes);
                // What is cut is no JSON.
                Ok(text.len() <= LARGEST_MANIFEST)
            })
            .await?;
        let shown = format!("s3://{}/{}", manifest.bucket, manifest.key);
        let read = Inventory::parse(&text).map_err(|error| {
            Error::new(ErrorKind::Unreadable, format!("cannot use the inventory {shown:?}: {error}"))
                .with_hint(error.hint())
        })?;
        if read.bucket != self.bucket.name() {
            let message = format!("the inventory is of bucket {}, not of {}", read.bucket, self.bucket.name());
            return Err(Error::new(ErrorKind::Refused, message).with_hint("give an inventory of the bucket"));
        }
        if at.until() > read.created {
            let message = format!("the inventory is of {}, before {at}", read.created);
            let hint = "give a later inventory, or leave out --inventory";
            return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
        }
        Ok(read)
    }

    /// What a restore would do, by an inventory: in its place, or the whole tree at a target. Keys whose state the
    /// inventory leaves open are listed.
    ///
    /// # Errors
    /// As [`Tree::plan`], and [`ErrorKind::Unreadable`] if a file is not what the inventory says.
    pub async fn plan_of_inventory(
        &self,
        inventory: &Inventory,
        at: Instant,
        options: ObjectPlanOptions,
        to: Option<&Target>,
        mut seen: impl FnMut(u64),
    ) -> Result<TreePlan, Error> {
        let mut sorter = Sorter::new(&self.scratch);
        let mut versions = 0;
        for file in &inventory.files {
            let found = self.read_inventory(inventory, file, &mut sorter).await?;
            versions += found;
            seen(found);
        }
        let mut files = sorter.end()?;
        let keys = Keys { rows: merge(&mut files)?, next: None, at };
        let mut histories = futures_util::stream::iter(keys)
            .map(async |key| {
                let (name, key) = key?;
                if key.is_certain() {
                    return Ok::<KeyHistory, Error>(key.history);
                }
                retry_throttled(async || self.bucket.history(&name, &[at], true).await).await
            })
            .buffered(self.concurrency.now());
        let (mut changes, mut totals) = (Blocks::new(&self.scratch)?, ObjectTotals { versions, ..Default::default() });
        while let Some(history) = histories.next().await {
            let history = history?;
            let verdict = if to.is_some() { held_at(&history) } else { decide(&history, options) };
            totals.add(&verdict);
            if let Verdict::Change(change) = verdict {
                changes.push(change)?;
            }
        }
        let plan = TreePlan { changes: changes.end()?, totals, proved: 0 };
        match to {
            Some(to) => self.beside(plan, to).await,
            None => Ok(plan),
        }
    }

    /// Reads the rows of the tree from a file, and counts them.
    async fn read_inventory(
        &self,
        inventory: &Inventory,
        file: &InventoryFile,
        sorter: &mut Sorter,
    ) -> Result<u64, Error> {
        let wrong =
            |why: &str| Error::new(ErrorKind::Unreadable, format!("cannot use the inventory's {:?}: {why}", file.key));
        let bytes = self.inventory_file(&inventory.files_bucket, file).await?;
        let mut lines = BufReader::new(MultiGzDecoder::new(BufReader::new(bytes)));
        let (mut line, mut found) = (String::new(), 0);
        loop {
            line.clear();
            match lines.read_line(&mut line) {
                Ok(0) => return Ok(found),
                Ok(_) => {}
                Err(error) => return Err(wrong(&error.to_string())),
            }
            let row = inventory.row(&line).ok_or_else(|| wrong("a line is not a row of an inventory"))?;
            if self.prefixes.iter().any(|prefix| row.key.starts_with(prefix)) && self.globs.matches(&row.key) {
                sorter.push(row)?;
                found += 1;
            }
        }
    }

    /// A file as it is, in a temporary file.
    async fn inventory_file(&self, bucket: &str, file: &InventoryFile) -> Result<File, Error> {
        let bucket = self.bucket.beside(bucket);
        let mut attempt = 1;
        loop {
            let local = |error| super::spill::failed("write", &error);
            let mut bytes = tempfile::tempfile_in(&self.scratch).map_err(local)?;
            let mut md5 = Md5::new();
            let read = bucket.bytes(&file.key, |part| {
                md5.update(part);
                bytes.write_all(part).map(|()| true).map_err(local)
            });
            match read.await {
                Ok(()) => {
                    let sum: String = md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                    if sum != file.md5 {
                        let message = format!("the inventory's {:?} has another MD5 than its manifest says", file.key);
                        return Err(Error::new(ErrorKind::Unreadable, message));
                    }
                    bytes.seek(SeekFrom::Start(0)).map_err(local)?;
                    return Ok(bytes);
                }
                Err(error) if attempt < ATTEMPTS && error.kind == ErrorKind::Other => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

/// The keys of sorted rows, each with what its versions say.
struct Keys<'a> {
    rows: Merged<'a>,
    /// The first row of the next key.
    next: Option<ObjectVersion>,
    at: Instant,
}

impl Iterator for Keys<'_> {
    type Item = Result<(String, InventoryKey), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = match self.next.take() {
            Some(row) => row,
            None => match self.rows.next()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            },
        };
        let mut key = InventoryKey::new(self.at);
        key.push(&first);
        for row in self.rows.by_ref() {
            match row {
                Ok(row) if row.key == first.key => key.push(&row),
                Ok(row) => {
                    self.next = Some(row);
                    break;
                }
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok((first.key, key)))
    }
}

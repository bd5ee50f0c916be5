//! Rows in any order, sorted in files.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use ssmbak_core::object::{ObjectVersion, inventory_order};

use super::Spill;
use super::spill::{Blocks, Rows};
use crate::Error;

/// Rows that are sorted in memory.
const RUN: usize = 100_000;
/// So many files are merged into one, so that there are never many.
const FAN: usize = 48;

/// A merge sort outside of memory.
pub(super) struct Sorter {
    scratch: PathBuf,
    run: usize,
    fan: usize,
    rows: Vec<ObjectVersion>,
    /// Sorted files; those of the next level are `fan` times as large.
    levels: Vec<Vec<Spill<ObjectVersion>>>,
}

impl Sorter {
    pub(super) fn new(scratch: &Path) -> Self {
        Self { scratch: scratch.to_owned(), run: RUN, fan: FAN, rows: Vec::new(), levels: Vec::new() }
    }

    pub(super) fn push(&mut self, row: ObjectVersion) -> Result<(), Error> {
        self.rows.push(row);
        if self.rows.len() == self.run { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.rows.sort_by(inventory_order);
        let mut sorted = Blocks::new(&self.scratch)?;
        self.rows.drain(..).try_for_each(|row| sorted.push(row))?;
        self.add(0, sorted.end()?)
    }

    fn add(&mut self, level: usize, sorted: Spill<ObjectVersion>) -> Result<(), Error> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        let Some(files) = self.levels.get_mut(level) else { return Ok(()) };
        files.push(sorted);
        if files.len() < self.fan {
            return Ok(());
        }
        let mut merged = Blocks::new(&self.scratch)?;
        merge(&mut std::mem::take(files))?.try_for_each(|row| merged.push(row?))?;
        self.add(level + 1, merged.end()?)
    }

    /// The files, for [`merge`].
    pub(super) fn end(mut self) -> Result<Vec<Spill<ObjectVersion>>, Error> {
        self.flush()?;
        Ok(self.levels.into_iter().flatten().collect())
    }
}

/// The rows of sorted files, in order. After an error it ends.
pub(super) fn merge(files: &mut [Spill<ObjectVersion>]) -> Result<Merged<'_>, Error> {
    let mut merged = Merged { files: files.iter_mut().map(Spill::rows).collect(), next: BinaryHeap::new() };
    for file in 0..merged.files.len() {
        merged.refill(file)?;
    }
    Ok(merged)
}

pub(super) struct Merged<'a> {
    files: Vec<Rows<'a, ObjectVersion>>,
    /// The first row of each.
    next: BinaryHeap<First>,
}

struct First {
    row: ObjectVersion,
    file: usize,
}

impl Ord for First {
    /// The greatest is the first.
    fn cmp(&self, other: &Self) -> Ordering {
        inventory_order(&other.row, &self.row).then_with(|| other.file.cmp(&self.file))
    }
}

impl PartialOrd for First {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for First {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for First {}

impl Merged<'_> {
    fn refill(&mut self, file: usize) -> Result<(), Error> {
        if let Some(row) = self.files.get_mut(file).and_then(Iterator::next) {
            self.next.push(First { row: row?, file });
        }
        Ok(())
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<ObjectVersion, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let First { row, file } = self.next.pop()?;
        match self.refill(file) {
            Ok(()) => Some(Ok(row)),
            Err(error) => {
                self.next.clear();
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn rows_of_any_number_of_files_come_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for count in [0, 1, 7, 70, 5_000] {
            let mut sorter = Sorter { run: 7, fan: 3, ..Sorter::new(dir.path()) };
            let row = |n: u64| ObjectVersion {
                key: format!("k{:03}", n * 7_919 % 211),
                version_id: n.to_string(),
                last_modified: Timestamp::from_second(i64::try_from(n * 31 % 97).unwrap()).unwrap(),
                is_latest: n.is_multiple_of(13),
                is_marker: n.is_multiple_of(5),
                size: n,
                etag: None,
                storage_class: None,
                checksum: None,
                is_rehydrated: false,
            };
            (0..count).for_each(|n| sorter.push(row(n)).unwrap());
            let mut files = sorter.end().unwrap();
            assert!(files.len() < 20, "{}", files.len());
            let rows: Vec<ObjectVersion> = merge(&mut files).unwrap().map(Result::unwrap).collect();
            assert!(rows.is_sorted_by(|a, b| inventory_order(a, b) != Ordering::Greater));
            let mut ids: Vec<u64> = rows.iter().map(|row| row.size).collect();
            ids.sort_unstable();
            assert!(ids.into_iter().eq(0..count));
        }
    }
}

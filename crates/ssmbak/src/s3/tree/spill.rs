//! Rows in a file, written as they come and read in the order of keys.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ssmbak_core::object::{ObjectChange, ObjectVersion};

use crate::{Error, ErrorKind};

/// Rows of a block.
const BLOCK: usize = 1_000;

/// Rows of any number. They come in blocks whose keys do not overlap, as pages of a listing do.
///
/// The file has no name, so that nothing is left of it whatever happens. Blocks are small and written without waiting for
/// the disk.
#[derive(Debug)]
pub struct Spill<T> {
    file: File,
    blocks: Vec<Block>,
    end: u64,
    rows: u64,
    of: PhantomData<fn() -> T>,
}

#[derive(Debug)]
struct Block {
    first: String,
    at: u64,
    length: usize,
}

impl<T: Serialize + DeserializeOwned> Spill<T> {
    pub(super) fn new(dir: &Path) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(dir).map_err(|error| failed("write", &error))?;
        Ok(Self { file, blocks: Vec::new(), end: 0, rows: 0, of: PhantomData })
    }

    /// Takes a block of rows, its first row's key with it.
    pub(super) fn push(&mut self, first: &str, rows: &[T]) -> Result<(), Error> {
        let mut text = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut text, row).map_err(|error| failed("write", &error.into()))?;
            text.push(b'\n');
        }
        self.file.seek(SeekFrom::Start(self.end)).map_err(|error| failed("write", &error))?;
        self.file.write_all(&text).map_err(|error| failed("write", &error))?;
        self.blocks.push(Block { first: first.to_owned(), at: self.end, length: text.len() });
        self.end += text.len() as u64;
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// How many rows there are.
    pub fn len(&self) -> u64 {
        self.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows by key.
    pub fn rows(&mut self) -> Rows<'_, T> {
        self.blocks.sort_by(|a, b| a.first.cmp(&b.first));
        Rows { file: &mut self.file, blocks: self.blocks.iter(), block: Vec::new().into_iter() }
    }
}

/// Rows that come one by one in the order of keys, as blocks of a [`Spill`].
#[derive(Debug)]
pub(super) struct Blocks<T> {
    spill: Spill<T>,
    block: Vec<T>,
}

/// What has a key.
pub(super) trait Keyed {
    fn key(&self) -> &str;
}

impl Keyed for ObjectVersion {
    fn key(&self) -> &str {
        &self.key
    }
}

impl Keyed for ObjectChange {
    fn key(&self) -> &str {
        &self.version.key
    }
}

impl<T: Serialize + DeserializeOwned + Keyed> Blocks<T> {
    pub(super) fn new(scratch: &Path) -> Result<Self, Error> {
        Ok(Self { spill: Spill::new(scratch)?, block: Vec::with_capacity(BLOCK) })
    }

    pub(super) fn push(&mut self, row: T) -> Result<(), Error> {
        self.block.push(row);
        if self.block.len() == BLOCK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if let Some(first) = self.block.first().map(|row| row.key().to_owned()) {
            self.spill.push(&first, &self.block)?;
            self.block.clear();
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<Spill<T>, Error> {
        self.flush()?;
        Ok(self.spill)
    }
}

/// Rows by key. After an error it ends.
#[derive(Debug)]
pub struct Rows<'a, T> {
    file: &'a mut File,
    blocks: std::slice::Iter<'a, Block>,
    block: std::vec::IntoIter<T>,
}

impl<T: DeserializeOwned> Rows<'_, T> {
    fn read(&mut self, block: &Block) -> std::io::Result<Vec<T>> {
        let mut text = vec![0; block.length];
        self.file.seek(SeekFrom::Start(block.at))?;
        self.file.read_exact(&mut text)?;
        Ok(serde_json::Deserializer::from_slice(&text).into_iter().collect::<Result<_, _>>()?)
    }
}

impl<T: DeserializeOwned> Iterator for Rows<'_, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.block.next() {
                return Some(Ok(row));
            }
            let block = self.blocks.next()?;
            match self.read(block) {
                Ok(rows) => self.block = rows.into_iter(),
                Err(error) => {
                    self.blocks = [].iter();
                    return Some(Err(failed("read", &error)));
                }
            }
        }
    }
}

pub(super) fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::LocalFile, format!("cannot {what} the plan's temporary file: {error}"))
        .with_hint("make room on that disk, or name another directory with TMPDIR")
}

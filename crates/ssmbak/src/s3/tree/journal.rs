//! A plan on disk and what is done of it, so that an interrupted run goes on where it stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use ssmbak_core::object::{ObjectChange, ObjectTotals};

use super::pace::Pace;
use super::{Tree, TreePlan};
use crate::s3::download::local;
use crate::{Error, ErrorKind};

/// The version of the file's format.
const FORMAT: u32 = 1;

/// Most failures that are kept with their reasons.
const FAILURES: usize = 1_000;

/// The changes of a plan, by key, and which of them are done.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    header: Header,
    done: Bits,
    log: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    question: String,
    totals: ObjectTotals,
    rows: u64,
}

/// Learns how a run goes, and may stop it.
pub trait Watcher {
    /// A change is done or has failed.
    fn settled(&self, change: &ObjectChange, outcome: &Result<(), Error>);

    /// Whether nothing more is to be begun.
    fn stopped(&self) -> bool;
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Applied {
    /// Changes made in this run.
    pub done: u64,
    /// Changes that an earlier run had made.
    pub before: u64,
    /// The first thousand failures, by key.
    pub failures: Vec<Failure>,
    /// How many there were.
    pub failed: u64,
    /// How many of them because the bytes are in an archive.
    pub archived: u64,
    /// Changes that were not begun.
    pub skipped: u64,
    /// Why the whole run was given up, if it was.
    pub gave_up: Option<Error>,
}

/// A change that was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number in the journal, from 0.
    pub row: u64,
    /// Its key.
    pub key: String,
    /// Why.
    pub error: Error,
}

impl Applied {
    /// Whether everything is done.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }

    /// Why a row was not done, if it was tried.
    pub fn failure(&self, row: u64) -> Option<&Failure> {
        self.failures.binary_search_by_key(&row, |failure| failure.row).ok().and_then(|at| self.failures.get(at))
    }
}

impl Journal {
    /// Writes a plan down. `question` is what it is the answer to: only the same question goes on with it.
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`].
    pub fn begin(path: &Path, question: &str, plan: &mut TreePlan) -> Result<Self, Error> {
        let header =
            Header { format: FORMAT, question: question.to_owned(), totals: plan.totals, rows: plan.changes.len() };
        let whole = path.with_extension("new");
        let failed = |error: &std::io::Error| local("write", path, error);
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            fs::create_dir_all(dir).map_err(|error| failed(&error))?;
        }
        let mut file = BufWriter::new(private(&whole).map_err(|error| failed(&error))?);
        write_line(&mut file, &header).map_err(|error| failed(&error))?;
        for row in plan.changes.rows() {
            write_line(&mut file, &row?).map_err(|error| failed(&error))?;
        }
        file.into_inner().map_err(|error| failed(error.error()))?.sync_all().map_err(|error| failed(&error))?;
        drop(fs::remove_file(log_path(path)));
        fs::rename(&whole, path).map_err(|error| failed(&error))?;
        Self::opened(path, header)
    }

    /// The journal of an interrupted run over the same question, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`] if there is one that cannot be read.
    pub fn resume(path: &Path, question: &str) -> Result<Option<Self>, Error> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(local("read", path, &error)),
        };
        let mut line = String::new();
        BufReader::new(file).read_line(&mut line).map_err(|error| local("read", path, &error))?;
        match serde_json::from_str::<Header>(&line) {
            Ok(header) if header.format == FORMAT && header.question == question => {
                Self::opened(path, header).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn opened(path: &Path, header: Header) -> Result<Self, Error> {
        let log_path = log_path(path);
        let mut done = Bits::default();
        if let Ok(text) = fs::read(&log_path) {
            // A line that was not written to its end does not count.
            let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let lines = String::from_utf8_lossy(text.get(..whole).unwrap_or_default()).into_owned();
            lines
                .lines()
                .filter_map(|line| line.parse().ok())
                .filter(|row| *row < header.rows)
                .for_each(|row| done.set(row));
        }
        let mut open = OpenOptions::new();
        let mut log =
            open.create(true).append(true).open(&log_path).map_err(|error| local("write", &log_path, &error))?;
        // Whatever a torn line was, the next one is its own.
        log.write_all(b"\n").map_err(|error| local("write", &log_path, &error))?;
        Ok(Self { path: path.to_owned(), header, done, log })
    }

    /// How many changes there are, and how large.
    pub fn totals(&self) -> &ObjectTotals {
        &self.header.totals
    }

    /// How many changes there are.
    pub fn len(&self) -> u64 {
        self.header.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.header.rows == 0
    }

    /// How many changes are done.
    pub fn done(&self) -> u64 {
        self.done.count
    }

    /// Whether a change is done.
    pub fn is_done(&self, row: u64) -> bool {
        self.done.has(row)
    }

    /// The changes, by key.
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`].
    pub fn changes(&self) -> Result<impl Iterator<Item = Result<ObjectChange, Error>> + use<>, Error> {
        let path = self.path.clone();
        let file = File::open(&path).map_err(|error| local("read", &path, &error))?;
        Ok(BufReader::new(file).lines().skip(1).map(move |line| {
            let line = line.map_err(|error| local("read", &path, &error))?;
            serde_json::from_str(&line).map_err(|error| local("read", &path, &error.into()))
        }))
    }

    /// Forgets it: there is nothing to go on with.
    pub fn finish(self) {
        drop(fs::remove_file(&self.path));
        drop(fs::remove_file(log_path(&self.path)));
    }

    fn set(&mut self, row: u64) -> Result<(), Error> {
        self.done.set(row);
        self.log.write_all(format!("{row}\n").as_bytes()).map_err(|error| local("write", &self.path, &error))
    }

    /// Makes the changes that are not done yet, as many at once as S3 bears. `admit` sees every change first, in order.
    pub(super) async fn run(
        &mut self,
        pace: &Pace,
        watcher: &impl Watcher,
        mut admit: impl FnMut(&ObjectChange) -> Result<(), Error>,
        perform: impl AsyncFn(&ObjectChange) -> Result<(), Error>,
    ) -> Result<Applied, Error> {
        let mut applied = Applied { before: self.done.count, ..Applied::default() };
        let mut rows = (0_u64..).zip(self.changes()?);
        let (mut busy, mut is_over) = (FuturesUnordered::new(), false);
        loop {
            while !is_over && !watcher.stopped() && applied.gave_up.is_none() && busy.len() < pace.now() {
                let Some((row, change)) = rows.next() else {
                    is_over = true;
                    break;
                };
                let change = change?;
                let admitted = admit(&change);
                if self.done.has(row) {
                    continue;
                }
                let perform = &perform;
                busy.push(async move {
                    let outcome = match admitted {
                        Ok(()) => perform(&change).await,
                        Err(error) => Err(error),
                    };
                    (row, change, outcome)
                });
            }
            let Some((row, change, outcome)) = busy.next().await else { break };
            watcher.settled(&change, &outcome);
            match outcome {
                Ok(()) => {
                    self.set(row)?;
                    applied.done += 1;
                }
                Err(error) => applied.fail(row, change.version.key, error),
            }
        }
        applied.failures.sort_by_key(|failure| failure.row);
        applied.skipped = self.header.rows - self.done.count - applied.failed;
        Ok(applied)
    }
}

impl Applied {
    fn fail(&mut self, row: u64, key: String, error: Error) {
        self.failed += 1;
        self.archived += u64::from(error.kind == ErrorKind::Archived);
        // Nothing else will go better.
        if matches!(error.kind, ErrorKind::Credentials | ErrorKind::BucketMissing) {
            self.gave_up.get_or_insert_with(|| error.clone());
        }
        if self.failures.len() < FAILURES {
            self.failures.push(Failure { row, key, error });
        }
    }
}

impl Tree {
    /// How many requests are under way at once, at most, as things are.
    pub fn pace(&self) -> usize {
        self.pace.now()
    }
}

/// Keys are nobody else's business.
fn private(path: &Path) -> std::io::Result<File> {
    let mut open = OpenOptions::new();
    open.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        open.mode(0o600);
    }
    open.open(path)
}

fn log_path(path: &Path) -> PathBuf {
    path.with_extension("done")
}

fn write_line(file: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}

/// One bit a row.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    count: u64,
}

impl Bits {
    fn place(row: u64) -> (usize, u64) {
        (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row % 64))
    }

    fn has(&self, row: u64) -> bool {
        let (word, bit) = Self::place(row);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn set(&mut self, row: u64) {
        let (at, bit) = Self::place(row);
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.count += 1;
        }
    }
}

//! A small S3 for versioned buckets: in memory, on loopback, as fast as a test needs it.
//!
//! By S3's documentation where the emulators differ from it: whole seconds, versions and markers in the order of storing,
//! 405 for a marker that is asked for by its version, a null version that a suspended bucket replaces. Beside that it
//! delays, refuses and breaks off answers on demand, and counts them. A test holds its answers against moto's.

mod answer;
mod control;
mod inventory;
mod list;
mod object;
mod request;
mod store;
mod upload;

use std::collections::BTreeMap;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use answer::Answer;
pub use inventory::InventoryPlace;
use request::{Connection, Request};
use store::Store;
pub use store::{StoredObject, Versioning};

use crate::{Error, Result};

/// A server, which ends with the program.
#[derive(Debug, Clone)]
pub struct S3Server {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    store: Mutex<Store>,
    /// Seconds since 1970 that it stands at; 0: the system's time.
    clock: AtomicU64,
    /// Microseconds before each answer.
    latency: AtomicU64,
    faults: Mutex<Faults>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// Requests whose sender pays for them.
    paid: AtomicU64,
    /// Requests under way, and the most there were.
    busy: Mutex<(u64, u64)>,
}

/// What goes wrong next.
#[derive(Debug, Default)]
struct Faults {
    /// So many requests are answered 503 SlowDown.
    slow_downs: u64,
    /// All requests beyond so many at once are.
    most_at_once: Option<u64>,
    /// So many bodies break off after so many bytes.
    cut: Option<(u64, usize)>,
    /// One byte of each body is another.
    corrupt: bool,
    /// After so many more requests of a kind, the rest is refused.
    refuse_after: Option<(&'static str, u64)>,
    /// So many puts on condition are answered 409 ConditionalRequestConflict.
    conflicts: u64,
    /// A tag of this name is answered 400 InvalidTag.
    refused_tag: Option<&'static str>,
    /// Requests of a kind about a key are answered with this status and code.
    refused_keys: Vec<(&'static str, String, u16, &'static str)>,
    /// After so many more requests of a kind somebody stores an object, or deletes it.
    writers: Vec<(&'static str, u64, Writer)>,
    /// Bodies have so many bytes more than they should.
    swollen: usize,
    /// Answers have no ETag and no checksum.
    silent: bool,
}

/// Somebody who writes: bucket, key, and bytes unless it is a deletion.
type Writer = (String, String, Option<Vec<u8>>);

impl S3Server {
    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("listen"))?;
        let port = listener.local_addr().map_err(Error::io("listen"))?.port();
        let shared = Arc::new(Shared {
            store: Mutex::default(),
            clock: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            faults: Mutex::default(),
            counts: Mutex::default(),
            paid: AtomicU64::new(0),
            busy: Mutex::default(),
        });
        let server = Self { shared: Arc::clone(&shared), port };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that hangs up is no fault of anybody.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Ok(server)
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops its clock at a second since 1970.
    pub fn set_clock(&self, seconds: u64) {
        self.shared.clock.store(seconds, Ordering::Relaxed);
    }

    /// Lets every request take so long.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.latency.store(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Answers the next requests with 503 SlowDown.
    pub fn slow_down(&self, requests: u64) {
        self.faults().slow_downs = requests;
    }

    /// Answers requests beyond so many at once with 503 SlowDown.
    pub fn bear_at_once(&self, most: Option<u64>) {
        self.faults().most_at_once = most;
    }

    /// Breaks off the next `bodies` after so many bytes each.
    pub fn cut_bodies(&self, bodies: u64, after: usize) {
        self.faults().cut = Some((bodies, after));
    }

    /// Changes a byte of every body that is read from now on.
    pub fn corrupt_bodies(&self, corrupt: bool) {
        self.faults().corrupt = corrupt;
    }

    /// Refuses (403) requests of a kind after so many more; `None`: no more.
    pub fn refuse_after(&self, kind: Option<(&'static str, u64)>) {
        self.faults().refuse_after = kind;
    }

    /// Answers the next puts on condition with 409 ConditionalRequestConflict.
    pub fn conflict(&self, puts: u64) {
        self.faults().conflicts = puts;
    }

    /// Refuses puts with a tag of this name (400 InvalidTag).
    pub fn refuse_tag(&self, name: &'static str) {
        self.faults().refused_tag = Some(name);
    }

    /// Answers requests of a kind about a key with this status.
    pub fn refuse_key(&self, kind: &'static str, key: &str, status: u16) {
        self.refuse_key_by(kind, key, status, if status == 400 { "InvalidArgument" } else { "AccessDenied" });
    }

    /// The same with an error code. Status 200 is an answer without a body, and nothing is done.
    pub fn refuse_key_by(&self, kind: &'static str, key: &str, status: u16, code: &'static str) {
        self.faults().refused_keys.push((kind, key.to_owned(), status, code));
    }

    /// Refuses to delete a key among others.
    pub fn protect(&self, key: &str) {
        lock(&self.shared.store).protected.insert(key.to_owned());
    }

    /// Lets somebody store an object, or delete it, once so many more requests of a kind are answered.
    pub fn write_after(&self, kind: &'static str, requests: u64, bucket: &str, key: &str, body: Option<&[u8]>) {
        let writer = (bucket.to_owned(), key.to_owned(), body.map(<[u8]>::to_vec));
        self.faults().writers.push((kind, requests, writer));
    }

    /// Lets every body have so many bytes more than it should.
    pub fn swell_bodies(&self, bytes: usize) {
        self.faults().swollen = bytes;
    }

    /// Leaves ETags and checksums out of answers with a body.
    pub fn be_silent(&self, silent: bool) {
        self.faults().silent = silent;
    }

    /// How many requests of each kind there were since the last [`S3Server::forget_counts`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.shared.counts).clone()
    }

    /// The bodies of CreateJob so far.
    #[must_use]
    pub fn jobs(&self) -> Vec<String> {
        lock(&self.shared.store).jobs.values().map(|job| job.request.clone()).collect()
    }

    /// How many requests came from somebody who pays for them.
    #[must_use]
    pub fn paid(&self) -> u64 {
        self.shared.paid.load(Ordering::Relaxed)
    }

    /// The most requests that were under way at once.
    #[must_use]
    pub fn most_at_once(&self) -> u64 {
        lock(&self.shared.busy).1
    }

    /// Counts from zero.
    pub fn forget_counts(&self) {
        lock(&self.shared.counts).clear();
        lock(&self.shared.busy).1 = 0;
    }

    /// Makes a bucket, or changes whether it makes versions.
    pub fn set_bucket(&self, bucket: &str, versioning: Versioning) {
        lock(&self.shared.store).set_bucket(bucket, versioning);
    }

    /// Stores an object without a request, and returns its version id.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8]) -> String {
        self.put_with(bucket, key, body, &[])
    }

    /// As [`S3Server::put`], with headers.
    pub fn put_with(&self, bucket: &str, key: &str, body: &[u8], headers: &[(&str, &str)]) -> String {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let object = StoredObject::new(body.into(), headers);
        let now = self.shared.now();
        lock(&self.shared.store).put(bucket, key, object, now).unwrap_or_default()
    }

    /// Deletes an object without a request.
    pub fn delete(&self, bucket: &str, key: &str) {
        let now = self.shared.now();
        lock(&self.shared.store).delete(bucket, key, None, now);
    }

    /// Removes a version for good, as a lifecycle rule does.
    pub fn expire(&self, bucket: &str, key: &str, id: &str) {
        let now = self.shared.now();
        lock(&self.shared.store).delete(bucket, key, Some(id), now);
    }

    /// Writes an inventory of all versions of a bucket, and returns the key of its manifest.
    #[must_use]
    pub fn write_inventory(&self, bucket: &str, place: &InventoryPlace<'_>) -> String {
        let now = self.shared.now();
        inventory::write(&mut lock(&self.shared.store), bucket, place, now)
    }

    /// What a key holds now, `None` if it is deleted or was never there.
    #[must_use]
    pub fn current(&self, bucket: &str, key: &str) -> Option<StoredObject> {
        lock(&self.shared.store).current(bucket, key)
    }

    /// How many versions and markers a key has.
    #[must_use]
    pub fn versions(&self, bucket: &str, key: &str) -> usize {
        lock(&self.shared.store).versions(bucket, key)
    }

    /// Keys that hold something now.
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        lock(&self.shared.store).keys(bucket)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.shared.faults)
    }
}

impl Shared {
    fn now(&self) -> u64 {
        match self.clock.load(Ordering::Relaxed) {
            0 => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            seconds => seconds,
        }
    }

    /// What is answered instead, if something goes wrong now.
    fn fault(&self, kind: &'static str, request: &Request, busy: u64) -> Option<Answer> {
        let mut faults = lock(&self.faults);
        if faults.conflicts > 0 && request.header("if-none-match").is_some() {
            faults.conflicts -= 1;
            return Some(Answer::error(409, "ConditionalRequestConflict"));
        }
        let tags = request.header("x-amz-tagging").unwrap_or_default();
        if faults.refused_tag.is_some_and(|refused| tags.contains(refused)) {
            return Some(Answer::error(400, "InvalidTag"));
        }
        let is_refused = |refused: &&(&str, String, u16, &str)| refused.0 == kind && refused.1 == request.key;
        match faults.refused_keys.iter().find(is_refused) {
            Some((_, _, 200, _)) => return Some(Answer::new(200)),
            Some((_, _, status, code)) => return Some(Answer::error(*status, code)),
            None => {}
        }
        if faults.slow_downs > 0 {
            faults.slow_downs -= 1;
            return Some(Answer::error(503, "SlowDown"));
        }
        if faults.most_at_once.is_some_and(|most| busy > most) {
            return Some(Answer::error(503, "SlowDown"));
        }
        match &mut faults.refuse_after {
            Some((refused, 0)) if *refused == kind => Some(Answer::error(403, "AccessDenied")),
            Some((refused, left)) if *refused == kind => {
                *left -= 1;
                None
            }
            _ => None,
        }
    }

    /// Lets those write whose time has come.
    fn let_write(&self, kind: &'static str) {
        let mut due = Vec::new();
        {
            let mut faults = lock(&self.faults);
            let writers = std::mem::take(&mut faults.writers);
            for (awaited, left, writer) in writers {
                match left {
                    0 | 1 if awaited == kind => due.push(writer),
                    _ if awaited == kind => faults.writers.push((awaited, left - 1, writer)),
                    _ => faults.writers.push((awaited, left, writer)),
                }
            }
        }
        let now = self.now();
        for (bucket, key, body) in due {
            let mut store = lock(&self.store);
            match body {
                Some(body) => {
                    store.put(&bucket, &key, StoredObject::new(body.into(), BTreeMap::new()), now);
                }
                None => {
                    store.delete(&bucket, &key, None, now);
                }
            }
        }
    }

    fn spoil(&self, answer: &mut Answer) {
        let mut faults = lock(&self.faults);
        if faults.silent && answer.is_body {
            answer.headers.retain(|(name, _)| {
                let name = name.to_lowercase();
                name != "etag" && !name.starts_with("x-amz-checksum")
            });
        }
        if faults.swollen > 0 && answer.is_body {
            let mut body = answer.body.to_vec();
            body.resize(body.len() + faults.swollen, b'+');
            answer.body = body.into();
        }
        if let Some((left, after)) = &mut faults.cut
            && *left > 0
            && answer.is_body
        {
            *left -= 1;
            answer.cut = Some(*after);
        }
        if faults.corrupt && answer.is_body {
            let mut body = answer.body.to_vec();
            if let Some(byte) = body.first_mut() {
                *byte ^= 1;
            }
            answer.body = body.into();
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let kind = request.kind();
        *lock(&self.counts).entry(kind).or_default() += 1;
        if request.header("x-amz-request-payer") == Some("requester") {
            self.paid.fetch_add(1, Ordering::Relaxed);
        }
        let busy = {
            let mut busy = lock(&self.busy);
            busy.0 += 1;
            busy.1 = busy.1.max(busy.0);
            busy.0
        };
        let latency = self.latency.load(Ordering::Relaxed);
        if latency > 0 {
            thread::sleep(Duration::from_micros(latency));
        }
        let mut answer = self
            .fault(kind, request, busy)
            .unwrap_or_else(|| object::answer(&mut lock(&self.store), kind, request, self.now()));
        self.spoil(&mut answer);
        self.let_write(kind);
        lock(&self.busy).0 -= 1;
        answer
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(stream)?;
    while let Some(request) = connection.read()? {
        let answer = shared.answer(&request);
        if !connection.write(&answer, request.method == "HEAD")? {
            break;
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

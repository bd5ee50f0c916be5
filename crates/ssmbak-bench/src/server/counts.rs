//! What was asked, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use ssmbak_core::rate::Api;

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// The operations that are answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "they have AWS's names")]
        pub enum Operation {
            $($name),*
        }

        impl Operation {
            /// Whether S3 answers it.
            pub(super) fn is_of_s3(self) -> bool {
                self <= Self::HeadBucket
            }

            const ALL: &[Self] = &[$(Self::$name),*];

            /// AWS's name of it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }
        }
    };
}

operations!(
    ListObjectVersions,
    ListObjectsV2,
    GetObject,
    HeadObject,
    GetObjectTagging,
    PutObject,
    GetBucketVersioning,
    GetBucketLocation,
    GetBucketLifecycleConfiguration,
    HeadBucket,
    DescribeParameters,
    GetParameters,
    GetParameter,
    GetParametersByPath,
    GetParameterHistory,
    ListTagsForResource,
    GetResources,
    GetCallerIdentity,
    SendMessage,
    Unknown,
);

/// Requests by operation, and connections, since the start or the last reset.
#[derive(Debug, Default)]
pub struct Counts {
    requests: [AtomicU64; Operation::ALL.len()],
    refused: [AtomicU64; Operation::ALL.len()],
    connections: AtomicU64,
    /// Another application's: answered, refused.
    neighbour: [AtomicU64; 2],
    peaks: Mutex<[Peak; Api::ALL.len()]>,
}

/// The most requests of one second.
#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    second: u64,
    count: u64,
    most: u64,
}

impl Counts {
    pub(super) fn request(&self, operation: Operation, refused: bool, neighbour: bool) {
        if neighbour {
            self.neighbour[usize::from(refused)].fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some(api) = Api::of_operation(operation.name()) {
            let second = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let peak = &mut self.peaks.lock().unwrap_or_else(PoisonError::into_inner)[api as usize];
            peak.count = if peak.second == second { peak.count + 1 } else { 1 };
            peak.second = second;
            peak.most = peak.most.max(peak.count);
        }
        for counters in [Some(&self.requests), refused.then_some(&self.refused)].into_iter().flatten() {
            if let Some(counter) = counters.get(operation as usize) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections that were opened.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Requests by operation, of those that were asked at all.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        by_operation(&self.requests)
    }

    /// Those of them that a quota refused.
    #[must_use]
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        by_operation(&self.refused)
    }

    /// What another application asked, and how much of it was refused.
    #[must_use]
    pub fn neighbour(&self) -> (u64, u64) {
        let [answered, refused] = [0, 1].map(|at: usize| self.neighbour[at].load(Ordering::Relaxed));
        (answered + refused, refused)
    }

    /// The most requests of one second by each API that has any.
    #[must_use]
    pub fn peaks(&self) -> BTreeMap<String, u64> {
        let peaks = *self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        let peak = |api: &Api| (format!("{api:?}"), peaks[*api as usize].most);
        Api::ALL.iter().map(peak).filter(|(_, most)| *most > 0).collect()
    }

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.requests().values().sum()
    }

    /// Begins again at zero.
    pub fn reset(&self) {
        for counter in self.requests.iter().chain(&self.refused).chain(&self.neighbour).chain([&self.connections]) {
            counter.store(0, Ordering::Relaxed);
        }
        *self.peaks.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
    }

    /// For the control endpoint.
    pub(super) fn json(&self) -> Value {
        json!({
            "Connections": self.connections(), "Requests": self.requests(), "Refused": self.refused(),
            "Neighbour": self.neighbour(), "Peaks": self.peaks(),
        })
    }
}

fn by_operation(counts: &[AtomicU64]) -> BTreeMap<&'static str, u64> {
    let count = |operation: &Operation| counts.get(*operation as usize).map(|n| n.load(Ordering::Relaxed));
    Operation::ALL
        .iter()
        .filter_map(|operation| Some((operation.name(), count(operation)?)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

//! What was asked, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// The operations that are answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "they have AWS's names")]
        pub enum Operation {
            $($name),*
        }

        impl Operation {
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
    Unknown,
);

/// Requests by operation, and connections, since the start or the last reset.
#[derive(Debug, Default)]
pub struct Counts {
    requests: [AtomicU64; Operation::ALL.len()],
    refused: [AtomicU64; Operation::ALL.len()],
    connections: AtomicU64,
}

impl Counts {
    pub(super) fn request(&self, operation: Operation) {
        if let Some(counter) = self.requests.get(operation as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn refusal(&self, operation: Operation) {
        if let Some(counter) = self.refused.get(operation as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
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

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.requests().values().sum()
    }

    /// Begins again at zero.
    pub fn reset(&self) {
        for counter in self.requests.iter().chain(&self.refused).chain([&self.connections]) {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// For the control endpoint.
    pub(super) fn json(&self) -> Value {
        json!({"Connections": self.connections(), "Requests": self.requests(), "Refused": self.refused()})
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

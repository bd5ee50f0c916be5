//! Counts the requests to S3 that ssmbak 0.5.2 counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use pyo3::prelude::*;

static TAGS: AtomicU64 = AtomicU64::new(0);
static VERSIONS: AtomicU64 = AtomicU64::new(0);
static VERSION_OBJECTS: AtomicU64 = AtomicU64::new(0);

/// The requests that were made since the start, or since [`clear_calls`].
#[pyfunction]
pub fn calls() -> BTreeMap<&'static str, u64> {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    BTreeMap::from([("tags", of(&TAGS)), ("versions", of(&VERSIONS)), ("version_objects", of(&VERSION_OBJECTS))])
}

/// Counts from zero again.
#[pyfunction]
pub fn clear_calls() {
    for counter in [&TAGS, &VERSIONS, &VERSION_OBJECTS] {
        counter.store(0, Ordering::Relaxed);
    }
}

/// Counts the requests of a client.
#[derive(Debug)]
pub struct Counter;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let counter = match config.load::<Metadata>().map(Metadata::name) {
            Some("GetObjectTagging") => &TAGS,
            Some("ListObjectVersions") => &VERSIONS,
            Some("GetObject") => &VERSION_OBJECTS,
            _ => return Ok(()),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

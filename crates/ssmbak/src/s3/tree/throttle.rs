//! As many requests at once as S3 bears.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use ssmbak_core::concurrency::Concurrency;
use tokio::time::Instant;

use crate::Error;
use crate::retry::RetryPolicy;

/// How often, and after which pauses, a request is begun anew after the SDK has given up on a busy S3.
const RETRY: RetryPolicy = RetryPolicy { attempts: 20, first_pause: Duration::from_millis(200) };

/// The number of requests under way, shared by all that make some.
#[derive(Debug)]
pub(super) struct SharedConcurrency(Mutex<Concurrency>);

impl SharedConcurrency {
    pub(super) fn new(most: usize) -> Self {
        Self(Mutex::new(Concurrency::new(most.div_ceil(4), most)))
    }

    /// How many may be under way.
    pub(super) fn now(&self) -> usize {
        self.lock().now()
    }

    /// There is too much under way, for whatever reason.
    pub(super) fn slow_down(&self) {
        self.lock().slowed_down();
    }

    /// Sees every answer, also those that the SDK tries again after.
    pub(super) fn watch(self: Arc<Self>) -> ThrottleInterceptor {
        ThrottleInterceptor(self)
    }

    fn lock(&self) -> MutexGuard<'_, Concurrency> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a request anew while S3 is busy.
pub(super) async fn retry_throttled<T>(request: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    crate::retry::retry_throttled(RETRY, || request()).await
}

/// When a request was sent.
#[derive(Clone, Copy, Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

#[derive(Debug)]
pub(super) struct ThrottleInterceptor(Arc<SharedConcurrency>);

impl Intercept for ThrottleInterceptor {
    fn name(&self) -> &'static str {
        "SharedConcurrency"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(Began(Instant::now()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.response().status().as_u16() {
            429 | 503 => self.0.lock().slowed_down(),
            status if status < 500 => {
                let took = config.load::<Began>().map_or(Duration::ZERO, |began| began.0.elapsed());
                self.0.lock().succeeded(took);
            }
            _ => {}
        }
        Ok(())
    }
}

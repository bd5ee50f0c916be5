//! S3 Batch Operations: jobs are created and looked at through the S3 client, which signs for the same service.
//!
//! The SDK's crate for S3 Control is large, and two operations of it are needed. So a request of the S3 client is sent to
//! S3 Control's address, with its own method and body, before it is signed.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use ssmbak_core::object::batch::{
    FailedTask, JobRequest, JobState, create_job, failed_task, files_of_failed_tasks, job_id, job_state,
};

use super::ObjectBucket;
use super::put::PutMode;
use crate::{Error, ErrorKind};

/// S3 Control of an account.
#[derive(Clone, Debug)]
pub struct BatchControl {
    bucket: ObjectBucket,
    account: String,
    url: String,
}

/// Keeps the body of an answer that the operation itself does not read.
#[derive(Clone, Debug, Default)]
struct Body(Arc<Mutex<Vec<u8>>>);

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "Body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default().to_vec();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(())
    }
}

impl Body {
    fn text(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl BatchControl {
    /// S3 Control of `account` in the region of `bucket`'s client; `endpoint` in place of AWS's own.
    pub fn new(bucket: &ObjectBucket, account: &str, region: &str, endpoint: Option<&str>) -> Self {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = || format!("https://{account}.s3-control.{region}.{suffix}");
        let base = endpoint.map_or_else(own, |endpoint| endpoint.trim_end_matches('/').to_owned());
        let (bucket, account) = (bucket.clone(), account.to_owned());
        Self { bucket, account, url: format!("{base}/v20180820/jobs") }
    }

    /// Creates a job, or finds the one of the same token, and returns its id.
    ///
    /// # Errors
    /// The failed request.
    pub async fn create(&self, job: &JobRequest<'_>) -> Result<String, Error> {
        let (body, account, url) = (Body::default(), self.account.clone(), self.url.clone());
        let text = create_job(job).into_bytes();
        let put = self.bucket.client.put_object().bucket(&self.bucket.name).key("jobs");
        let sent = put
            .body(ByteStream::from(text))
            .content_type("application/xml")
            .customize()
            .interceptor(body.clone())
            .mutate_request(move |request| {
                // Neither can fail: both are spelled right.
                let _ = request.set_method("POST");
                let _ = request.set_uri(url.clone());
                request.headers_mut().insert("x-amz-account-id", account.clone());
            })
            .send()
            .await;
        sent.map_err(|error| self.bucket.failed("create a batch job for objects", &error))?;
        let answer = body.text();
        job_id(&answer).map(str::to_owned).ok_or_else(|| unreadable("created a batch job without an id"))
    }

    /// How far a job is.
    ///
    /// # Errors
    /// The failed request.
    pub async fn describe(&self, id: &str) -> Result<JobState, Error> {
        let (body, account, url) = (Body::default(), self.account.clone(), format!("{}/{id}", self.url));
        let get = self.bucket.client.delete_object().bucket(&self.bucket.name).key("jobs");
        let sent = get
            .customize()
            .interceptor(body.clone())
            .mutate_request(move |request| {
                let _ = request.set_method("GET");
                let _ = request.set_uri(url.clone());
                request.headers_mut().insert("x-amz-account-id", account.clone());
            })
            .send()
            .await;
        sent.map_err(|error| self.bucket.failed(&format!("look at the batch job {id} for objects"), &error))?;
        job_state(&body.text()).ok_or_else(|| unreadable("described a batch job without a status"))
    }
}

impl ObjectBucket {
    /// The tasks that failed in a job, from its report below `prefix`: the first `most`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no report, or the failed request.
    pub async fn failed_tasks(&self, prefix: &str, job: &str, most: usize) -> Result<Vec<FailedTask>, Error> {
        let key = format!("{}/job-{job}/manifest.json", prefix.trim_end_matches('/'));
        let mut text = Vec::new();
        self.bytes(&key, |bytes| {
            text.extend_from_slice(bytes);
            Ok(true)
        })
        .await?;
        let files =
            files_of_failed_tasks(&text).ok_or_else(|| unreadable("wrote a batch job's report of another form"))?;
        let mut tasks = Vec::new();
        for file in files {
            let read = |line: &[u8]| {
                tasks.extend(failed_task(&String::from_utf8_lossy(line)));
                tasks.len() < most
            };
            self.beside(&file.bucket).lines(&file.key, read).await?;
        }
        tasks.truncate(most);
        Ok(tasks)
    }

    /// Shows the bytes of an object, part by part, until `take` has enough.
    pub(super) async fn bytes(
        &self,
        key: &str,
        mut take: impl FnMut(&[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut body = self.get(key, self.get_request(key, None)).await?.body;
        while let Some(bytes) = body.next().await {
            let broken = |error| Error::new(ErrorKind::Other, format!("cannot read {key:?}: {error}"));
            if !take(&bytes.map_err(broken)?)? {
                break;
            }
        }
        Ok(())
    }

    /// Shows an object line by line until `take` has enough.
    async fn lines(&self, key: &str, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let (mut line, mut has_enough) = (Vec::new(), false);
        self.bytes(key, |bytes| {
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    has_enough = !take(&line);
                    line.clear();
                    if has_enough {
                        break;
                    }
                }
            }
            Ok(!has_enough)
        })
        .await?;
        if !has_enough && !line.is_empty() {
            take(&line);
        }
        Ok(())
    }

    /// Uploads a file, and returns its ETag.
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`], or the failed request.
    pub async fn upload_file(&self, path: &std::path::Path, key: &str) -> Result<String, Error> {
        let read = ByteStream::from_path(path).await;
        let body = read.map_err(|error| {
            Error::new(ErrorKind::LocalFile, format!("cannot read {:?}: {error}", path.display().to_string()))
        })?;
        let sent = self.put(PutMode::Replace, key, body, |put| put).await;
        let sent = sent.map_err(|error| self.failed(&format!("write {key:?}"), &error))?;
        let etag = sent.as_ref().and_then(|sent| sent.e_tag()).map(|etag| etag.trim_matches('"').to_owned());
        etag.ok_or_else(|| unreadable("stored a file without an ETag"))
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::Other, format!("s3 {what}")).with_hint("check --endpoint-url: is it S3 Control?")
}

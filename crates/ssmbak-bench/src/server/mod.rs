//! S3 and Parameter Store over HTTP, as much of them as previews need.
//!
//! Path-style S3, JSON of Parameter Store, and `/_bench/counts` and `/_bench/reset` to read and reset the counts. It
//! stores nothing: a PutObject is counted and forgotten.

mod counts;
mod listing;
mod quotas;
mod s3;
mod ssm;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use counts::{Counts, Operation};
pub use quotas::Conditions;

use crate::Bucket;

/// The server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

struct World {
    bucket: Bucket,
    latency: Duration,
    conditions: Conditions,
    quotas: quotas::Quotas,
    counts: Arc<Counts>,
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    headers: Vec<(HeaderName, String)>,
    body: String,
}

impl Answer {
    fn new(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, headers: Vec::new(), body }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((HeaderName::from_static(name), value.to_string()));
        self
    }

    fn response(self) -> Response<Full<Bytes>> {
        // Said outright: of an empty body hyper tells a HEAD nothing.
        let length = HeaderValue::from(self.body.len());
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        response.headers_mut().insert(CONTENT_LENGTH, length);
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            // What no header can say is left out: the format of the bucket is ASCII.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl Server {
    /// Serves a bucket and its Parameter Store on a port of this machine (0: a free one); every answer comes after
    /// `latency`.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(bucket: Bucket, latency: Duration, port: u16) -> io::Result<Self> {
        Self::start_with(bucket, latency, port, Conditions::default()).await
    }

    /// The same under these conditions.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start_with(bucket: Bucket, latency: Duration, port: u16, conditions: Conditions) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let world = Arc::new(World {
            bucket,
            latency,
            conditions,
            quotas: quotas::Quotas::new(conditions),
            counts: Arc::clone(&counts),
        });
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of file handles, most likely: others will be closed.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                world.counts.connection();
                // Latency is what was asked for, and not Nagle's.
                let _ = stream.set_nodelay(true);
                let world = Arc::clone(&world);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let world = Arc::clone(&world);
                        async move { Ok::<_, Infallible>(world.answer(request).await) }
                    });
                    // A client that goes away is its own affair.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .pipeline_flush(true)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { address, counts, accepting })
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked of it.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl World {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/_bench/counts" => return json(self.counts.json().to_string()).response(),
            "/_bench/reset" => {
                self.counts.reset();
                return json(String::new()).response();
            }
            _ => {}
        }
        let arrived = tokio::time::Instant::now();
        let (operation, answer) = self.dispatch(request).await;
        self.counts.request(operation);
        if !self.latency.is_zero() {
            tokio::time::sleep_until(arrived + self.latency).await;
        }
        answer.response()
    }

    async fn dispatch(&self, request: Request<Incoming>) -> (Operation, Answer) {
        let (head, body) = request.into_parts();
        if head.method == Method::GET || head.method == Method::HEAD {
            return s3::read(&self.bucket, &head.method, &head.uri);
        }
        // The whole body, or the connection could not be used again.
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        if head.method == Method::PUT {
            return s3::put(&head.uri);
        }
        match head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
            Some(target) => {
                let (operation, answer) = ssm::answer((&self.bucket, self.conditions.others), target, &body);
                if self.quotas.take(operation) {
                    return (operation, answer);
                }
                self.counts.refusal(operation);
                let code =
                    if operation == Operation::GetResources { "ThrottledException" } else { "ThrottlingException" };
                (operation, ssm::refusal(code))
            }
            None if body.starts_with(b"Action=GetCallerIdentity") => (Operation::GetCallerIdentity, caller()),
            None => (Operation::Unknown, s3::error(StatusCode::NOT_IMPLEMENTED, "NotImplemented")),
        }
    }
}

fn json(body: String) -> Answer {
    Answer::new(StatusCode::OK, "application/x-amz-json-1.1", body)
}

fn xml(body: String) -> Answer {
    Answer::new(StatusCode::OK, "application/xml", body)
}

fn caller() -> Answer {
    xml("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::123456789012:user/jo</Arn><UserId>jo</UserId><Account>123456789012</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
        .to_owned())
}

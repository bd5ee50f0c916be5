//! S3 and Parameter Store over HTTP, as much of them as previews need.
//!
//! Path-style S3, JSON of Parameter Store, and `/_bench/counts` and `/_bench/reset` to read and reset the counts. It
//! stores nothing: a PutObject is counted and forgotten. A message that is sent to a queue waits at `/_bench/messages`.

mod counts;
mod listing;
mod objects;
mod quotas;
mod s3;
mod ssm;
mod tls;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use counts::{Counts, Operation};
pub use quotas::Conditions;

use ssmbak_core::rate::Api;

use crate::Bucket;

/// The header of requests that are another application's: they take from the quotas, and are counted apart.
pub const NEIGHBOUR: &str = "x-ssmbak-neighbour";

/// The server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    encrypted: Option<SocketAddr>,
    world: Arc<World>,
    accepting: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct World {
    bucket: Bucket,
    latency: Duration,
    conditions: Conditions,
    quotas: quotas::Quotas,
    counts: Counts,
    /// The bodies of messages that were sent to the one queue and not taken yet.
    queue: Mutex<Vec<String>>,
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
        let quotas = quotas::Quotas::new(conditions);
        let world =
            Arc::new(World { bucket, latency, conditions, quotas, counts: Counts::default(), queue: Mutex::default() });
        let accepting = vec![tokio::spawn(accept(listener, Arc::clone(&world), None))];
        Ok(Self { address, encrypted: None, world, accepting })
    }

    /// Serves the same over TLS as well, with the certificate of a folder. Until a connection is there, two latencies pass:
    /// one for TCP and one for TLS 1.3.
    ///
    /// # Errors
    /// If the certificate cannot be read, or there is no port.
    pub async fn encrypt(&mut self, certificate: &Path) -> io::Result<()> {
        let acceptor = tls::acceptor(certificate)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        self.encrypted = Some(listener.local_addr()?);
        self.accepting.push(tokio::spawn(accept(listener, Arc::clone(&self.world), Some(acceptor))));
        Ok(())
    }

    /// Its URL over TLS, once it is [encrypted](Self::encrypt).
    #[must_use]
    pub fn encrypted_endpoint(&self) -> Option<String> {
        self.encrypted.map(|address| format!("https://{address}"))
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked of it.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.world.counts
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.iter().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: TcpListener, world: Arc<World>, acceptor: Option<TlsAcceptor>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: others will be closed.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        world.counts.connection();
        // Latency is what was asked for, and not Nagle's.
        let _ = stream.set_nodelay(true);
        let (world, acceptor) = (Arc::clone(&world), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                None => converse(stream, world).await,
                Some(acceptor) => {
                    tokio::time::sleep(world.latency * 2).await;
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, world).await;
                    }
                }
            }
        });
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, world: Arc<World>) {
    let service = service_fn(|request| {
        let world = Arc::clone(&world);
        async move { Ok::<_, Infallible>(world.answer(request).await) }
    });
    let mut connection = hyper::server::conn::http1::Builder::new();
    // A client that goes away is its own affair.
    let _ = connection.pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await;
}

impl World {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/_bench/counts" => return json(self.counts.json().to_string()).response(),
            "/_bench/reset" => {
                self.counts.reset();
                return json(String::new()).response();
            }
            "/_bench/messages" => {
                let taken = std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
                return json(Value::from(taken).to_string()).response();
            }
            _ => {}
        }
        let arrived = tokio::time::Instant::now();
        let neighbour = request.headers().contains_key(NEIGHBOUR);
        let (operation, answer) = self.dispatch(request).await;
        let refused = !self.quotas.take(operation);
        self.counts.request(operation, refused, neighbour);
        let answer = if refused { refusal(operation) } else { answer };
        if !self.latency.is_zero() {
            tokio::time::sleep_until(arrived + self.latency).await;
        }
        answer.response()
    }

    /// Whoever receives asks the control endpoint.
    fn send(&self, body: &[u8]) -> Answer {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(message) = asked.get("MessageBody").and_then(Value::as_str) else {
            return ssm::refusal("InvalidMessageContents");
        };
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
        json(r#"{"MessageId":"sent"}"#.to_owned())
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
            Some("AmazonSQS.SendMessage") => (Operation::SendMessage, self.send(&body)),
            Some(target) => ssm::answer((&self.bucket, self.conditions.others), target, &body),
            None if body.starts_with(b"Action=GetCallerIdentity") => (Operation::GetCallerIdentity, caller()),
            None => (Operation::Unknown, s3::error(StatusCode::NOT_IMPLEMENTED, "NotImplemented")),
        }
    }
}

/// What asks for more than its share gets.
fn refusal(operation: Operation) -> Answer {
    match Api::of_operation(operation.name()) {
        Some(Api::GetResources) => ssm::refusal("ThrottledException"),
        Some(_) => ssm::refusal("ThrottlingException"),
        None => s3::error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
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

//! Which operations of AWS a program calls: a proxy in front of an emulator that reads along.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::wire::{Connection, Request};

/// An operation, as far as permissions for it go by what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The service, as IAM and signatures call it.
    pub service: String,
    /// The operation, as the API calls it.
    pub operation: String,
    /// Whether it names a version of an object.
    pub versioned: bool,
    /// Whether it puts an object with tags.
    pub tagged: bool,
}

/// An answer that an operation gets in the emulator's place.
#[derive(Clone, Debug)]
struct Refusal {
    operation: &'static str,
    words: &'static [&'static str],
    error: &'static str,
}

#[derive(Debug, Default)]
struct State {
    calls: BTreeSet<Call>,
    unknown: BTreeSet<String>,
    refusals: Vec<Refusal>,
}

/// A proxy that notes every call, on a port of its own; it serves as long as the process lives.
#[derive(Clone, Debug)]
pub struct CallRecorder {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl CallRecorder {
    /// Stands before a port of this machine.
    ///
    /// # Errors
    /// If the system gives it no port.
    pub fn before(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let recorder = Self { address: listener.local_addr()?, state: Arc::default() };
        let served = recorder.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                // A connection that breaks is the client's affair: it tries again, or fails its test.
                thread::spawn(move || drop(served.serve(Connection::new(stream), port)));
            }
        });
        Ok(recorder)
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on answers an operation of a JSON or CBOR service with an error of this name, if its body has all of these words
    /// in it.
    pub fn refuse(&self, operation: &'static str, words: &'static [&'static str], error: &'static str) {
        self.lock().refusals.push(Refusal { operation, words, error });
    }

    /// Every call since it was asked last, each once.
    ///
    /// # Errors
    /// The requests that it made no sense of.
    pub fn take(&self) -> Result<BTreeSet<Call>, String> {
        let mut state = self.lock();
        state.refusals.clear();
        let unknown = std::mem::take(&mut state.unknown);
        let calls = std::mem::take(&mut state.calls);
        if unknown.is_empty() { Ok(calls) } else { Err(format!("of these calls nothing is known: {unknown:?}")) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request: its answer says that the connection ends with it.
    fn serve(&self, mut client: Connection, port: u16) -> io::Result<()> {
        let Some(request) = client.read()? else { return Ok(()) };
        let refusal = self.note(&request);
        if let Some(Refusal { error, .. }) = refusal {
            if request.headers.iter().any(|(name, value)| name == "smithy-protocol" && value == "rpc-v2-cbor") {
                return client.relay(&cbor_error(error));
            }
            let body = format!("{{\"__type\":\"{error}\",\"message\":\"refused by the test\"}}");
            return client.write("400 Bad Request", &[("Connection", "close"), ("x-amzn-errortype", error)], &body);
        }
        client.relay(&forward(&request, port)?)
    }

    fn note(&self, request: &Request) -> Option<Refusal> {
        let mut state = self.lock();
        let Some(call) = call(request) else {
            state.unknown.insert(format!("{} {}", request.method, request.path));
            return None;
        };
        let body = String::from_utf8_lossy(&request.body);
        let meant = |refusal: &&Refusal| {
            refusal.operation == call.operation && refusal.words.iter().all(|word| body.contains(word))
        };
        let refused = state.refusals.iter().find(meant).cloned();
        state.calls.insert(call);
        refused
    }
}

/// An error in CBOR: a map of two texts, each of fewer than 256 bytes.
/// <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>
fn cbor_error(error: &str) -> Vec<u8> {
    let mut body = vec![0xa2];
    for text in ["__type", error, "message", "refused by the test"] {
        body.extend([0x78, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        body.extend(text.bytes());
    }
    let mut answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend(body);
    answer
}

/// Sends a request on, and returns the whole answer.
pub(crate) fn forward(request: &Request, port: u16) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        if !matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding" | "expect") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n", request.body.len()));
    server.write_all(head.as_bytes())?;
    server.write_all(&request.body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

pub(crate) fn call(request: &Request) -> Option<Call> {
    let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    // Credential=KEY/DATE/REGION/SERVICE/aws4_request
    let service = header("authorization")?.split("Credential=").nth(1)?.split('/').nth(3)?.to_owned();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let asked = |name: &str| query.split('&').any(|field| field.split('=').next() == Some(name));
    let operation = match (service.as_str(), header("x-amz-target")) {
        (_, Some(target)) => target.split('.').next_back()?.to_owned(),
        ("s3", _) => s3_operation(&request.method, path, asked)?.to_owned(),
        ("lambda", _) => lambda_operation(&request.method, path)?.to_owned(),
        // CBOR: /service/NAME/operation/NAME
        ("monitoring", _) if path.starts_with("/service/") => path.rsplit('/').next()?.to_owned(),
        _ => {
            let body = String::from_utf8_lossy(&request.body);
            body.split('&').find_map(|field| field.strip_prefix("Action="))?.to_owned()
        }
    };
    let tagged = header("x-amz-tagging").is_some();
    Some(Call { service, operation, versioned: asked("versionId"), tagged })
}

/// By method, path and query: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
fn s3_operation(method: &str, path: &str, asked: impl Fn(&str) -> bool) -> Option<&'static str> {
    let of_key = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    Some(match (method, of_key) {
        ("GET", true) if asked("tagging") => "GetObjectTagging",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("PUT", true) => "PutObject",
        ("DELETE", true) => "DeleteObject",
        ("GET", false) if asked("versions") => "ListObjectVersions",
        ("GET", false) if asked("versioning") => "GetBucketVersioning",
        ("GET", false) if asked("encryption") => "GetBucketEncryption",
        ("GET", false) if asked("publicAccessBlock") => "GetPublicAccessBlock",
        ("GET", false) if asked("policy") => "GetBucketPolicy",
        ("GET", false) if asked("replication") => "GetBucketReplication",
        ("GET", false) if asked("object-lock") => "GetObjectLockConfiguration",
        ("GET", false) if asked("lifecycle") => "GetBucketLifecycleConfiguration",
        ("GET", false) if asked("list-type") => "ListObjectsV2",
        ("HEAD", false) => "HeadBucket",
        ("PUT", false) if asked("publicAccessBlock") => "PutPublicAccessBlock",
        ("PUT", false) if asked("policy") => "PutBucketPolicy",
        ("PUT", false) if asked("encryption") => "PutBucketEncryption",
        ("PUT", false) => "CreateBucket",
        _ => return None,
    })
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>
fn lambda_operation(method: &str, path: &str) -> Option<&'static str> {
    let mut levels = path.trim_matches('/').split('/').skip(1);
    Some(match (method, levels.next()?, levels.nth(1)) {
        ("GET", "functions", Some("configuration")) => "GetFunctionConfiguration",
        ("GET", "functions", Some("concurrency")) => "GetFunctionConcurrency",
        ("GET", "event-source-mappings", None) => "GetEventSourceMapping",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(method: &str, path: &str, service: &str, header: (&str, &str), body: &str) -> Option<String> {
        let scope = format!("AWS4-HMAC-SHA256 Credential=key/20260101/eu-west-1/{service}/aws4_request, Signature=0");
        let headers = [("authorization", scope.as_str()), header];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let (method, path) = (method.to_owned(), path.to_owned());
        let request = Request { method, path, headers, body: body.as_bytes().to_vec(), last: false };
        let call = call(&request)?;
        let sign = |set, sign| if set { sign } else { "" };
        Some(format!(
            "{}:{}{}{}",
            call.service,
            call.operation,
            sign(call.versioned, " versioned"),
            sign(call.tagged, " tagged")
        ))
    }

    #[test]
    fn every_protocol_is_understood() {
        let none = ("x", "y");
        let table = [
            ("POST", "/", "ssm", ("x-amz-target", "AmazonSSM.GetParameters"), "{}", "ssm:GetParameters"),
            ("POST", "/", "events", ("x-amz-target", "AWSEvents.DescribeRule"), "{}", "events:DescribeRule"),
            ("POST", "/", "cloudformation", none, "Action=GetTemplate&Version=1", "cloudformation:GetTemplate"),
            ("GET", "/b/?versions&prefix=%2Fa", "s3", none, "", "s3:ListObjectVersions"),
            ("GET", "/b//a/b?versionId=1&x-id=GetObject", "s3", none, "", "s3:GetObject versioned"),
            ("GET", "/b//a?tagging&versionId=1", "s3", none, "", "s3:GetObjectTagging versioned"),
            ("PUT", "/b//a?x-id=PutObject", "s3", ("x-amz-tagging", "a=b"), "x", "s3:PutObject tagged"),
            ("PUT", "/b?policy", "s3", none, "{}", "s3:PutBucketPolicy"),
            ("GET", "/b?policy", "s3", none, "", "s3:GetBucketPolicy"),
            ("GET", "/b?replication", "s3", none, "", "s3:GetBucketReplication"),
            ("GET", "/b?object-lock", "s3", none, "", "s3:GetObjectLockConfiguration"),
            (
                "POST",
                "/service/GraniteServiceVersion20100801/operation/GetMetricData",
                "monitoring",
                ("smithy-protocol", "rpc-v2-cbor"),
                "",
                "monitoring:GetMetricData",
            ),
            ("HEAD", "/b", "s3", none, "", "s3:HeadBucket"),
            ("GET", "/2015-03-31/functions/f/configuration", "lambda", none, "", "lambda:GetFunctionConfiguration"),
            ("GET", "/2019-09-30/functions/f/concurrency", "lambda", none, "", "lambda:GetFunctionConcurrency"),
            ("GET", "/2015-03-31/event-source-mappings/u-1", "lambda", none, "", "lambda:GetEventSourceMapping"),
        ];
        for (method, path, service, header, body, expected) in table {
            assert_eq!(called(method, path, service, header, body).as_deref(), Some(expected));
        }
        assert_eq!(called("DELETE", "/b", "s3", none, ""), None);
        assert_eq!(called("POST", "/2015-03-31/functions", "lambda", none, ""), None);
    }
}

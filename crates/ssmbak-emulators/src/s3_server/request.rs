//! HTTP/1.1 as far as S3 clients need it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::answer::Answer;

/// A request, its path and query decoded.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) query: BTreeMap<String, String>,
    /// Names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn asks(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The operation's name.
    pub(super) fn kind(&self) -> &'static str {
        let has = |name| self.query.contains_key(name);
        let on_bucket = self.key.is_empty();
        if self.bucket == "v20180820" {
            return if self.method == "POST" { "CreateJob" } else { "DescribeJob" };
        }
        match self.method.as_str() {
            "GET" if on_bucket && has("versioning") => "GetBucketVersioning",
            "GET" if on_bucket && has("versions") => "ListObjectVersions",
            "PUT" if on_bucket && has("versioning") => "PutBucketVersioning",
            "POST" if on_bucket && has("delete") => "DeleteObjects",
            "PUT" if on_bucket => "CreateBucket",
            "GET" if has("tagging") => "GetObjectTagging",
            "GET" if has("acl") => "GetObjectAcl",
            "PUT" if has("acl") => "PutObjectAcl",
            "PUT" if has("tagging") => "PutObjectTagging",
            "POST" if has("restore") => "RestoreObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            "PUT" if has("partNumber") && self.headers.contains_key("x-amz-copy-source") => "UploadPartCopy",
            "PUT" if has("partNumber") => "UploadPart",
            "POST" if has("uploadId") => "CompleteMultipartUpload",
            "DELETE" if has("uploadId") => "AbortMultipartUpload",
            "PUT" if self.headers.contains_key("x-amz-copy-source") => "CopyObject",
            "PUT" => "PutObject",
            "HEAD" => "HeadObject",
            "GET" if !on_bucket => "GetObject",
            "DELETE" => "DeleteObject",
            _ => "Other",
        }
    }
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { writer: stream.try_clone()?, reader: BufReader::new(stream) })
    }

    /// The next request, `None` when the client is done.
    pub(super) fn read(&mut self) -> io::Result<Option<Request>> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
        let mut headers = BTreeMap::new();
        while let Some(line) = self.line()?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        if headers.get("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            self.writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let length = headers.get("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        if headers.get("content-encoding").is_some_and(|value| value.contains("aws-chunked")) {
            body = unchunked(&body);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_prefix('/').unwrap_or(path);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name, true), decoded(value, true))
        });
        Ok(Some(Request {
            method: method.to_owned(),
            bucket: decoded(bucket, false),
            key: decoded(key, false),
            query: query.collect(),
            headers,
            body,
        }))
    }

    /// Sends an answer; returns whether the connection goes on.
    pub(super) fn write(&mut self, answer: &Answer, is_head: bool) -> io::Result<bool> {
        let mut out = format!("HTTP/1.1 {} {}\r\n", answer.status, answer.reason()).into_bytes();
        let length = answer.length.unwrap_or(answer.body.len());
        out.extend(format!("Content-Length: {length}\r\n").bytes());
        for (name, value) in &answer.headers {
            out.extend(format!("{name}: {value}\r\n").bytes());
        }
        out.extend(b"\r\n");
        let body: &[u8] = if is_head { &[] } else { &answer.body };
        let sent = answer.cut.unwrap_or(body.len()).min(body.len());
        out.extend(body.get(..sent).unwrap_or_default());
        self.writer.write_all(&out)?;
        Ok(sent == body.len())
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// Chunks with a hexadecimal length each, as clients send what they sign while they read it.
fn unchunked(body: &[u8]) -> Vec<u8> {
    let (mut whole, mut rest) = (Vec::new(), body);
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let head = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let size = usize::from_str_radix(head.split(';').next().unwrap_or_default(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole.extend(rest.get(end + 2..end + 2 + size).unwrap_or_default());
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}

/// Percent-decoded text.
pub(super) fn decoded(text: &str, is_form: bool) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(if is_form && *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

//! STS, IAM Identity Center, a container's endpoint, a machine's metadata service, Parameter Store and a proxy, all on one
//! port. It notes who asks Parameter Store, in which region, and where.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request for Parameter Store, or for a way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedQuery {
    /// The access key, which stands for the caller.
    pub key: String,
    pub region: String,
    /// The host that was meant.
    pub host: String,
    /// Whether it came as to a proxy.
    pub by_proxy: bool,
}

/// The server. It ends with the process.
pub struct Fake {
    pub port: u16,
    asked: Arc<Mutex<Vec<ResolvedQuery>>>,
}

const EXPIRES: &str = "2099-01-01T00:00:00Z";

impl Fake {
    /// `lives`: how many seconds the credentials live that it gives; `None`: for ever. `ssm`: status of Parameter Store.
    pub fn start(ssm: &'static str, lives: Option<i64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let notes = Arc::clone(&notes);
                std::thread::spawn(move || serve(stream, &notes, ssm, lives));
            }
        });
        Self { port, asked }
    }

    /// What was asked until now.
    pub fn asked(&self) -> Vec<ResolvedQuery> {
        self.asked.lock().unwrap().clone()
    }
}

struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self { line: line.trim().to_owned(), headers, body: String::new() };
        let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        request.body = String::from_utf8_lossy(&body).into_owned();
        Some(request)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A value of a form.
    fn field(&self, name: &str) -> Option<String> {
        let value = self.body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
        Some(value.replace("%3A", ":").replace("%2F", "/"))
    }
}

fn serve(mut stream: TcpStream, notes: &Mutex<Vec<ResolvedQuery>>, ssm: &str, lives: Option<i64>) {
    let Some(request) = Request::read(&stream) else { return };
    let mut words = request.line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
    // Credential=KEY/DATE/REGION/SERVICE/aws4_request
    let scope = request.header("authorization").split("Credential=").nth(1).unwrap_or_default().to_owned();
    let parts: Vec<&str> = scope.split('/').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default().to_owned();
    let expires = match lives {
        Some(seconds) => (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds))
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        None => EXPIRES.to_owned(),
    };
    let keys = |key: &str| {
        format!(
            r#"{{"AccessKeyId":"{key}","SecretAccessKey":"s","Token":"t","Expiration":"{expires}","Code":"Success","Type":"AWS-HMAC","LastUpdated":"2026-01-01T00:00:00Z"}}"#
        )
    };
    let (status, body) = if method == "CONNECT" {
        notes.lock().unwrap().push(ResolvedQuery {
            key: String::new(),
            region: String::new(),
            host: target.clone(),
            by_proxy: true,
        });
        ("502 Bad Gateway", String::new())
    } else if part(3) == "ssm" {
        let host = request.header("host").to_owned();
        notes.lock().unwrap().push(ResolvedQuery {
            key: part(0),
            region: part(2),
            host,
            by_proxy: target.starts_with("http"),
        });
        (ssm, r#"{"__type":"ParameterNotFound","message":"none"}"#.to_owned())
    } else if let Some(action) = request.field("Action") {
        sts(&request, &action, &part(0), &expires)
    } else if target.contains("/federation/credentials") {
        let token = request.header("x-amz-sso_bearer_token").to_owned();
        if token == "good" {
            let key = "SSO";
            (
                "200 OK",
                format!(
                    r#"{{"roleCredentials":{{"accessKeyId":"{key}","secretAccessKey":"s","sessionToken":"t","expiration":4070908800000}}}}"#
                ),
            )
        } else {
            (
                "401 Unauthorized",
                r#"{"__type":"UnauthorizedException","message":"Session token not found or invalid"}"#.to_owned(),
            )
        }
    } else if target.starts_with("/creds") {
        let allowed = target != "/creds/locked" || request.header("authorization") == "let me in";
        if allowed { ("200 OK", keys("CONTAINER")) } else { ("403 Forbidden", "{}".to_owned()) }
    } else if target == "/latest/api/token" {
        ("200 OK", "token".to_owned())
    } else if target.trim_end_matches('/').ends_with("/iam/security-credentials") {
        ("200 OK", "role".to_owned())
    } else if target.ends_with("/iam/security-credentials/role") {
        ("200 OK", keys("INSTANCE"))
    } else {
        ("404 Not Found", String::new())
    };
    let ttl = if target == "/latest/api/token" { "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n" } else { "" };
    let kind = if request.field("Action").is_some() { "text/xml" } else { "application/x-amz-json-1.1" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{ttl}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// The keys of a role are named after it and who assumed it.
fn sts(request: &Request, action: &str, key: &str, expires: &str) -> (&'static str, String) {
    let refused = |why: &str| {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{why}</Message></Error></ErrorResponse>"
        );
        ("403 Forbidden", body)
    };
    let role = request.field("RoleArn").unwrap_or_default();
    let role = role.rsplit('/').next().unwrap_or_default().to_owned();
    if request.field("SerialNumber").is_some() && request.field("TokenCode").as_deref() != Some("123456") {
        return refused("MultiFactorAuthentication failed with invalid MFA one time pass code.");
    }
    let given = match action {
        "AssumeRole" => format!("{role}.{key}"),
        "AssumeRoleWithWebIdentity" => format!("{role}.WEB"),
        _ => return refused("no such action"),
    };
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{given}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>{expires}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>i:s</AssumedRoleId>\
         <Arn>arn:aws:sts::111122223333:assumed-role/{role}/s</Arn></AssumedRoleUser></{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    );
    ("200 OK", body)
}

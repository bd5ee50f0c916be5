//! AWS as a script: answers by the kind of request, and a record of what was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};

/// A request as the script knows it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The action at CloudFormation, STS and SQS, or method and path at S3.
    pub kind: String,
    /// Form fields at CloudFormation and STS, the fields that are text at SQS, headers at S3.
    pub fields: HashMap<String, String>,
}

/// The answers that are left, by kind of request; the last one of a kind is given again and again.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: HashMap<String, VecDeque<(u16, String)>>,
    asked: Vec<Asked>,
}

impl Script {
    /// Adds an answer for a kind of request.
    pub fn answer(self, kind: &str, status: u16, body: &str) -> Self {
        let mut state = self.0.lock().unwrap();
        state.answers.entry(kind.to_owned()).or_default().push_back((status, body.to_owned()));
        drop(state);
        self
    }

    /// Adds a good answer of CloudFormation or STS, given the content of its result.
    pub fn result(self, action: &str, content: &str) -> Self {
        let body = format!("<{action}Response><{action}Result>{content}</{action}Result></{action}Response>");
        self.answer(action, 200, &body)
    }

    /// Adds an error of CloudFormation.
    pub fn error(self, action: &str, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        );
        self.answer(action, 400, &body)
    }

    /// What was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().asked.clone()
    }

    /// The kinds of what was asked, in order.
    pub fn kinds(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.kind).collect()
    }

    fn reply(&self, asked: Asked) -> (u16, String) {
        let mut state = self.0.lock().unwrap();
        let kind = asked.kind.clone();
        state.asked.push(asked);
        let answers = state.answers.get_mut(&kind).unwrap_or_else(|| panic!("no answer for {kind}"));
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    }

    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(aws_sdk_cloudformation::config::BehaviorVersion::latest())
            .region(aws_sdk_cloudformation::config::Region::new("eu-west-1"))
            .credentials_provider(credentials())
            .http_client(client(self.clone()))
            .build();
        aws_sdk_cloudformation::Client::from_conf(config)
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new("eu-west-1"))
            .credentials_provider(credentials())
            // Each failure is told as it is.
            .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
            .http_client(client(self.clone()))
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new("eu-west-1"))
            .credentials_provider(credentials())
            .force_path_style(true)
            .http_client(client(self.clone()))
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    pub fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new("eu-west-1"))
            .credentials_provider(credentials())
            .http_client(client(self.clone()))
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }
}

fn credentials() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "script"))
}

fn client(script: Script) -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    http_client_fn(move |_, _| SharedHttpConnector::new(Connector(script.clone())))
}

#[derive(Debug)]
struct Connector(Script);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = self.0.reply(asked(&request));
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        // S3 tells the checksum of an object in a header; the script, in the body of its answer to HEAD.
        if request.method() == "HEAD" {
            let checksum = String::from_utf8(response.body().bytes().unwrap().to_vec()).unwrap();
            if !checksum.is_empty() {
                response.headers_mut().insert("x-amz-checksum-sha256", checksum);
            }
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn asked(request: &HttpRequest) -> Asked {
    let form = request.headers().get("content-type") == Some("application/x-www-form-urlencoded");
    if form {
        let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        let fields: HashMap<_, _> = body
            .split('&')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Asked { kind: fields["Action"].clone(), fields }
    } else if let Some((_, action)) = request.headers().get("x-amz-target").and_then(|target| target.split_once('.')) {
        let body: serde_json::Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let fields = body.as_object().unwrap().iter();
        let fields = fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Asked { kind: action.to_owned(), fields: fields.collect() }
    } else {
        let path = request.uri().split_once("amazonaws.com").unwrap().1;
        let path = path.split("?x-id=").next().unwrap().trim_end_matches('/');
        let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Asked { kind: format!("{} {path}", request.method()), fields: headers.collect() }
    }
}

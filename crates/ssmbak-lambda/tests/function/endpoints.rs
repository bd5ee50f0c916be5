//! Endpoints that do not work, or work as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::thread;

use serde_json::{Value, json};
use ssmbak_testkit::AwsErrors;

/// One that nobody listens at.
pub fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// One that takes connections and never answers.
pub fn silent() -> String {
    let mut kept = Vec::new();
    serve(move |stream| kept.push(stream))
}

/// A Parameter Store whose answers are a test's: from the action and the request to the answer or an error code and message.
pub fn parameter_store(
    answer: impl Fn(&str, &Value) -> Result<Value, (&'static str, String)> + Send + 'static,
) -> String {
    // Read before a function waits for an answer.
    models();
    serve(move |mut stream| {
        // A connection that breaks off is the client's affair, which the test will see.
        let Some((action, request)) = read(&stream) else { return };
        let (status, body) = match answer(&action, &request) {
            Ok(body) => ("200 OK", body),
            Err((code, _)) if !models().can_throw("ssm", &action, code) => panic!("{action} cannot throw {code}"),
            Err((code, message)) => ("400 Bad Request", json!({"__type": code, "message": message})),
        };
        let body = body.to_string();
        let head = "Content-Type: application/x-amz-json-1.1\r\nConnection: close\r\nContent-Length";
        let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}: {}\r\n\r\n{body}", body.len());
    })
}

/// The errors that AWS names.
fn models() -> &'static AwsErrors {
    static MODELS: OnceLock<AwsErrors> = OnceLock::new();
    MODELS.get_or_init(|| AwsErrors::read().unwrap())
}

fn serve(mut handle: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().flatten().for_each(&mut handle));
    endpoint
}

fn read(stream: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut action, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            // The request line has no colon and a space; the last line of the head is empty.
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => action = value.trim_start_matches("AmazonSSM.").to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((action, serde_json::from_slice(&body).ok()?))
}

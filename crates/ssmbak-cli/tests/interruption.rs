//! Ctrl-C while CloudFormation deletes a stack: it goes on without the command, which says how to watch it again.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use common::{Ran, bare};

#[test]
fn a_deletion_goes_on_without_the_command() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (asked, actions) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &asked);
        }
    });
    let mut command = bare("ssmbak-stack demo delete --yes");
    command.envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_REGION", "eu-west-1")]);
    command.env("AWS_ENDPOINT_URL", &endpoint).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().unwrap();
    let mut told: Vec<String> = Vec::new();
    // The second look for events comes once the deletion was asked for.
    while told.last().map(String::as_str) != Some("DescribeStackEvents") || !told.contains(&"DeleteStack".to_owned()) {
        told.push(actions.recv_timeout(Duration::from_secs(60)).unwrap());
    }
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ran = Ran::from(running.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (Some(130), ""), "{ran:?}");
    assert!(ran.err.contains("CloudFormation goes on deleting: `ssmbak-stack demo delete` watches again"), "{ran:?}");
    assert_eq!(told.iter().filter(|action| *action == "DeleteStack").count(), 1);
}

#[test]
fn deletion_without_anybody_to_ask_needs_a_yes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (asked, actions) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &asked);
        }
    });
    let mut command = bare("ssmbak-stack demo delete");
    command.envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_REGION", "eu-west-1")]);
    let ran = Ran::of(command.env("AWS_ENDPOINT_URL", &endpoint));
    assert!(ran.code == Some(2) && ran.err.contains("add --yes"), "{ran:?}");
    assert!(actions.try_iter().all(|action| action != "DeleteStack"));
}

/// A stack of nothing, whose deletion takes for ever.
fn answer(mut stream: TcpStream, asked: &Sender<String>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let action = loop {
        let read = stream.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if let Some((action, _)) = body.strip_prefix("Action=").and_then(|rest| rest.split_once('&')) {
            break action.to_owned();
        }
        assert!(read > 0, "{text}");
    };
    let id = "<StackId>arn:stack/demo/x</StackId>";
    let result = match action.as_str() {
        "DescribeStacks" => {
            format!("<Stacks><member>{id}<StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks>")
        }
        _ => String::new(),
    };
    let body = format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let _ = asked.send(action);
}

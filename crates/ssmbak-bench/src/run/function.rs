//! How soon the commands and the function are there.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use ssmbak_bench::{BUCKET, Deed, History, Spec};
use ssmbak_emulators::{InvocationOutcome, LambdaProcess, Original, RuntimeApi, environment, find_binary};
use zip::write::SimpleFileOptions;

use super::Outcome;
use super::measure::{Measured, Served, measure as run};
use super::road::Road;

const STARTS: usize = 30;
const ORIGINAL_STARTS: usize = 5;
/// How many times the function is started.
const COLD: usize = 9;
const PATIENCE: Duration = Duration::from_secs(30);
/// What the template grants an invocation.
const INVOCATION: Duration = Duration::from_secs(60);

/// `--version`, ours and the original's.
#[derive(Debug)]
pub struct Start {
    pub ours: Measured,
    pub original: Measured,
}

/// The function's first and second event.
#[derive(Debug)]
pub struct Starts {
    /// Seconds from its start to its first answer; the median.
    pub first: f64,
    /// Seconds of the next event; the median.
    pub warm: f64,
    /// Of that event.
    pub requests: u64,
    /// Opened for that event.
    pub connections: u64,
    /// The most memory that was resident, in megabytes.
    pub megabytes: f64,
}

/// The function.
#[derive(Debug)]
pub struct Function {
    /// Over plain HTTP.
    pub bare: Starts,
    /// Over TLS, handshakes included.
    pub encrypted: Starts,
    /// The package's size, in megabytes.
    pub zipped: f64,
    /// One event of the original's, interpreter included.
    pub original: Measured,
}

/// A sweep.
#[derive(Debug)]
pub struct Sweep {
    /// Of how many parameters.
    pub parameters: u32,
    /// In how many invocations.
    pub invocations: u32,
    /// What it took.
    pub measured: Measured,
}

/// Both tools' `--version`.
pub fn commands(dir: &Path) -> Outcome<Start> {
    let program = find_binary("ssmbak")?;
    let mut ours = Vec::new();
    for _ in 0..STARTS {
        let mut command = std::process::Command::new(&program);
        command.arg("--version");
        ours.push(run(command, None, dir)?.0);
    }
    let original = Original::new("http://127.0.0.1:9", BUCKET)?;
    let mut theirs = Vec::new();
    for _ in 0..ORIGINAL_STARTS {
        let mut command = original.command("ssmbak");
        command.arg("--version");
        theirs.push(run(command, None, dir)?.0);
    }
    let start = Start {
        ours: Measured::median(ours).unwrap_or_default(),
        original: Measured::median(theirs).unwrap_or_default(),
    };
    println!("{:>42}  {:>9.4} s, 0.5.2 {:.3} s", "--version", start.ours.wall, start.original.wall);
    Ok(start)
}

/// The function, between a Runtime API of ours and the server without latency.
pub fn measure(file: &Path, dir: &Path) -> Outcome<Function> {
    let spec = Spec { behind: true, ..Spec::new(64, 3) };
    let history = History::new(spec);
    let served = Served::start(&spec, 0, Road::Bare, dir)?;
    let bare = starts(file, &history, &served)?;
    let encrypted = starts(file, &history, &Served::start(&spec, 0, Road::Encrypted, dir)?)?;
    let one = present(&history)?[0];
    let mut handler = Original::new(served.endpoint(), BUCKET)?.handler();
    let event = dir.join("event.json");
    fs::write(&event, message(&history, one)?.to_string())?;
    handler.stdin(Stdio::from(fs::File::open(&event)?));
    let function =
        Function { bare, encrypted, zipped: zipped(file)?, original: measure_handler(handler, &served, dir)? };
    println!("{:>42}  {:>9.4} s, then {:.4} s", "function's first answer", function.bare.first, function.bare.warm);
    Ok(function)
}

/// A sweep of so many unchanged parameters under quotas, from its first message to its record. It takes minutes, and is made
/// once.
pub fn sweep(file: &Path, parameters: u32, latency: u64, dir: &Path) -> Outcome<Sweep> {
    let served = Served::start(&Spec::new(parameters, 1), latency, Road::Quotas, dir)?;
    let neighbour = served.neighbour();
    let api = RuntimeApi::start()?;
    let mut env = environment(served.endpoint());
    env.push(("SSMBAK_BUCKET", BUCKET.to_owned()));
    env.push(("SSMBAK_QUEUE_URL", format!("{}/123456789012/ssmbak", served.endpoint())));
    env.extend(served.certificate().map(|file| ("SSL_CERT_FILE", file.to_string_lossy().into_owned())));
    let process = LambdaProcess::start(file, &api, env)?;
    let began = Instant::now();
    let mut messages = vec![r#"{"ssmbak":"sweep"}"#.to_owned()];
    let mut invocations = 0;
    while let Some(message) = messages.pop() {
        invocations += 1;
        match api.invoke(&record(&message, Timestamp::now().as_millisecond()), INVOCATION) {
            Ok(InvocationOutcome::Response(answer)) if answer == json!({"batchItemFailures": []}) => {}
            other => return Err(format!("the sweep broke off: {other:?}\n{}", process.log()).into()),
        }
        messages.extend(served.messages()?);
    }
    let wall = began.elapsed().as_secs_f64();
    drop(neighbour);
    let sweep = Sweep { parameters, invocations, measured: Measured { wall, ..served.counts()? } };
    println!("{:>42}  {wall:>9.1} s, {} requests", "sweep", sweep.measured.total());
    Ok(sweep)
}

/// A message of the queue, and when it was sent, in milliseconds since 1970.
fn record(body: &str, sent: i64) -> Value {
    json!({"Records": [{
        "messageId": "m", "receiptHandle": "r", "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent.to_string()},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:ssmbak"
    }]})
}

/// Two parameters that exist.
fn present(history: &History) -> Outcome<[u32; 2]> {
    let mut kept = history.parameters().filter(|&p| history.present(p).is_some());
    let two = kept.next().zip(kept.next());
    two.map(<[u32; 2]>::from).ok_or_else(|| "there are no two parameters".into())
}

fn starts(file: &Path, history: &History, served: &Served) -> Outcome<Starts> {
    let [one, other] = present(history)?;
    let (mut first, mut warm, mut megabytes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut requests, mut connections) = (0, 0);
    for _ in 0..COLD {
        let api = RuntimeApi::start()?;
        let mut env = environment(served.endpoint());
        env.push(("SSMBAK_BUCKET", BUCKET.to_owned()));
        env.extend(served.certificate().map(|file| ("SSL_CERT_FILE", file.to_string_lossy().into_owned())));
        let began = Instant::now();
        let process = LambdaProcess::start(file, &api, env)?;
        deliver(&api, &process, &message(history, one)?)?;
        first.push(began.elapsed().as_secs_f64());
        served.reset()?;
        let began = Instant::now();
        deliver(&api, &process, &message(history, other)?)?;
        warm.push(began.elapsed().as_secs_f64());
        let counts = served.counts()?;
        (requests, connections) = (counts.total(), counts.connections);
        megabytes.push(peak_megabytes(process.id())?);
    }
    Ok(Starts { first: median(first), warm: median(warm), requests, connections, megabytes: median(megabytes) })
}

fn measure_handler(handler: std::process::Command, served: &Served, dir: &Path) -> Outcome<Measured> {
    Ok(run(handler, Some(served), dir)?.0)
}

fn deliver(api: &RuntimeApi, process: &LambdaProcess, event: &Value) -> Outcome {
    match api.invoke(event, PATIENCE) {
        Ok(InvocationOutcome::Response(answer)) if answer == json!({"batchItemFailures": []}) => Ok(()),
        other => Err(format!("the function did not record the event: {other:?}\n{}", process.log()).into()),
    }
}

/// The event of a parameter's last put, in a message that was sent at once.
fn message(history: &History, parameter: u32) -> Outcome<Value> {
    let done = history.present(parameter).ok_or("the parameter does not exist")?;
    let operation = if matches!(done.deed, Deed::Put { version: 1, .. }) { "Create" } else { "Update" };
    let name = history.name(parameter);
    let second = Timestamp::from_second(done.at.div_euclid(1000))?;
    let mut detail = json!({
        "operation": operation, "name": name, "type": history.parameter_type(parameter).as_str()
    });
    if let Some(description) = history.description(parameter) {
        detail["description"] = description.into();
    }
    let event = json!({
        "version": "0", "id": "b7b8b1a0-0000-4000-8000-000000000001", "detail-type": "Parameter Store Change",
        "source": "aws.ssm", "account": "123456789012", "time": second.to_string(), "region": "us-east-1",
        "resources": [format!("arn:aws:ssm:us-east-1:123456789012:parameter{name}")], "detail": detail
    });
    Ok(record(&event.to_string(), done.at + 2_000))
}

/// The kernel's own high-water mark.
fn peak_megabytes(process: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel tells no peak memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

/// As `ssmbak-stack` packs it.
fn zipped(file: &Path) -> Outcome<f64> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("bootstrap", SimpleFileOptions::default())?;
    archive.write_all(&fs::read(file)?)?;
    Ok(archive.finish()?.into_inner().len() as f64 / 1e6)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

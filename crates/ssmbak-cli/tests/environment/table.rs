//! The environments that users of the AWS CLI have: who calls, in which region and where, by us and by boto3.

mod rows;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::common::{Ran, program};
use crate::fake::{Fake, ResolvedQuery};

/// What both should do.
enum Expected {
    /// The same: key, region, host (`{port}` is the fake's).
    Same(&'static str, &'static str, &'static str),
    /// Ours, and why boto3 does something else: it ends without asking, or asks otherwise.
    Ours(&'static str, &'static str, &'static str, &'static str),
}
use Expected::{Ours, Same};
use rows::{KEYS, rows};

struct Row {
    what: &'static str,
    config: &'static str,
    credentials: &'static str,
    /// More files below the home folder.
    files: &'static [(&'static str, &'static str)],
    variables: &'static [(&'static str, &'static str)],
    /// The profile of the command line.
    profile: Option<&'static str>,
    expected: Expected,
}

const NONE: Row = Row {
    what: "",
    config: "",
    credentials: "",
    files: &[],
    variables: &[],
    profile: None,
    expected: Same("", "", ""),
};

/// Unset, although the table sets it for all rows.
const UNSET: &str = "(unset)";

/// What boto3 does: a client for Parameter Store, and one request that is not repeated.
const BOTO3: &str = "
import getpass, os
getpass.getpass = lambda *_: os.environ.get('SSMBAK_MFA_CODE')
import boto3
from botocore.config import Config
session = boto3.Session(profile_name=os.environ.pop('ROW_PROFILE', None))
client = session.client('ssm', config=Config(retries={'total_max_attempts': 1}, connect_timeout=5, read_timeout=5))
try: client.get_parameter(Name='/newvoll/ssmbak/bucketname')
except client.exceptions.ParameterNotFound: pass
";

/// A row's text with what is different in each run.
fn filled(text: &str, port: u16, dead: u16, home: &Path) -> String {
    let mut text = text.replace("{port}", &port.to_string()).replace("{dead}", &dead.to_string());
    text = text.replace("{home}", &home.to_string_lossy());
    while let Some((before, rest)) = text.split_once("{sha") {
        let (what, after) = rest.split_once('}').unwrap();
        let (kind, of) = what.split_once(':').unwrap();
        let script = format!("import hashlib,sys; print(hashlib.sha{kind}(sys.argv[1].encode()).hexdigest(), end='')");
        let venv = ssmbak_testkit::Venv::ready().unwrap();
        let output = Command::new(venv.python()).args(["-c", &script, of]).output().unwrap();
        text = format!("{before}{}{after}", String::from_utf8(output.stdout).unwrap());
    }
    text
}

/// Runs one of the two in a row's environment, on a fake of its own; the first request that reached Parameter Store.
fn first_asked(row: &Row, command: &mut Command) -> (Option<ResolvedQuery>, Ran, u16) {
    let fake = Fake::start("400 Bad Request", None);
    let dead = dead_port();
    let home = tempfile::tempdir().unwrap();
    let filled = |text: &str| filled(text, fake.port, dead, home.path());
    let write = |name: &str, content: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    for (name, content) in [(".aws/config", row.config), (".aws/credentials", row.credentials)] {
        if !content.is_empty() {
            write(name, &filled(content));
        }
    }
    for (name, content) in row.files {
        write(&filled(name), &filled(content));
    }
    command.env_clear().env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    for service in ["SSM", "STS", "SSO"] {
        command.env(format!("AWS_ENDPOINT_URL_{service}"), format!("http://127.0.0.1:{}", fake.port));
    }
    for (name, value) in row.variables {
        if *value == UNSET {
            command.env_remove(name)
        } else {
            command.env(name, filled(value))
        };
    }
    let ran = Ran::of(command);
    (fake.asked().into_iter().next(), ran, fake.port)
}

/// A port at which nobody listens.
fn dead_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ours(row: &Row) -> (Option<ResolvedQuery>, Ran, u16) {
    let mut command = Command::new(program("ssmbak"));
    command.arg("restores");
    if let Some(profile) = row.profile {
        command.args(["--profile", profile]);
    }
    first_asked(row, &mut command)
}

fn boto3(row: &Row) -> (Option<ResolvedQuery>, Ran, u16) {
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    let mut command = Command::new(venv.python());
    command.args(["-c", BOTO3]);
    let mut row = Row { what: row.what, expected: Same("", "", ""), ..*row };
    let variables: Vec<(&'static str, &'static str)> =
        row.variables.iter().copied().chain(row.profile.map(|profile| ("ROW_PROFILE", profile))).collect();
    // For the time of the test.
    row.variables = Vec::leak(variables);
    first_asked(&row, &mut command)
}

#[test]
fn every_environment_is_read_as_boto3_reads_it_or_the_difference_is_explained() {
    let mut wrong = String::new();
    let rows = rows();
    assert!(rows.len() >= 40, "{}", rows.len());
    for row in &rows {
        let ((asked, ran, port), (theirs, their_run, their_port)) = (ours(row), boto3(row));
        let shown = |asked: &Option<ResolvedQuery>, port: u16| {
            asked.clone().map(|asked| (asked.key, asked.region, asked.host.replace(&format!(":{port}"), ":{port}")))
        };
        let (asked, theirs) = (shown(&asked, port), shown(&theirs, their_port));
        let (expected, is_same) = match row.expected {
            Same(key, region, host) => (Some((key.to_owned(), region.to_owned(), host.to_owned())), true),
            Ours(key, region, host, _) => (Some((key.to_owned(), region.to_owned(), host.to_owned())), false),
        };
        if asked != expected {
            let _ = writeln!(wrong, "{}: ours is {asked:?}, not {expected:?}: {}", row.what, ran.err);
        }
        if let Ours(.., why) = row.expected {
            assert!(!why.is_empty(), "{}", row.what);
        }
        // A difference that is none any more would be explained in vain.
        if (theirs == expected) != is_same {
            let _ = writeln!(
                wrong,
                "{}: boto3 is {theirs:?}: {}",
                row.what,
                their_run.err.lines().last().unwrap_or_default()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn requests_are_tried_as_often_as_boto3_tries_them_where_the_environment_says_so() {
    let script = "
import boto3
try: boto3.client('ssm').get_parameter(Name='x')
except Exception: pass
";
    let count = |command: &mut Command| {
        let fake = Fake::start("500 Internal Server Error", None);
        let variables = KEYS.into_iter().chain([("AWS_MAX_ATTEMPTS", "2"), ("HOME", "/nonexistent")]);
        let ran = Ran::of(
            command.env_clear().envs(variables).env("AWS_ENDPOINT_URL_SSM", format!("http://127.0.0.1:{}", fake.port)),
        );
        (fake.asked().len(), ran.err)
    };
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    let (theirs, _) = count(Command::new(venv.python()).args(["-c", script]));
    let (ours, said) = count(Command::new(program("ssmbak")).arg("restores"));
    assert_eq!((ours, theirs), (2, 2), "{said}");
}

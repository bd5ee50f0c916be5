//! `cargo xtask demo`: the original's tutorial, told on the real pipeline with the real commands.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Outcome;
use crate::story::{Story, check};

const HOST: &str = "/demo/host";
const ZONES: &str = "/demo/zones";
const PASSWORD: &str = "/demo/db/password";
const SECRET: &str = "correct horse";
const BEFORE: [(&str, Option<&str>); 3] =
    [(HOST, Some("alpha.example.com")), (ZONES, Some("eu-1,eu-2")), (PASSWORD, Some(SECRET))];
const AFTER: [(&str, Option<&str>); 3] =
    [(HOST, Some("beta.example.com")), (ZONES, Some("eu-1,eu-2")), (PASSWORD, Some("hunter2"))];
const GONE: [(&str, Option<&str>); 3] = [(HOST, None), (ZONES, None), (PASSWORD, None)];

/// Tells the story; fails if anything in it is not as told.
pub fn run() -> Outcome {
    let mut story = Story::begin()?;
    let started = Instant::now();

    story.chapter("Three parameters, one of each type, put with the stock AWS CLI.");
    put(&story, HOST, "String", "alpha.example.com", &["--description", "where it runs"])?;
    put(&story, ZONES, "StringList", "eu-1,eu-2", &[])?;
    put(&story, PASSWORD, "SecureString", SECRET, &[])?;
    story.await_recorded(&BEFORE)?;

    story.chapter("The point in time to restore.");
    let time = story.show("date", &["-u", "+%Y-%m-%dT%H:%M:%S"])?.trim().to_owned();
    // A time given to the second includes that whole second.
    thread::sleep(Duration::from_millis(1100));

    story.chapter("Somebody changes two of them.");
    put(&story, HOST, "String", "beta.example.com", &["--overwrite"])?;
    put(&story, PASSWORD, "SecureString", "hunter2", &["--overwrite"])?;
    story.await_recorded(&AFTER)?;

    story.chapter("What would it take to go back? Only what differs is listed, and secrets stay secret.");
    let table = story.show("ssmbak", &["preview", "/demo/", &time, "--recursive"])?;
    let both = table.contains(HOST) && table.contains(PASSWORD) && !table.contains(ZONES);
    check("the two changed parameters, and not the third", both, &table)?;
    check("the value to go back to", table.contains("alpha.example.com"), &table)?;
    check("no secret", !table.contains(SECRET) && !table.contains("hunter2"), &table)?;

    story.chapter("Go back.");
    story.show("ssmbak", &["restore", "/demo/", &time, "--recursive", "--yes"])?;
    parameters_are_back(&story)?;
    story.await_recorded(&BEFORE)?;

    story.chapter("Worse: the whole tree is deleted.");
    story.show("aws", &["ssm", "delete-parameters", "--names", HOST, ZONES, PASSWORD])?;
    story.await_recorded(&GONE)?;

    story.chapter("The same moment still has all of it; a program would read it like this.");
    let json = story.show("ssmbak", &["preview", "/demo/", &time, "--recursive", "--output", "json"])?;
    check("three parameters to create, as JSON", creations(&json) == 3, &json)?;
    check("no secret", !json.contains(SECRET), &json)?;

    story.chapter("Bring it back.");
    story.show("ssmbak", &["restore", "/demo/", &time, "--recursive", "--yes"])?;
    parameters_are_back(&story)?;

    story.chapter("Nothing is left to do.");
    let json = story.show("ssmbak", &["preview", "/demo/", &time, "--recursive"])?;
    check("no change to be listed", !json.contains(HOST) && !json.contains(PASSWORD), &json)?;

    println!("That took {:.0} s, and every step was checked. Your turn:\n", started.elapsed().as_secs_f64());
    println!("   cargo xtask local     # the same pipeline, kept running; it prints what to type next");
    println!("   ssmbak --help");
    Ok(())
}

fn put(story: &Story, name: &str, kind: &str, value: &str, more: &[&str]) -> Outcome {
    let arguments = ["ssm", "put-parameter", "--name", name, "--type", kind, "--value", value];
    story.show("aws", &[&arguments, more].concat()).map(drop)
}

/// Asks Parameter Store itself, with the stock AWS CLI.
fn parameters_are_back(story: &Story) -> Outcome {
    let query = "Parameters[].[Name,Type,Value]";
    let output = story.show(
        "aws",
        &[
            "ssm",
            "get-parameters-by-path",
            "--path",
            "/demo/",
            "--recursive",
            "--with-decryption",
            "--query",
            query,
            "--output",
            "text",
        ],
    )?;
    let mut seen: Vec<&str> = output.lines().collect();
    seen.sort_unstable();
    let mut expected = vec![
        format!("{HOST}\tString\talpha.example.com"),
        format!("{ZONES}\tStringList\teu-1,eu-2"),
        format!("{PASSWORD}\tSecureString\t{SECRET}"),
    ];
    expected.sort_unstable();
    check("the three parameters as they were", seen == expected, &output)
}

fn creations(json: &str) -> usize {
    let document: Value = serde_json::from_str(json).unwrap_or_default();
    let changes = document["Changes"].as_array();
    changes.map_or(0, |changes| changes.iter().filter(|change| change["Action"] == "create").count())
}

//! A RADOS Gateway for the tests, from Debian's packages, where these can be had.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use ssmbak_emulators::{ACCESS_KEY, SECRET_KEY, target_dir, workspace_dir};

use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

const NAME: &str = "nasty keys on a RADOS Gateway";

/// Runs the tests that take one. Where it cannot be started they are left out, which is said.
pub fn steps(steps: &mut Steps) -> Outcome {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).map_err(Failure::io("listen"))?;
    let dir = std::env::temp_dir().join(format!("ssmbak-ceph-{}", std::process::id()));
    let log = std::fs::File::create(target_dir().join("ceph.log")).map_err(Failure::io("make a log"))?;
    println!("==> a RADOS Gateway (log: target/ceph.log)");
    let mut command = Command::new("sh");
    command.arg(workspace_dir().join("local/ceph.sh")).arg(&dir).arg(port.port().to_string());
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
    let mut ceph = started.map_err(Failure::io("run local/ceph.sh"))?;
    let mut line = String::new();
    if let Some(stdout) = ceph.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(Failure::io("read from local/ceph.sh"))?;
    }
    let tested = if line.trim() == "ready" {
        let url = format!("http://127.0.0.1:{}", port.port());
        let test = ["test", "--workspace", "--test", "s3", "gateway", "--", "--nocapture"];
        steps.cargo_with(NAME, &test, &[("SSMBAK_GATEWAY", &url)])
    } else {
        println!("!!! SKIPPED: {NAME}: Ceph cannot be installed or started here, see target/ceph.log\n");
        Ok(())
    };
    // It ends when its stdin is closed.
    drop(ceph.stdin.take());
    ceph.wait().map_err(Failure::io("wait for local/ceph.sh"))?;
    tested
}

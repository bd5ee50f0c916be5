//! The server of generated histories as a program of its own, and what is measured against it.
#![allow(clippy::print_stdout, reason = "what is measured is for the person who runs it")]

mod run;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use ssmbak_bench::{Bucket, Conditions, History, Server, Spec};

#[derive(Parser)]
#[command(about = "How fast ssmbak is")]
struct Line {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Serves a generated history on this machine until standard input ends
    Serve {
        #[command(flatten)]
        spec: Spec,
        #[command(flatten)]
        conditions: Conditions,
        /// Milliseconds that every answer takes
        #[arg(long, default_value_t = 20)]
        latency: u64,
        /// The port; 0: a free one
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Serves over TLS as well, with ca.pem and key.pem of this folder; its URL follows the other
        #[arg(long, value_name = "FOLDER")]
        tls: Option<PathBuf>,
    },
    /// Measures, prints a table and writes docs/PERFORMANCE.md
    Run(run::Options),
}

fn main() -> ExitCode {
    let done = match Line::parse().task {
        Task::Serve { spec, conditions, latency, port, tls } => {
            serve(spec, conditions, Duration::from_millis(latency), port, tls.as_deref())
        }
        Task::Run(options) => run::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "the one place where errors are printed")]
fn print_error(message: &str) {
    eprintln!("error: {message}");
}

fn serve(spec: Spec, conditions: Conditions, latency: Duration, port: u16, tls: Option<&Path>) -> run::Outcome {
    // One thread: whoever is measured has the other core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut server = Server::start_with(Bucket::new(History::new(spec)), latency, port, conditions).await?;
        if let Some(certificate) = tls {
            server.encrypt(certificate).await?;
        }
        let urls = [Some(server.endpoint()), server.encrypted_endpoint()];
        println!("{}", urls.into_iter().flatten().collect::<Vec<_>>().join(" "));
        std::io::stdout().flush()?;
        // The system closes it, however our owner ends.
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        ended.await?.map(drop)?;
        Ok(())
    })
}

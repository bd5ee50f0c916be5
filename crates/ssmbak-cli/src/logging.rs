//! Logs, on stderr, for those who ask for them.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts to log: `-v` what is done, `-vv` how credentials and retries go as well.
///
/// What the SDK logs beyond that holds requests and answers, and so values: it is never shown.
pub fn start(verbose: u8) {
    let (ours, sdk) = match verbose {
        0 => return,
        1 => (Level::INFO, LevelFilter::WARN),
        2 => (Level::DEBUG, LevelFilter::DEBUG),
        _ => (Level::TRACE, LevelFilter::DEBUG),
    };
    let targets = Targets::new()
        .with_targets(["ssmbak", "ssmbak_core", "ssmbak_cli", "ssmbak_stack"].map(|target| (target, ours)))
        .with_target("aws_config", sdk)
        .with_target("aws_smithy_runtime::client::retries", sdk);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // Whoever has started to log before goes on doing so.
    let _ = tracing_subscriber::registry().with(targets).with(layer).try_init();
}

//! JSON lines on standard output, where CloudWatch Logs picks them up.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The target of the line that tells of a finished sweep: it is logged at every level.
pub const FINISHED: &str = "ssmbak_lambda::sweep::finished";

/// The target of the line that tells how a rehearsal went: it is logged at every level.
pub const REHEARSED: &str = "ssmbak_lambda::rehearsal::finished";

/// The target of the line about an event of another account or region: it is logged at every level.
pub const FOREIGN: &str = "ssmbak_lambda::event::foreign";

/// Starts logging at the level that `LOGLEVEL` names.
pub fn start(loglevel: Option<&str>) {
    let known = loglevel.map_or(Some(LevelFilter::INFO), level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        // Its complaints go to standard error with a macro that panics if that is closed.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(lines).with(targets(known.unwrap_or(LevelFilter::INFO))).init();
    if known.is_none() {
        tracing::warn!(loglevel, "LOGLEVEL is none of trace, debug, info, warn, error and off; taking it as info");
    }
}

/// The level of that name, in any case. `warning`, `critical` and `fatal` are Python's, as ssmbak 0.5.2 took them.
fn level(name: &str) -> Option<LevelFilter> {
    Some(match name.trim().to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warn" | "warning" => LevelFilter::WARN,
        "error" | "critical" | "fatal" => LevelFilter::ERROR,
        "off" => LevelFilter::OFF,
        _ => return None,
    })
}

/// Who may say what.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        // At their lower levels the SDK logs whole responses and the runtime whole events: values and descriptions.
        .with_default(level.min(LevelFilter::WARN))
        // This crate and the project's libraries, which log no value at any level.
        .with_target("ssmbak", level)
        // An alarm listens for this line, whatever the level.
        .with_target(FINISHED, LevelFilter::INFO)
        // Whoever is told by the alarm looks for this line.
        .with_target(REHEARSED, LevelFilter::INFO)
        // A metric counts these lines, whatever the level.
        .with_target(FOREIGN, LevelFilter::WARN)
        // Repeats the error that a handler returns, which is logged here with all that is known of it.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_known_in_any_case() {
        for (name, expected) in [
            ("TRACE", LevelFilter::TRACE),
            ("Debug", LevelFilter::DEBUG),
            (" info ", LevelFilter::INFO),
            ("WARNING", LevelFilter::WARN),
            ("warn", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("Critical", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("off", LevelFilter::OFF),
        ] {
            assert_eq!(level(name), Some(expected), "{name}");
        }
        for nonsense in ["", "verbose", "10", "infoo", "ssmbak=debug"] {
            assert_eq!(level(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn dependencies_never_say_more_than_warnings() {
        for of_ours in ["ssmbak_lambda::function", "ssmbak::capture", "ssmbak_core"] {
            assert!(targets(LevelFilter::TRACE).would_enable(of_ours, &Level::TRACE));
        }
        for of_others in ["aws_smithy_runtime::client::orchestrator", "lambda_runtime::layers::api_response", "hyper"] {
            assert!(!targets(LevelFilter::TRACE).would_enable(of_others, &Level::INFO));
            assert!(targets(LevelFilter::TRACE).would_enable(of_others, &Level::WARN));
            assert!(!targets(LevelFilter::ERROR).would_enable(of_others, &Level::WARN));
        }
        assert!(!targets(LevelFilter::OFF).would_enable("ssmbak_lambda", &Level::ERROR));
    }

    #[test]
    fn a_finished_sweep_is_told_at_every_level() {
        for level in [LevelFilter::OFF, LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::TRACE] {
            assert!(targets(level).would_enable(FINISHED, &Level::INFO), "{level}");
            assert!(targets(level).would_enable(FOREIGN, &Level::WARN), "{level}");
            assert!(targets(level).would_enable(REHEARSED, &Level::INFO), "{level}");
        }
        assert!(!targets(LevelFilter::WARN).would_enable("ssmbak_lambda::sweep", &Level::INFO));
    }
}

//! A panic ends as a sentence.

use std::io::Write as _;
use std::panic::PanicHookInfo;

use crate::exit::Exit;

/// Where bugs are reported.
const REPORT: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// From now on a panic prints where it happened and ends the process. Its own words may hold a value, and are never shown.
pub(crate) fn end_as_a_sentence(is_json: bool) {
    std::panic::set_hook(Box::new(move |info| {
        // Where not even this can be written there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "{}", report(info, is_json));
        std::process::exit(Exit::Failed.code().into());
    }));
}

fn report(info: &PanicHookInfo<'_>, is_json: bool) -> String {
    let place = info.location().map(|location| {
        // Of a dependency, the path from its name on is enough, and tells nothing of this machine.
        let file = location.file().rsplit_once("/src/index.crates.io-").map_or(location.file(), |(_, rest)| rest);
        format!(" ({file}:{})", location.line())
    });
    let place = place.unwrap_or_default();
    let message = format!("ssmbak {} failed because of a bug{place}", env!("CARGO_PKG_VERSION"));
    let hint = format!("please report this line and the command, without any values, at {REPORT}");
    if is_json {
        return serde_json::json!({"Error": {"Code": "Bug", "Message": message, "Hint": hint}}).to_string();
    }
    format!("error: {message}\nhint: {hint}")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    const CHILD: &str = "SSMBAK_TEST_PANIC";

    #[test]
    fn a_panic_ends_as_a_sentence_without_values() {
        if let Some(format) = std::env::var_os(CHILD) {
            super::end_as_a_sentence(format == "json");
            let value = "a secret value";
            std::thread::spawn(move || panic!("cannot encode {value}")).join().ok();
            unreachable!("the process has ended");
        }
        let ran = |format: &str| {
            let mut test = Command::new(std::env::current_exe().unwrap());
            test.args(["--exact", "panics::tests::a_panic_ends_as_a_sentence_without_values", "--nocapture"]);
            let output = test.env(CHILD, format).output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (code, said) = ran("table");
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.starts_with("error: ssmbak 0.1.0 failed because of a bug (crates/ssmbak-cli/src/panics.rs:"),
            "{said}"
        );
        assert!(said.contains("\nhint: please report this line") && said.contains("/issues"), "{said}");
        assert!(!said.contains("secret") && said.lines().count() == 2, "{said}");
        let (code, said) = ran("json");
        let error: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((code, error["Error"]["Code"].as_str()), (Some(1), Some("Bug")));
    }
}

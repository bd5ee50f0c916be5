//! Names of parameters, marks and restores, for a shell that completes a word.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use ssmbak::mark::marks;
use ssmbak::restore::journal::restores;

use crate::arguments::early;
use crate::aws::Aws;
use crate::bucket::BucketArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Ui, text};

/// Who types waits no longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The words of a command line, the last one to be completed.
#[derive(Debug, Args)]
pub struct CompleteNamesArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Prints what a name goes on with, a line each; nothing if that is not to be known, which is no error to who types.
pub(super) async fn run(args: &CompleteNamesArgs, ui: &Ui) -> Result<Exit, CliError> {
    let names = match tokio::time::timeout(PATIENCE, names(&args.words)).await {
        Ok(Some(names)) => names,
        Ok(None) | Err(_) => Vec::new(),
    };
    if names.is_empty() {
        return Ok(Exit::Done);
    }
    let lines: String = names.iter().map(|name| format!("{}\n", text::line(name))).collect();
    ui.result(&lines)?;
    Ok(Exit::Done)
}

/// What a word can be completed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted<'a> {
    /// A parameter or a path.
    Name(&'a str),
    /// A mark as a time.
    MarkTime(&'a str),
    /// The name of a mark.
    Mark(&'a str),
    /// The id of a restore.
    Restore(&'a str),
}

/// Reads the words behind `ssmbak`.
fn wanted(words: &[OsString]) -> Option<Wanted<'_>> {
    let (last, before) = words.split_last()?;
    let last = last.to_str()?;
    let texts: Vec<&str> = before.iter().filter_map(|word| word.to_str()).collect();
    match (texts.first().copied(), texts.last().copied()) {
        _ if last.starts_with('/') => Some(Wanted::Name(last)),
        _ if last.starts_with("mark:") => Some(Wanted::MarkTime(&last["mark:".len()..])),
        (Some("marks"), Some("--delete")) => Some(Wanted::Mark(last)),
        (Some("undo"), Some(previous)) if !last.starts_with('-') && !takes_a_value(previous) => {
            Some(Wanted::Restore(last))
        }
        _ => None,
    }
}

/// Whether the word behind this one is its value.
fn takes_a_value(word: &str) -> bool {
    [
        "-b",
        "--bucket",
        "-r",
        "--region",
        "-o",
        "--output",
        "--profile",
        "--endpoint-url",
        "--color",
        "--put-rate",
        "--max-rps",
        "--mfa-code",
    ]
    .contains(&word)
}

async fn names(words: &[OsString]) -> Option<Vec<String>> {
    let wanted = wanted(words)?;
    let given = |long: &str, short: Option<&str>| early(words, long, short).map(str::to_owned);
    let global = GlobalArgs {
        profile: given("--profile", None),
        region: given("--region", Some("-r")),
        endpoint_url: given("--endpoint-url", None),
        is_silent: true,
        ..GlobalArgs::default()
    };
    let bucket = given("--bucket", Some("-b")).or_else(|| std::env::var("SSMBAK_BUCKET").ok());
    let aws = Aws::connect(&global).await.ok()?;
    let bucket = BucketArgs { bucket }.named(&aws).await.ok()?;
    let marked = async |beginning: &str| {
        let found = marks(&bucket).await.ok()?.marks.into_iter().map(|mark| mark.name.to_string());
        Some(found.filter(|name| name.starts_with(beginning)).collect::<Vec<_>>())
    };
    match wanted {
        Wanted::Name(beginning) => bucket.continuations(beginning).await.ok(),
        Wanted::Mark(beginning) => marked(beginning).await,
        Wanted::MarkTime(beginning) => {
            Some(marked(beginning).await?.into_iter().map(|name| format!("mark:{name}")).collect())
        }
        Wanted::Restore(beginning) => {
            let found = restores(&bucket, RESTORES).await.ok()?.restores;
            let ids = found.into_iter().map(|record| record.id.to_string());
            Some(ids.filter(|id| id.starts_with(beginning)).collect())
        }
    }
}

/// How many restores are offered, the latest first.
const RESTORES: usize = 10;

/// What makes a shell ask for names, behind the script that clap writes for `ssmbak`. bash takes a colon for the end of a
/// word, so that a mark arrives in pieces, and only what is behind the colon may be offered.
pub(super) const BASH: &str = r#"
_ssmbak_or_names() {
    local current="${COMP_WORDS[COMP_CWORD]}" count=$COMP_CWORD name
    local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}") stem=""
    if [[ "$current" == : && "${COMP_WORDS[COMP_CWORD-1]}" == mark ]]; then
        words=("${COMP_WORDS[@]:1:COMP_CWORD-2}") current="mark:" stem="mark:"
    elif ((COMP_CWORD > 2)) && [[ "${COMP_WORDS[COMP_CWORD-1]}" == : && "${COMP_WORDS[COMP_CWORD-2]}" == mark ]]; then
        words=("${COMP_WORDS[@]:1:COMP_CWORD-3}") current="mark:$current" stem="mark:"
    fi
    if [[ "$current" == /* || "$current" == mark:* || "${COMP_WORDS[1]}" == undo || "${COMP_WORDS[1]}" == marks ]]; then
        COMPREPLY=()
        while IFS= read -r name; do COMPREPLY+=("${name#"$stem"}"); done < <(
            ssmbak complete-names -- "${words[@]}" "$current" 2>/dev/null)
        [[ "${COMPREPLY[0]-}" == */ ]] && compopt -o nospace 2>/dev/null
        [[ "$current" == /* || "$current" == mark:* || ${#COMPREPLY[@]} -gt 0 ]] && return 0
    fi
    _ssmbak "$@"
}
complete -F _ssmbak_or_names -o bashdefault -o default ssmbak
"#;

/// As [`BASH`], for zsh.
pub(super) const ZSH: &str = r#"
_ssmbak_or_names() {
    local current="${words[CURRENT]}"
    local -a names
    if [[ "$current" == (/*|mark:*) || "${words[2]}" == (undo|marks) ]]; then
        names=(${(f)"$(ssmbak complete-names -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
        if [[ "$current" == (/*|mark:*) || ${#names} -gt 0 ]]; then
            compadd -S '' -- $names
            return
        fi
    fi
    _ssmbak "$@"
}
compdef _ssmbak_or_names ssmbak
"#;

/// As [`BASH`], for fish.
pub(super) const FISH: &str = r"
complete -c ssmbak -n 'string match -qr \'^(/|mark:)\' -- (commandline -ct); or __fish_seen_subcommand_from undo; or test (commandline -opc)[-1] = --delete' -f -a '(ssmbak complete-names -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_completed_by_what_stands_before_it() {
        let of = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            wanted(&words).map(|wanted| format!("{wanted:?}"))
        };
        assert_eq!(of("restore /a").as_deref(), Some("Name(\"/a\")"));
        assert_eq!(of("restore /a/ mark:be").as_deref(), Some("MarkTime(\"be\")"));
        assert_eq!(of("marks --delete be").as_deref(), Some("Mark(\"be\")"));
        assert_eq!(of("undo ").as_deref(), Some("Restore(\"\")"));
        assert_eq!(of("undo -b bucket 2026").as_deref(), Some("Restore(\"2026\")"));
        for line in ["undo -", "undo -b buck", "marks ", "und", "restore x"] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}

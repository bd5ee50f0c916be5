//! The names of parameters, for a shell that completes a path.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

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

async fn names(words: &[OsString]) -> Option<Vec<String>> {
    let beginning = words.last()?.to_str().filter(|word| word.starts_with('/'))?;
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
    bucket.continuations(beginning).await.ok()
}

/// What makes a shell ask for names, behind the script that clap writes for `ssmbak`.
pub(super) const BASH: &str = r#"
_ssmbak_or_names() {
    local current="${COMP_WORDS[COMP_CWORD]}" name
    if [[ "$current" == /* ]]; then
        COMPREPLY=()
        while IFS= read -r name; do COMPREPLY+=("$name"); done < <(
            ssmbak complete-names -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
        [[ "${COMPREPLY[0]-}" == */ ]] && compopt -o nospace 2>/dev/null
        return 0
    fi
    _ssmbak "$@"
}
complete -F _ssmbak_or_names -o bashdefault -o default ssmbak
"#;

/// As [`BASH`], for zsh.
pub(super) const ZSH: &str = r#"
_ssmbak_or_names() {
    if [[ "${words[CURRENT]}" == /* ]]; then
        local -a names
        names=(${(f)"$(ssmbak complete-names -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
        compadd -S '' -- $names
    else
        _ssmbak "$@"
    fi
}
compdef _ssmbak_or_names ssmbak
"#;

/// As [`BASH`], for fish.
pub(super) const FISH: &str = r"
complete -c ssmbak -n 'string match -q -- \'/*\' (commandline -ct)' -f -a '(ssmbak complete-names -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
";

//! From parameter names to names of variables.

use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::{Folder, Scope, Selection};

/// `DB_HOST` for `/app/db/host` below `/app/`, in lower case where that is the custom; whatever no variable has in its
/// name becomes `_`.
pub(super) fn named(name: &ParameterName, selection: &Selection, lower: bool) -> String {
    let scope = selection.scopes().iter().find(|scope| scope.contains(name));
    let relative = scope.and_then(|scope| below(name, scope)).unwrap_or_else(|| name.last_level());
    let mut variable: String = relative
        .chars()
        .map(|c| match c {
            c if !c.is_ascii_alphanumeric() => '_',
            c if lower => c.to_ascii_lowercase(),
            c => c.to_ascii_uppercase(),
        })
        .collect();
    if variable.starts_with(|c: char| c.is_ascii_digit()) {
        variable.insert(0, '_');
    }
    variable
}

fn below<'a>(name: &'a ParameterName, scope: &Scope) -> Option<&'a str> {
    let folder = match scope {
        Scope::One(_) => return None,
        Scope::NameAndSubtree(of) => Folder::under(of),
        Scope::Children(folder) | Scope::Subtree(folder) => folder.clone(),
    };
    name.as_str().strip_prefix(folder.as_str())
}

/// Variables by which a shell or the programs that it starts find or load code, or work at all.
const DANGEROUS: [&str; 44] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "CDPATH",
    "GLOBIGNORE",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS4",
    "FPATH",
    "ZDOTDIR",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "UID",
    "EUID",
    "PPID",
    "PWD",
    "OLDPWD",
    "OPTIND",
    "HISTFILE",
    "TMPDIR",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "MANPAGER",
    "LESSOPEN",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERL5LIB",
    "PERL5OPT",
    "RUBYLIB",
    "RUBYOPT",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "CLASSPATH",
    "SSH_ASKPASS",
    "_",
];

/// Families of such variables.
const DANGEROUS_FAMILIES: [&str; 6] = ["LD_", "DYLD_", "BASH_FUNC_", "PYTHON", "GIT_", "GLIBC_TUNABLES"];

/// Whether a shell that takes this variable works otherwise than before.
pub(super) fn is_dangerous(variable: &str) -> bool {
    DANGEROUS.contains(&variable) || DANGEROUS_FAMILIES.iter().any(|family| variable.starts_with(family))
}

//! Whether to colour, per stream.

use std::io::{self, IsTerminal as _};

use crate::global::ColorChoice;

/// Which streams show colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    /// Results.
    pub stdout: bool,
    /// Everything else.
    pub stderr: bool,
}

impl Colours {
    /// As the option and the environment want it.
    pub fn of_environment(choice: ColorChoice) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let decide = |terminal| shows_colours(choice, terminal, variable);
        Self { stdout: decide(io::stdout().is_terminal()), stderr: decide(io::stderr().is_terminal()) }
    }
}

/// The option decides, then NO_COLOR, CLICOLOR_FORCE, TERM=dumb and CLICOLOR=0, then whether it is a terminal.
/// <https://no-color.org>, <https://bixense.com/clicolors/>
fn shows_colours(choice: ColorChoice, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let says = |name: &str, what: &str| variable(name).is_some_and(|value| value == what);
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR") => false,
        ColorChoice::Auto if set("CLICOLOR_FORCE") && !says("CLICOLOR_FORCE", "0") => true,
        ColorChoice::Auto => terminal && !says("TERM", "dumb") && !says("CLICOLOR", "0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(choice: ColorChoice, terminal: bool, environment: &[(&str, &str)]) -> bool {
        shows_colours(choice, terminal, |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        use ColorChoice::{Always, Auto, Never};
        assert!(decide(Auto, true, &[("TERM", "xterm")]));
        assert!(!decide(Auto, false, &[]));
        assert!(!decide(Auto, true, &[("TERM", "dumb")]));
        assert!(!decide(Auto, true, &[("NO_COLOR", "1")]));
        assert!(decide(Auto, true, &[("NO_COLOR", "")]));
        assert!(decide(Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!decide(Auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!decide(Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
        assert!(decide(Always, false, &[("NO_COLOR", "1")]));
        assert!(!decide(Never, true, &[("CLICOLOR_FORCE", "1")]));
    }
}

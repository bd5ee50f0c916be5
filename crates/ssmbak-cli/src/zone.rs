//! The time zone of this machine.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::error::CliError;

/// The zone that `TZ` names, else the one that the system is set to. Where nothing is set it is UTC, as POSIX has it.
///
/// Names are looked up in the system's database, else in the one that comes with the command.
///
/// # Errors
/// [`CliError`] for a zone that neither knows: a time read in another zone would restore another state.
pub fn local() -> Result<TimeZone, CliError> {
    TimeZone::try_system().or_else(|_| match std::env::var_os("TZ") {
        Some(name) => {
            let message = format!("TZ is {:?}, which names no time zone", name.to_string_lossy());
            let hint = "set it to a name like Europe/Berlin or UTC, or unset it";
            Err(CliError::failure("Environment", message, hint))
        }
        None if Path::new(SYSTEM).exists() => {
            let message = format!("failed to read the time zone of this machine from {SYSTEM}");
            Err(CliError::failure("Environment", message, "set TZ to a name like Europe/Berlin or UTC"))
        }
        None => Ok(TimeZone::UTC),
    })
}

const SYSTEM: &str = "/etc/localtime";

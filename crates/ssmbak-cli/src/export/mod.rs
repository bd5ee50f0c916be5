//! Parameters as files that other programs read.

mod format;
mod variable;

use std::collections::BTreeMap;

use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::scope::Selection;

pub use format::Format;

/// Why parameters cannot be exported in a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Two names would become one variable.
    #[error("{0} and {1} would both become {2}")]
    Collision(ParameterName, ParameterName, String),
    /// A value holds what no shell can hold.
    #[error("the value of {0} holds a NUL character, which {1} cannot hold")]
    Nul(ParameterName, &'static str),
}

/// The text of a file with these values.
///
/// json and yaml have the full names, the other formats variables that are named after what follows the selected path.
///
/// # Errors
/// [`ExportError`] rather than a file that does not say what was meant.
pub fn export(
    format: Format,
    selection: &Selection,
    values: &BTreeMap<ParameterName, ParameterValue>,
) -> Result<String, ExportError> {
    let mut lines: BTreeMap<String, (&ParameterName, &str)> = BTreeMap::new();
    for (name, value) in values {
        let value = value.expose();
        if format.has_variables() && format != Format::Tfvars && value.contains('\0') {
            return Err(ExportError::Nul(name.clone(), format.as_str()));
        }
        let key = if format.has_variables() {
            variable::named(name, selection, format == Format::Tfvars)
        } else {
            name.to_string()
        };
        if let Some((other, _)) = lines.insert(key.clone(), (name, value)) {
            return Err(ExportError::Collision(other.clone(), name.clone(), key));
        }
    }
    Ok(format.write(lines.iter().map(|(key, (_, value))| (key.as_str(), *value))))
}

#[cfg(test)]
mod tests;

//! Parameters as files that other programs read.

mod dotenv;
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
    /// Variables that a shell, or every program that it starts, goes by.
    #[error("these would change how the shell works: {}", listed(.0))]
    Dangerous(Vec<(ParameterName, String)>),
}

/// How variables are named.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    /// What stands in front of each.
    pub prefix: String,
    /// Whether names are taken that a shell goes by.
    pub force: bool,
}

fn listed(names: &[(ParameterName, String)]) -> String {
    names.iter().map(|(name, variable)| format!("{name} ({variable})")).collect::<Vec<_>>().join(", ")
}

/// The values that some readers of a format would not read as they are, with these readers.
pub fn misread(
    format: Format,
    values: &BTreeMap<ParameterName, ParameterValue>,
) -> Vec<(&ParameterName, Vec<&'static str>)> {
    if format != Format::Dotenv {
        return Vec::new();
    }
    let told = values.iter().map(|(name, value)| (name, dotenv::misread_by(value.expose())));
    told.filter(|(_, readers)| !readers.is_empty()).collect()
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
    naming: &Naming,
) -> Result<String, ExportError> {
    let mut dangerous = Vec::new();
    let mut lines: BTreeMap<String, (&ParameterName, &str)> = BTreeMap::new();
    for (name, value) in values {
        let value = value.expose();
        if format.has_variables() && format != Format::Tfvars && value.contains('\0') {
            return Err(ExportError::Nul(name.clone(), format.as_str()));
        }
        let key = if format.has_variables() {
            format!("{}{}", naming.prefix, variable::named(name, selection, format == Format::Tfvars))
        } else {
            name.to_string()
        };
        if format == Format::Shell && !naming.force && variable::is_dangerous(&key) {
            dangerous.push((name.clone(), key.clone()));
        }
        if let Some((other, _)) = lines.insert(key.clone(), (name, value)) {
            return Err(ExportError::Collision(other.clone(), name.clone(), key));
        }
    }
    if !dangerous.is_empty() {
        return Err(ExportError::Dangerous(dangerous));
    }
    Ok(format.write(lines.iter().map(|(key, (_, value))| (key.as_str(), *value))))
}

#[cfg(test)]
mod tests;

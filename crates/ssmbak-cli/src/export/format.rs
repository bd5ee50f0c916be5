//! The formats, each quoted as its readers want it.

use std::fmt::Write as _;

use clap::ValueEnum;

use super::dotenv;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One object, full names to values.
    Json,
    /// One mapping, full names to values.
    Yaml,
    /// NAME='value', for dotenv libraries, shells and Docker Compose (docker run --env-file takes quotes as they are).
    Dotenv,
    /// export NAME='value', to be sourced by a shell.
    Shell,
    /// name = "value", for Terraform.
    Tfvars,
}

impl Format {
    /// As it is given on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Dotenv => "dotenv",
            Self::Shell => "shell",
            Self::Tfvars => "tfvars",
        }
    }

    /// Whether it is made of variables rather than of names of parameters.
    pub fn has_variables(self) -> bool {
        !matches!(self, Self::Json | Self::Yaml)
    }

    pub(super) fn write<'a>(self, values: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        match self {
            Self::Json => {
                let object: serde_json::Map<String, serde_json::Value> =
                    values.map(|(name, value)| (name.to_owned(), value.into())).collect();
                format!("{:#}\n", serde_json::Value::Object(object))
            }
            Self::Yaml => {
                let lines: String = values.map(|(name, value)| format!("{}: {}\n", yaml(name), yaml(value))).collect();
                if lines.is_empty() { "{}\n".to_owned() } else { lines }
            }
            Self::Dotenv => values.map(|(name, value)| format!("{name}={}\n", dotenv::spelled(value))).collect(),
            Self::Shell => {
                values.map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''"))).collect()
            }
            Self::Tfvars => values.map(|(name, value)| format!("{name} = \"{}\"\n", hcl(value))).collect(),
        }
    }
}

/// A double-quoted scalar. What YAML does not take for printable is escaped.
fn yaml(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~'
            | '\u{a0}'..='\u{2027}'
            | '\u{202a}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fefe}'
            | '\u{ff00}'..='\u{fffd}' => {
                quoted.push(c);
            }
            c if u32::from(c) > 0xffff => quoted.push(c),
            // Writing to a string does not fail.
            c => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// The content of a quoted template, in which `${` and `%{` begin something.
fn hcl(value: &str) -> String {
    let mut quoted = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted
}

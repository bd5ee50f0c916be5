//! How large a history is, and how it was recorded.

use clap::{Args, ValueEnum};

/// What is generated. The same specification is the same history on every machine.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// How many parameters there are, deleted ones included.
    #[arg(long, default_value_t = 100)]
    pub parameters: u32,
    /// How often each was put.
    #[arg(long, default_value_t = 10)]
    pub versions: u32,
    /// How the bucket came to hold it.
    #[arg(long, value_enum, default_value_t = Variant::Recorded)]
    pub variant: Variant,
    /// All names begin with the first one's.
    #[arg(long)]
    pub siblings: bool,
    /// The bucket has not yet heard of the last put of each parameter.
    #[arg(long)]
    pub behind: bool,
    /// Where chance begins.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// How the bucket came to hold a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Variant {
    /// The function recorded every change some seconds after it was made.
    Recorded,
    /// `ssmbak-all` recorded everything at the end, at its true times.
    Seeded,
    /// The function of ssmbak 0.5.2 recorded every change: tags alone, no tombstones.
    Original,
}

impl Spec {
    /// So many parameters with so many versions each, recorded by the function.
    #[must_use]
    pub fn new(parameters: u32, versions: u32) -> Self {
        Self { parameters, versions, variant: Variant::Recorded, siblings: false, behind: false, seed: 0 }
    }

    /// Recorded otherwise.
    #[must_use]
    pub fn with(self, variant: Variant) -> Self {
        Self { variant, ..self }
    }

    /// The arguments that [`Spec`] is read from.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--parameters={}", self.parameters),
            format!("--versions={}", self.versions),
            format!("--seed={}", self.seed),
        ];
        if let Some(variant) = self.variant.to_possible_value() {
            arguments.push(format!("--variant={}", variant.get_name()));
        }
        arguments.extend(self.siblings.then(|| "--siblings".to_owned()));
        arguments.extend(self.behind.then(|| "--behind".to_owned()));
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        spec: Spec,
    }

    #[test]
    fn a_specification_is_read_back_from_its_arguments() {
        for variant in [Variant::Recorded, Variant::Seeded, Variant::Original] {
            for flag in [true, false] {
                let spec = Spec { siblings: flag, behind: !flag, seed: 7, ..Spec::new(3, 4).with(variant) };
                let line = std::iter::once("bench".to_owned()).chain(spec.arguments());
                assert_eq!(Line::try_parse_from(line).unwrap().spec, spec);
            }
        }
    }
}

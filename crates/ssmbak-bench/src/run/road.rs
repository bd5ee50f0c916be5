//! What lies between a tool and AWS while it is measured.

use ssmbak_bench::Conditions;

/// A road to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// Plain HTTP, and nothing is ever refused: what the tools need of themselves.
    Bare,
    /// TLS; nothing is refused.
    Encrypted,
    /// TLS, and S3 scales up from little.
    Rising,
    /// TLS, quotas, and a neighbour that reads 30 parameters a second.
    Quotas,
    /// The same with the lowest quotas that users report.
    LowQuotas,
    /// As [`Road::Quotas`], in an account that holds nine times as many other parameters.
    Crowded,
}

impl Road {
    /// As the tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Encrypted => "TLS",
            Self::Rising => "TLS, S3 rises from 300/s",
            Self::Quotas => "TLS, quotas",
            Self::LowQuotas => "TLS, low quotas",
            Self::Crowded => "TLS, quotas, 10,000 in the account",
        }
    }

    /// Whether quotas are in the way.
    pub fn has_quotas(self) -> bool {
        matches!(self, Self::Quotas | Self::LowQuotas | Self::Crowded)
    }

    /// Whether requests are encrypted.
    pub fn is_encrypted(self) -> bool {
        self != Self::Bare
    }

    /// What the server refuses, for a history of so many parameters.
    pub fn conditions(self, parameters: u32) -> Conditions {
        let quotas = Conditions {
            reads: 40.0,
            describes: 10.0,
            tags: 10.0,
            resources: 10.0,
            histories: 5.0,
            ..Conditions::default()
        };
        match self {
            Self::Bare | Self::Encrypted => Conditions::default(),
            Self::Rising => Conditions { s3: 300.0, ..Conditions::default() },
            Self::Quotas => quotas,
            Self::LowQuotas => Conditions { describes: 3.0, tags: 5.0, resources: 5.0, ..quotas },
            Self::Crowded => Conditions { others: parameters * 9, ..quotas },
        }
    }
}

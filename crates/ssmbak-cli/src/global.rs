//! The options that every command takes.

use clap::{ArgAction, Args, ValueEnum};

use crate::arn::ParameterArn;

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Profile of the AWS configuration [default: AWS_DEFAULT_PROFILE, AWS_PROFILE].
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile's].
    #[arg(short, long, global = true, value_name = "NAME")]
    pub region: Option<String>,
    /// Endpoint instead of AWS's own [default: AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, …_SSM, AWS_ENDPOINT].
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Code of the MFA device that the profile names [default: SSMBAK_MFA_CODE; a terminal is asked].
    #[arg(long, global = true, value_name = "CODE")]
    pub mfa_code: Option<String>,
    /// Maximum shared reads of Parameter Store per second (0 = unlimited) [default: SSMBAK_MAX_RPS, 10].
    #[arg(long, global = true, value_name = "N", value_parser = crate::arguments::rate)]
    pub max_rps: Option<f64>,
    /// Output format: table for people, json for programs.
    #[arg(short, long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
    /// Colour the output.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Log more on stderr (-vv for debug).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Print help.
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    pub help: Option<bool>,
    /// Whether nobody may be asked for anything, as when a shell completes a word.
    #[arg(skip)]
    pub is_silent: bool,
    /// Where the parameters are that the command line names by ARN.
    #[arg(skip)]
    pub arns: Vec<ParameterArn>,
}

/// Whom results are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// People: tables and sentences, which may change from version to version.
    #[default]
    Table,
    /// Programs: the contract.
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR or TERM=dumb say otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl GlobalArgs {
    /// Whether results are for programs.
    pub fn is_json(&self) -> bool {
        self.output == OutputFormat::Json
    }
}

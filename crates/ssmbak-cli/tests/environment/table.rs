//! The environments that users of the AWS CLI have: who calls, in which region and where, by us and by boto3.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::common::{Ran, program};
use crate::fake::{Fake, ResolvedQuery};

/// What both should do.
enum Expected {
    /// The same: key, region, host (`{port}` is the fake's).
    Same(&'static str, &'static str, &'static str),
    /// Ours, and why boto3 does something else: it ends without asking, or asks otherwise.
    Ours(&'static str, &'static str, &'static str, &'static str),
}
use Expected::{Ours, Same};

struct Row {
    what: &'static str,
    config: &'static str,
    credentials: &'static str,
    /// More files below the home folder.
    files: &'static [(&'static str, &'static str)],
    variables: &'static [(&'static str, &'static str)],
    /// The profile of the command line.
    profile: Option<&'static str>,
    expected: Expected,
}

const NONE: Row = Row {
    what: "",
    config: "",
    credentials: "",
    files: &[],
    variables: &[],
    profile: None,
    expected: Same("", "", ""),
};

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_DEFAULT_REGION", "eu-west-1")];
const FAKE: &str = "127.0.0.1:{port}";
const BASE: &str = "[base]\naws_access_key_id = BASE\naws_secret_access_key = s\n";

/// Unset, although the table sets it for all rows.
const UNSET: &str = "(unset)";

const ROLE: &str =
    "[profile r]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";

fn rows() -> Vec<Row> {
    vec![
        Row { what: "keys in the environment", variables: &KEYS, expected: Same("ENV", "eu-west-1", FAKE), ..NONE },
        Row {
            what: "AWS_REGION alone",
            variables: &[("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "eu-west-2")],
            expected: Ours(
                "ENV",
                "eu-west-2",
                FAKE,
                "boto3 knows AWS_DEFAULT_REGION alone; the AWS CLI and the SDKs know both",
            ),
            ..NONE
        },
        Row {
            what: "the default profile",
            config: "[default]\nregion = eu-west-3\n",
            credentials: "[default]\naws_access_key_id = D\naws_secret_access_key = s\n",
            expected: Same("D", "eu-west-3", FAKE),
            ..NONE
        },
        Row {
            what: "AWS_PROFILE",
            config: "[profile base]\nregion = eu-west-1\n",
            credentials: BASE,
            variables: &[("AWS_PROFILE", "base")],
            expected: Same("BASE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "AWS_DEFAULT_PROFILE",
            config: "[default]\nregion = us-east-1\naws_access_key_id = D\naws_secret_access_key = s\n[profile base]\nregion = eu-west-1\n",
            credentials: BASE,
            variables: &[("AWS_DEFAULT_PROFILE", "base")],
            expected: Same("BASE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "AWS_DEFAULT_PROFILE and AWS_PROFILE",
            config: "[profile base]\nregion = eu-west-1\n[profile other]\nregion = eu-west-2\n",
            credentials: "[base]\naws_access_key_id = BASE\naws_secret_access_key = s\n[other]\naws_access_key_id = O\naws_secret_access_key = s\n",
            variables: &[("AWS_DEFAULT_PROFILE", "base"), ("AWS_PROFILE", "other")],
            expected: Same("BASE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "keys in the environment beside AWS_PROFILE",
            config: "[profile base]\nregion = eu-west-2\n",
            credentials: BASE,
            variables: &[("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "base")],
            expected: Same("ENV", "eu-west-2", FAKE),
            ..NONE
        },
        Row {
            what: "keys in the environment beside --profile",
            config: "[profile base]\nregion = eu-west-2\n",
            credentials: BASE,
            variables: &[("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s")],
            profile: Some("base"),
            expected: Same("BASE", "eu-west-2", FAKE),
            ..NONE
        },
        Row {
            what: "a profile whose name has a blank",
            config: "[profile 'my corp']\nregion = eu-west-1\naws_access_key_id = CORP\naws_secret_access_key = s\n",
            variables: &[("AWS_PROFILE", "my corp")],
            expected: Same("CORP", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "keys in both files",
            config: "[default]\nregion = eu-west-1\naws_access_key_id = CONFIG\naws_secret_access_key = s\n",
            credentials: "[default]\naws_access_key_id = CREDENTIALS\naws_secret_access_key = s\n",
            expected: Same("CREDENTIALS", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "files elsewhere",
            files: &[
                ("c", "[default]\nregion = eu-west-1\n"),
                ("k", "[default]\naws_access_key_id = K\naws_secret_access_key = s\n"),
            ],
            variables: &[("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "{home}/k")],
            expected: Same("K", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "line ends of Windows",
            config: "[default]\r\nregion = eu-west-1\r\n",
            credentials: "[default]\r\naws_access_key_id = W\r\naws_secret_access_key = s\r\n",
            expected: Same("W", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a byte order mark",
            config: "\u{feff}[default]\nregion = eu-west-1\n",
            variables: &[("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s")],
            expected: Ours("ENV", "eu-west-1", FAKE, "botocore does not read such a file"),
            ..NONE
        },
        Row {
            what: "a role",
            config: ROLE,
            credentials: BASE,
            variables: &[("AWS_PROFILE", "r")],
            expected: Same("R.BASE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a role of a role",
            config: "[profile r]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n\
                     [profile s]\nregion = eu-west-2\nrole_arn = arn:aws:iam::111122223333:role/S\nsource_profile = r\n",
            credentials: BASE,
            variables: &[("AWS_PROFILE", "s")],
            expected: Same("S.R.BASE", "eu-west-2", FAKE),
            ..NONE
        },
        Row {
            what: "a role with the keys of the environment",
            config: "[profile r]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Environment\n",
            variables: &KEYS,
            profile: Some("r"),
            expected: Same("R.ENV", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a role with the container's credentials",
            config: "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = EcsContainer\n",
            variables: &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:{port}/creds")],
            expected: Same("R.CONTAINER", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a role with a second factor",
            config: "[profile r]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n\
                     mfa_serial = arn:aws:iam::111122223333:mfa/jo\n",
            credentials: BASE,
            variables: &[("AWS_PROFILE", "r"), ("SSMBAK_MFA_CODE", "123456")],
            expected: Same("R.BASE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "IAM Identity Center",
            config: "[profile s]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = r\n\
                     [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example.org/start\n",
            // SHA-1 of "corp".
            files: &[(".aws/sso/cache/{sha1:corp}.json", SSO_TOKEN)],
            variables: &[("AWS_PROFILE", "s")],
            expected: Same("SSO", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "IAM Identity Center, a session whose name has a blank",
            config: "[profile 's t']\nregion = eu-west-1\nsso_session = my corp\nsso_account_id = 111122223333\nsso_role_name = r\n\
                     [sso-session 'my corp']\nsso_region = eu-west-1\nsso_start_url = https://corp.example.org/start\n",
            files: &[(".aws/sso/cache/{sha1:my corp}.json", SSO_TOKEN)],
            variables: &[("AWS_PROFILE", "s t")],
            expected: Same("SSO", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "IAM Identity Center, before sessions",
            config: "[default]\nregion = eu-west-1\nsso_start_url = https://corp.example.org/start\nsso_region = eu-west-1\n\
                     sso_account_id = 111122223333\nsso_role_name = r\n",
            files: &[(".aws/sso/cache/{sha1:https://corp.example.org/start}.json", SSO_TOKEN)],
            expected: Same("SSO", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "aws login",
            config: "[default]\nregion = eu-west-1\nlogin_session = arn:aws:iam::111122223333:user/jo\n",
            files: &[(".aws/login/cache/{sha256:arn:aws:iam::111122223333:user/jo}.json", LOGIN_TOKEN)],
            expected: Ours("LOGIN", "eu-west-1", FAKE, "botocore needs the extra awscrt for it"),
            ..NONE
        },
        Row {
            what: "a web identity in the environment",
            files: &[("token", "a.web.token")],
            variables: &[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/token"),
                ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/W"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
            ],
            expected: Same("W.WEB", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a web identity in the environment beside keys in the profile",
            credentials: "[default]\naws_access_key_id = D\naws_secret_access_key = s\n",
            files: &[("token", "a.web.token")],
            variables: &[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/token"),
                ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/W"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
            ],
            expected: Same("W.WEB", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a web identity in the profile",
            config: "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/W\nweb_identity_token_file = {home}/token\n",
            files: &[("token", "a.web.token")],
            expected: Same("W.WEB", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "credential_process",
            config: "[default]\nregion = eu-west-1\ncredential_process = /bin/cat {home}/printed\n",
            files: &[("printed", r#"{"Version":1,"AccessKeyId":"PROCESS","SecretAccessKey":"s"}"#)],
            expected: Same("PROCESS", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "a container",
            variables: &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:{port}/creds"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
            ],
            expected: Same("CONTAINER", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "EKS Pod Identity beside a proxy",
            files: &[("token", "let me in")],
            variables: &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:{port}/creds/locked"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
                ("HTTP_PROXY", "http://127.0.0.1:{dead}"),
                ("HTTPS_PROXY", "http://127.0.0.1:{port}"),
                ("AWS_ENDPOINT_URL_SSM", UNSET),
            ],
            expected: Same("", "", "ssm.eu-west-1.amazonaws.com:443"),
            ..NONE
        },
        Row {
            what: "a machine",
            variables: &[
                ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:{port}"),
                ("AWS_EC2_METADATA_DISABLED", UNSET),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
            ],
            expected: Same("INSTANCE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "the metadata service of a profile",
            config: "[default]\nregion = eu-west-1\nec2_metadata_service_endpoint = http://127.0.0.1:{port}\n",
            variables: &[("AWS_EC2_METADATA_DISABLED", UNSET)],
            expected: Same("INSTANCE", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "services of a profile",
            config: "[default]\nregion = eu-west-1\nservices = mine\n[services mine]\nssm =\n  endpoint_url = http://localhost:{port}\ns3 =\n  endpoint_url = http://127.0.0.1:{dead}\n",
            variables: &[("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_ENDPOINT_URL_SSM", UNSET)],
            expected: Same("ENV", "eu-west-1", "localhost:{port}"),
            ..NONE
        },
        Row {
            what: "endpoint_url of a profile",
            config: "[profile 'my corp']\nregion = eu-west-1\nendpoint_url = http://localhost:{port}\naws_access_key_id = C\naws_secret_access_key = s\n",
            variables: &[("AWS_PROFILE", "my corp"), ("AWS_ENDPOINT_URL_SSM", UNSET)],
            expected: Same("C", "eu-west-1", "localhost:{port}"),
            ..NONE
        },
        Row {
            what: "AWS_ENDPOINT_URL beside that of the service",
            variables: &[KEYS[0], KEYS[1], KEYS[2], ("AWS_ENDPOINT_URL", "http://127.0.0.1:{dead}")],
            expected: Same("ENV", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "FIPS",
            variables: &[
                KEYS[0],
                KEYS[1],
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_USE_FIPS_ENDPOINT", "true"),
                ("AWS_ENDPOINT_URL_SSM", UNSET),
                ("HTTPS_PROXY", "http://127.0.0.1:{port}"),
            ],
            expected: Same("", "", "ssm-fips.us-east-1.amazonaws.com:443"),
            ..NONE
        },
        Row {
            what: "FIPS of a profile",
            config: "[default]\nregion = us-east-1\nuse_fips_endpoint = true\n",
            variables: &[KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_SSM", UNSET), ("HTTPS_PROXY", "http://127.0.0.1:{port}")],
            expected: Same("", "", "ssm-fips.us-east-1.amazonaws.com:443"),
            ..NONE
        },
        Row {
            what: "both protocols",
            variables: &[
                KEYS[0],
                KEYS[1],
                KEYS[2],
                ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
                ("AWS_ENDPOINT_URL_SSM", UNSET),
                ("HTTPS_PROXY", "http://127.0.0.1:{port}"),
            ],
            expected: Same("", "", "ssm.eu-west-1.api.aws:443"),
            ..NONE
        },
        Row {
            what: "both protocols of a profile",
            config: "[default]\nregion = eu-west-1\nuse_dualstack_endpoint = true\n",
            variables: &[KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_SSM", UNSET), ("HTTPS_PROXY", "http://127.0.0.1:{port}")],
            expected: Same("", "", "ssm.eu-west-1.api.aws:443"),
            ..NONE
        },
        Row {
            what: "China",
            variables: &[
                KEYS[0],
                KEYS[1],
                ("AWS_DEFAULT_REGION", "cn-north-1"),
                ("AWS_ENDPOINT_URL_SSM", UNSET),
                ("https_proxy", "127.0.0.1:{port}"),
            ],
            expected: Same("", "", "ssm.cn-north-1.amazonaws.com.cn:443"),
            ..NONE
        },
        Row {
            what: "a proxy for plain HTTP",
            variables: &[
                KEYS[0],
                KEYS[1],
                KEYS[2],
                ("AWS_ENDPOINT_URL_SSM", "http://ssm.example.org"),
                ("HTTP_PROXY", "http://127.0.0.1:{port}"),
            ],
            expected: Same("ENV", "eu-west-1", "ssm.example.org"),
            ..NONE
        },
        Row {
            what: "NO_PROXY=*",
            variables: &[KEYS[0], KEYS[1], KEYS[2], ("HTTP_PROXY", "http://127.0.0.1:{dead}"), ("NO_PROXY", "*")],
            expected: Same("ENV", "eu-west-1", FAKE),
            ..NONE
        },
        Row {
            what: "NO_PROXY with a port",
            variables: &[
                KEYS[0],
                KEYS[1],
                KEYS[2],
                ("HTTP_PROXY", "http://127.0.0.1:{dead}"),
                ("NO_PROXY", "example.org,127.0.0.1:{port}"),
            ],
            expected: Same("ENV", "eu-west-1", FAKE),
            ..NONE
        },
    ]
}

const SSO_TOKEN: &str = r#"{"accessToken":"good","expiresAt":"2099-01-01T00:00:00Z","region":"eu-west-1","startUrl":"https://corp.example.org/start"}"#;
const LOGIN_TOKEN: &str = r#"{"accessToken":{"accessKeyId":"LOGIN","secretAccessKey":"s","sessionToken":"t","accountId":"111122223333","expiresAt":"2099-01-01T00:00:00Z"},"tokenType":"urn:aws:params:oauth:token-type:access_token_sigv4","refreshToken":"r","idToken":"i","clientId":"c","dpopKey":"k"}"#;

/// What boto3 does: a client for Parameter Store, and one request that is not repeated.
const BOTO3: &str = "
import getpass, os
getpass.getpass = lambda *_: os.environ.get('SSMBAK_MFA_CODE')
import boto3
from botocore.config import Config
session = boto3.Session(profile_name=os.environ.pop('ROW_PROFILE', None))
client = session.client('ssm', config=Config(retries={'total_max_attempts': 1}, connect_timeout=5, read_timeout=5))
try: client.get_parameter(Name='/newvoll/ssmbak/bucketname')
except client.exceptions.ParameterNotFound: pass
";

/// A row's text with what is different in each run.
fn filled(text: &str, port: u16, dead: u16, home: &Path) -> String {
    let mut text = text.replace("{port}", &port.to_string()).replace("{dead}", &dead.to_string());
    text = text.replace("{home}", &home.to_string_lossy());
    while let Some((before, rest)) = text.split_once("{sha") {
        let (what, after) = rest.split_once('}').unwrap();
        let (kind, of) = what.split_once(':').unwrap();
        let script = format!("import hashlib,sys; print(hashlib.sha{kind}(sys.argv[1].encode()).hexdigest(), end='')");
        let venv = ssmbak_testkit::Venv::ready().unwrap();
        let output = Command::new(venv.python()).args(["-c", &script, of]).output().unwrap();
        text = format!("{before}{}{after}", String::from_utf8(output.stdout).unwrap());
    }
    text
}

/// Runs one of the two in a row's environment, on a fake of its own; the first request that reached Parameter Store.
fn first_asked(row: &Row, command: &mut Command) -> (Option<ResolvedQuery>, Ran, u16) {
    let fake = Fake::start("400 Bad Request", None);
    let dead = dead_port();
    let home = tempfile::tempdir().unwrap();
    let filled = |text: &str| filled(text, fake.port, dead, home.path());
    let write = |name: &str, content: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    for (name, content) in [(".aws/config", row.config), (".aws/credentials", row.credentials)] {
        if !content.is_empty() {
            write(name, &filled(content));
        }
    }
    for (name, content) in row.files {
        write(&filled(name), &filled(content));
    }
    command.env_clear().env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    for service in ["SSM", "STS", "SSO"] {
        command.env(format!("AWS_ENDPOINT_URL_{service}"), format!("http://127.0.0.1:{}", fake.port));
    }
    for (name, value) in row.variables {
        if *value == UNSET {
            command.env_remove(name)
        } else {
            command.env(name, filled(value))
        };
    }
    let ran = Ran::of(command);
    (fake.asked().into_iter().next(), ran, fake.port)
}

/// A port at which nobody listens.
fn dead_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ours(row: &Row) -> (Option<ResolvedQuery>, Ran, u16) {
    let mut command = Command::new(program("ssmbak"));
    command.arg("restores");
    if let Some(profile) = row.profile {
        command.args(["--profile", profile]);
    }
    first_asked(row, &mut command)
}

fn boto3(row: &Row) -> (Option<ResolvedQuery>, Ran, u16) {
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    let mut command = Command::new(venv.python());
    command.args(["-c", BOTO3]);
    let mut row = Row { what: row.what, expected: Same("", "", ""), ..*row };
    let variables: Vec<(&'static str, &'static str)> =
        row.variables.iter().copied().chain(row.profile.map(|profile| ("ROW_PROFILE", profile))).collect();
    // For the time of the test.
    row.variables = Vec::leak(variables);
    first_asked(&row, &mut command)
}

#[test]
fn every_environment_is_read_as_boto3_reads_it_or_the_difference_is_explained() {
    let mut wrong = String::new();
    let rows = rows();
    assert!(rows.len() >= 40, "{}", rows.len());
    for row in &rows {
        let ((asked, ran, port), (theirs, their_run, their_port)) = (ours(row), boto3(row));
        let shown = |asked: &Option<ResolvedQuery>, port: u16| {
            asked.clone().map(|asked| (asked.key, asked.region, asked.host.replace(&format!(":{port}"), ":{port}")))
        };
        let (asked, theirs) = (shown(&asked, port), shown(&theirs, their_port));
        let (expected, is_same) = match row.expected {
            Same(key, region, host) => (Some((key.to_owned(), region.to_owned(), host.to_owned())), true),
            Ours(key, region, host, _) => (Some((key.to_owned(), region.to_owned(), host.to_owned())), false),
        };
        if asked != expected {
            let _ = writeln!(wrong, "{}: ours is {asked:?}, not {expected:?}: {}", row.what, ran.err);
        }
        if let Ours(.., why) = row.expected {
            assert!(!why.is_empty(), "{}", row.what);
        }
        // A difference that is none any more would be explained in vain.
        if (theirs == expected) != is_same {
            let _ = writeln!(
                wrong,
                "{}: boto3 is {theirs:?}: {}",
                row.what,
                their_run.err.lines().last().unwrap_or_default()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn requests_are_tried_as_often_as_boto3_tries_them_where_the_environment_says_so() {
    let script = "
import boto3
try: boto3.client('ssm').get_parameter(Name='x')
except Exception: pass
";
    let count = |command: &mut Command| {
        let fake = Fake::start("500 Internal Server Error", None);
        let variables = KEYS.into_iter().chain([("AWS_MAX_ATTEMPTS", "2"), ("HOME", "/nonexistent")]);
        let ran = Ran::of(
            command.env_clear().envs(variables).env("AWS_ENDPOINT_URL_SSM", format!("http://127.0.0.1:{}", fake.port)),
        );
        (fake.asked().len(), ran.err)
    };
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    let (theirs, _) = count(Command::new(venv.python()).args(["-c", script]));
    let (ours, said) = count(Command::new(program("ssmbak")).arg("restores"));
    assert_eq!((ours, theirs), (2, 2), "{said}");
}

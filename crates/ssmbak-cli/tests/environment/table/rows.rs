//! The environments.

use super::Expected::{Ours, Same};
use super::{NONE, Row, UNSET};

pub const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_DEFAULT_REGION", "eu-west-1")];
const FAKE: &str = "127.0.0.1:{port}";
const BASE: &str = "[base]\naws_access_key_id = BASE\naws_secret_access_key = s\n";

const ROLE: &str =
    "[profile r]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";

pub fn rows() -> Vec<Row> {
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

//! What is wrong with an environment is told in one sentence, and what is right in it counts.

use std::process::Command;

use crate::common::{Ran, bare};
use crate::fake::Fake;

fn with_keys(line: &str) -> Command {
    let mut command = bare(line);
    command.envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_REGION", "eu-west-1")]);
    command
}

/// A home with these files.
fn home(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    for (name, content) in files {
        std::fs::write(home.path().join(".aws").join(name), content).unwrap();
    }
    home
}

#[test]
fn a_zone_that_tz_names_is_the_local_one() {
    for (zone, shown) in [
        ("America/New_York", "as of 2026-07-01T16:00:00Z (local time 2026-07-01 12:00:00 -04:00)"),
        (":Europe/Berlin", "as of 2026-07-01T10:00:00Z (local time 2026-07-01 12:00:00 +02:00)"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "as of 2026-07-01T10:00:00Z (local time 2026-07-01 12:00:00 +02:00)"),
        ("UTC", "as of 2026-07-01T12:00:00Z"),
        ("", "as of 2026-07-01T12:00:00Z"),
    ] {
        let mut command = with_keys("ssmbak preview /a");
        command.args(["2026-07-01 12:00 local", "-b", "b", "--endpoint-url", "http://127.0.0.1:9"]);
        let ran = Ran::of(command.env("TZ", zone));
        assert_eq!(ran.err.lines().next(), Some(shown), "{zone}: {}", ran.err);
        let mut command = with_keys("s3bak preview key");
        command.args(["2026-07-01 12:00 local", "-b", "b", "--endpoint-url", "http://127.0.0.1:9"]);
        assert!(Ran::of(command.env("TZ", zone)).err.starts_with(shown), "{zone}");
    }
}

#[test]
fn a_zone_that_does_not_exist_is_refused() {
    for line in [
        "ssmbak preview /a now -b b",
        "s3bak preview key now -b b",
        "ssmbak mark x --at now -b b",
        "ssmbak log /a --since 1h",
    ] {
        let mut command = with_keys(line);
        let ran = Ran::of(command.env("TZ", "Nowhere/Land").args(["--endpoint-url", "http://127.0.0.1:9"]));
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
        assert!(
            ran.err.starts_with("error: TZ is \"Nowhere/Land\", which names no time zone\nhint: "),
            "{line}: {}",
            ran.err
        );
    }
}

#[test]
fn a_line_end_in_a_key_is_told_with_its_variable() {
    for (name, value) in
        [("AWS_ACCESS_KEY_ID", "x\r"), ("AWS_SECRET_ACCESS_KEY", "hush\r\n"), ("AWS_SESSION_TOKEN", "hush\n")]
    {
        let ran = Ran::of(with_keys("ssmbak preview /a now -b b").env(name, value));
        assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
        assert!(ran.err.starts_with(&format!("error: {name} in the environment holds a line end")), "{}", ran.err);
        assert!(!ran.err.contains("hush") && !ran.err.contains("panicked"), "{}", ran.err);
    }
}

#[test]
fn a_key_with_a_line_end_that_a_program_prints_is_no_panic() {
    let printed = r#"{"Version":1,"AccessKeyId":"K\n","SecretAccessKey":"hush"}"#;
    let config = format!("[default]\nregion = eu-west-1\ncredential_process = echo '{printed}'\n");
    let home = home(&[("config", config.as_bytes())]);
    let ran = Ran::of(bare("ssmbak preview /a now -b b").env("HOME", home.path()).env("PATH", "/usr/bin:/bin"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.err.contains("hush") && ran.err.lines().count() == 2, "{}", ran.err);
}

#[test]
fn a_bad_line_is_told_with_file_and_line() {
    for (name, content, what) in [
        (
            "config",
            b"[default]\nregion = eu-west-1\nnonsense\n".as_slice(),
            "line 3 is neither [a section] nor key = value",
        ),
        ("credentials", b"[default\n", "line 1 begins a section, but has no ] at its end"),
        ("config", b"[default]\nregion = \xff\n", "line 2 is not UTF-8"),
    ] {
        let home = home(&[(name, content)]);
        let ran = Ran::of(with_keys("ssmbak preview /a now -b b").env("HOME", home.path()));
        let file = home.path().join(".aws").join(name);
        assert!(
            ran.err.starts_with(&format!("error: failed to read the AWS configuration {}: {what}\n", file.display())),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_code_is_asked_for_on_a_terminal_alone_and_cached_for_its_owner() {
    let fake = Fake::start("400 Bad Request", None);
    let config = "[profile r]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/jo\n";
    let home = home(&[
        ("config", config.as_bytes()),
        ("credentials", b"[base]\naws_access_key_id = K\naws_secret_access_key = s\n"),
    ]);
    let run = |code: &[&str]| {
        let mut command = bare("ssmbak restores --profile r");
        let url = format!("http://127.0.0.1:{}", fake.port);
        command.args(code).env("HOME", home.path()).env("AWS_ENDPOINT_URL_STS", &url).env("AWS_ENDPOINT_URL_SSM", &url);
        // A session of its own has no terminal to ask on.
        let mut alone = Command::new("setsid");
        alone.arg("-w").arg(command.get_program()).args(command.get_args()).env_clear();
        alone.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", "/usr/bin:/bin");
        Ran::of(&mut alone)
    };
    let ran = run(&[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told =
        "error: profile \"r\" needs the code of the MFA device arn:aws:iam::1:mfa/jo\nhint: give it with --mfa-code";
    assert!(ran.err.starts_with(told), "{}", ran.err);
    let ran = run(&["--mfa-code", "999999"]);
    assert!(
        ran.err.starts_with("error: failed to assume the role") && ran.err.contains("invalid MFA one time pass code"),
        "{}",
        ran.err
    );
    assert_eq!(fake.asked().len(), 0);
    run(&["--mfa-code", "123456"]);
    // The next command takes the session that is kept.
    run(&[]);
    let keys: Vec<String> = fake.asked().into_iter().map(|asked| asked.key).collect();
    assert_eq!(keys, ["R.K", "R.K"]);
    let kept = std::fs::read_dir(home.path().join(".aws/cli/cache")).unwrap().next().unwrap().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&kept.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn expired_logins_are_told_with_the_command_that_logs_in() {
    let fake = Fake::start("400 Bad Request", None);
    let sso = "[profile a b]\n[profile 'a b']\nregion = eu-west-1\nsso_start_url = https://x/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n\
               [profile l]\nregion = eu-west-1\nlogin_session = arn:aws:iam::1:user/jo\n";
    let home = home(&[("config", sso.as_bytes())]);
    for (profile, command) in [("a b", "aws sso login --profile 'a b'"), ("l", "aws login --profile l")] {
        let mut run = bare("ssmbak restores --profile");
        run.arg(profile)
            .env("HOME", home.path())
            .env("AWS_ENDPOINT_URL_SSO", format!("http://127.0.0.1:{}", fake.port));
        let ran = Ran::of(&mut run);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(&format!("hint: log in again: {command}\n")), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    }
}

#[test]
fn a_dead_proxy_is_named_and_its_password_is_not() {
    for (variable, url) in [("HTTPS_PROXY", None), ("HTTP_PROXY", Some("http://ssm.example.org"))] {
        let mut command = with_keys("ssmbak preview /a now -b b");
        command.env(variable, "http://jo:hush@127.0.0.1:9");
        command.args(url.into_iter().flat_map(|url| ["--endpoint-url", url]));
        let ran = Ran::of(&mut command);
        assert!(ran.err.contains(&format!("through the proxy http://127.0.0.1:9 of {variable}")), "{}", ran.err);
        assert!(!ran.err.contains("hush"), "{}", ran.err);
    }
}

#[test]
fn an_arn_counts_where_it_belongs() {
    let arn = "arn:aws:ssm:eu-north-1:111122223333:parameter/app/host";
    let mut command = with_keys("ssmbak log");
    let ran = Ran::of(command.arg(arn).args(["-b", "b", "--endpoint-url", "http://127.0.0.1:9"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.starts_with(&format!(
            "error: {arn} is of region eu-north-1, not eu-west-1\nhint: give --region eu-north-1"
        )),
        "{}",
        ran.err
    );
    let ran = Ran::of(with_keys("ssmbak log /app/host:3").args(["-b", "b"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("a name takes no :version or :label"), "{}", ran.err);
}

#[test]
fn certificates_of_a_bundle_are_trusted_wherever_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let venv = ssmbak_testkit::Venv::ready().unwrap();
    assert!(venv.script("certificate.py").arg(dir.path()).status().unwrap().success());
    let mut server = Command::new(venv.python())
        .args(["-c", include_str!("https.py")])
        .arg(dir.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut port).unwrap();
    let bundle = dir.path().join("ca.pem");
    let url = format!("https://localhost:{}", port.trim());
    let config = format!("[default]\nca_bundle = {}\n", bundle.display());
    let (with_bundle, without) = (home(&[("config", config.as_bytes())]), home(&[]));
    let run = |home: &tempfile::TempDir, variable: Option<&str>| {
        let mut command = with_keys("ssmbak restores");
        command.env("HOME", home.path()).env("AWS_ENDPOINT_URL_SSM", &url);
        command.envs(variable.map(|name| (name, &bundle)));
        Ran::of(&mut command)
    };
    for ran in
        [run(&with_bundle, None), run(&without, Some("AWS_CA_BUNDLE")), run(&without, Some("REQUESTS_CA_BUNDLE"))]
    {
        assert!(!ran.err.contains("certificate"), "{}", ran.err);
        assert!(ran.err.contains("--bucket"), "the answer is read: {}", ran.err);
    }
    let ran = run(&without, None);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(
        ran.err.contains("UnknownIssuer") && ran.err.contains("hint: ") && ran.err.contains("AWS_CA_BUNDLE"),
        "{}",
        ran.err
    );
}

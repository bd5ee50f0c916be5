//! Where results, prompts and journals go.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::sync::mpsc::channel;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::common::{Outcome, Ran, World, program};
use crate::fake::Fake;

#[test]
fn a_code_is_asked_for_on_the_terminal_and_neither_shown_nor_piped() {
    let fake = Fake::start("400 Bad Request", None);
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let config = "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/R\n\
                  credential_source = Environment\nmfa_serial = arn:aws:iam::1:mfa/jo\n";
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let terminal =
        native_pty_system().openpty(PtySize { rows: 24, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new("/bin/sh");
    // Whatever the streams are, the terminal is asked.
    command.args(["-c", &format!("{} restores --profile default </dev/null >out 2>err", program("ssmbak"))]);
    command.cwd(home.path());
    command.env_clear();
    let url = format!("http://127.0.0.1:{}", fake.port);
    for (name, value) in [
        ("HOME", home.path().to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", "K"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_ENDPOINT_URL_STS", &url),
        ("AWS_ENDPOINT_URL_SSM", &url),
    ] {
        command.env(name, value);
    }
    let mut child = terminal.slave.spawn_command(command).unwrap();
    drop(terminal.slave);
    let (mut output, mut keys) = (terminal.master.try_clone_reader().unwrap(), terminal.master.take_writer().unwrap());
    let (seen, shown) = channel();
    std::thread::spawn(move || {
        let (mut all, mut buffer) = (String::new(), [0; 1024]);
        while let Ok(read @ 1..) = output.read(&mut buffer) {
            all.push_str(&String::from_utf8_lossy(&buffer[..read]));
            let _ = seen.send(all.clone());
        }
    });
    let mut screen = String::new();
    while !screen.contains("Enter MFA code for arn:aws:iam::1:mfa/jo: ") {
        screen = shown.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    // The terminal stops showing what is typed just after the question.
    std::thread::sleep(Duration::from_millis(500));
    keys.write_all(b"123456\n").unwrap();
    child.wait().unwrap();
    while let Ok(more) = shown.recv_timeout(Duration::from_millis(500)) {
        screen = more;
    }
    assert!(!screen.contains("123456"), "{screen}");
    let asked: Vec<String> = fake.asked().into_iter().map(|asked| asked.key).collect();
    assert_eq!(asked, ["R.K"]);
    for file in ["out", "err"] {
        let text = std::fs::read_to_string(home.path().join(file)).unwrap();
        assert!(!text.contains("MFA") && !text.contains("123456"), "{file}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_stay_and_devices_are_written_into() -> Outcome {
    let world = World::new("outputs").await;
    world.recorded("/out/host", "alpha", "2024-01-01T10:00:00Z", "String", None).await;
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("file"), "old")?;
    symlink("file", dir.path().join("link"))?;
    let link = dir.path().join("link");
    let content = || std::fs::read_to_string(dir.path().join("file"));
    for (line, expected) in [
        ("ssmbak export /out/ 2024-02-01 --format dotenv -f", "HOST=alpha\n"),
        ("ssmbak preview /out/ 2024-02-01 --out", "{"),
        ("s3bak body /out/host now -o", "alpha"),
    ] {
        let mut command = world.command(line);
        let ran =
            Ran::of(command.arg(&link).args(if line.starts_with("s3bak") { &["-b", "outputs"][..] } else { &[] }));
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        assert!(std::fs::symlink_metadata(&link)?.is_symlink(), "{line}");
        assert!(content()?.starts_with(expected), "{line}: {}", content()?);
        let mut command = world.command(line);
        let ran = Ran::of(command.arg("/dev/null").args(if line.starts_with("s3bak") {
            &["-b", "outputs"][..]
        } else {
            &[]
        }));
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        assert!(!std::fs::metadata("/dev/null")?.is_file(), "{line}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_restored_where_no_home_takes_a_journal() -> Outcome {
    let world = World::new("journals").await;
    for number in 0..3 {
        let put = world.s3.put_object().bucket("journals").key(format!("tree/{number}"));
        put.body(b"then".to_vec().into()).send().await?;
    }
    for home in ["/proc", "/nonexistent", "/dev/null"] {
        let mut command = world.command("s3bak restore tree/ now -R -y -b journals");
        let ran = Ran::of(command.env("HOME", home).env_remove("XDG_STATE_HOME"));
        assert_eq!(ran.code, Some(0), "{home}: {ran:?}");
    }
    Ok(())
}

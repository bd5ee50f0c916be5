//! An answer that is piped in: `echo y | ssmbak restore …`.

/// The answer that waits in a pipe, if one does. A pipe may hold much else, as the rest of the script that a shell reads:
/// what is longer than an answer is not touched.
#[cfg(unix)]
pub(super) fn answer() -> Option<bool> {
    use std::io::{Read as _, stdin};
    use std::os::unix::fs::FileTypeExt as _;
    use std::thread::sleep;
    use std::time::Duration;

    /// `yes`, and the end of its line.
    const LONGEST: u64 = 5;

    if !std::fs::metadata("/dev/stdin").is_ok_and(|stdin| stdin.file_type().is_fifo()) {
        return None;
    }
    // A pipe may be open without anybody who writes.
    for _ in 0..10 {
        match rustix::io::ioctl_fionread(stdin()).ok()? {
            0 => sleep(Duration::from_millis(20)),
            1..=LONGEST => break,
            _ => return None,
        }
    }
    if rustix::io::ioctl_fionread(stdin()).ok()? == 0 {
        return None;
    }
    let mut text = [0; LONGEST as usize];
    let read = stdin().lock().read(&mut text).ok()?;
    match std::str::from_utf8(text.get(..read)?).ok()?.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

/// Pipes are not looked into here.
#[cfg(not(unix))]
pub(super) fn answer() -> Option<bool> {
    None
}

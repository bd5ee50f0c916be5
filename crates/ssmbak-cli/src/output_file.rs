//! Files that results are written to: the one way in which every command does it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Most links that are followed, as on Linux.
const LINKS: usize = 40;

/// What a path on the command line stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// `-`, or a name of stdout.
    Stdout,
    /// A name of stderr.
    Stderr,
    /// A device, a FIFO or an open file: it takes bytes, and nothing may stand in its place.
    Into(PathBuf),
    /// A regular file, which is there already or not: it is replaced when the new one is whole. Links lead to it.
    File(PathBuf),
}

impl Sink {
    /// Looks at what there is.
    ///
    /// # Errors
    /// Links without an end, and folders.
    pub fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let mut path = path.to_path_buf();
        for _ in 0..LINKS {
            match path.to_str() {
                Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => return Ok(Self::Stdout),
                Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => return Ok(Self::Stderr),
                _ => {}
            }
            // What is open already is written on, whatever it is.
            if path.starts_with("/dev") || path.starts_with("/proc") {
                return Ok(Self::Into(path));
            }
            match fs::symlink_metadata(&path) {
                Ok(there) if there.is_symlink() => {
                    let target = fs::read_link(&path)?;
                    path = folder_of(&path).join(target);
                }
                Ok(there) if there.is_file() => return Ok(Self::File(path)),
                Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
                Ok(_) => return Ok(Self::Into(path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::File(path)),
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many links"))
    }

    /// Whether results on stdout would be mixed with it.
    pub fn is_stdout(&self) -> bool {
        *self == Self::Stdout
    }

    /// Writes all of it. A regular file is for its owner alone, and nobody ever sees half of it.
    ///
    /// # Errors
    /// Whatever the system says. Nobody reading any more is no error.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let written = match self {
            Self::Stdout => write_to(&mut io::stdout().lock(), bytes),
            Self::Stderr => write_to(&mut io::stderr().lock(), bytes),
            Self::Into(path) => {
                OpenOptions::new().append(true).open(path).and_then(|mut file| write_to(&mut file, bytes))
            }
            Self::File(path) => return replace(path, bytes),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

fn write_to(out: &mut impl io::Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes).and_then(|()| out.flush())
}

/// Writes beside the file, since only within one file system is renaming all or nothing.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Temporary files are made for the owner alone (0600).
    let mut beside = tempfile::Builder::new().prefix(".ssmbak-").tempfile_in(folder_of(path))?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map(drop).map_err(|error| error.error)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    use std::process::Command;

    use super::*;

    fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
        Sink::of(path)?.write(bytes)
    }

    #[test]
    fn a_dash_and_the_names_of_stdout_are_stdout() {
        for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            assert_eq!(Sink::of(Path::new(name)).unwrap(), Sink::Stdout, "{name}");
        }
        assert_eq!(Sink::of(Path::new("/dev/stderr")).unwrap(), Sink::Stderr);
        assert_eq!(Sink::of(Path::new("/dev/null")).unwrap(), Sink::Into(PathBuf::from("/dev/null")));
    }

    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, dangling) = (dir.path().join("file"), dir.path().join("link"), dir.path().join("dangling"));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        symlink("new", &dangling).unwrap();
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        write(&dangling, b"made").unwrap();
        assert_eq!(fs::read(dir.path().join("new")).unwrap(), b"made");
        symlink("round", dir.path().join("round")).unwrap();
        assert!(write(&dir.path().join("round"), b"x").is_err());
        assert!(write(dir.path(), b"x").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 5, "nothing is left behind");
    }

    #[test]
    fn a_fifo_stays_and_takes_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read(fifo).unwrap()
        });
        write(&fifo, b"bytes").unwrap();
        assert_eq!(reader.join().unwrap(), b"bytes");
        assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    }
}

//! The function's code: the executable, packed for Lambda so that equal executables give equal packages.

use std::fmt::Write as _;
use std::io::{self, Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use lzma_rust2::XzReader;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::elf::{Architecture, Executable, GlibcVersion, RUNTIME_GLIBC};

/// What Lambda looks for in the package of a custom runtime.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-rust.html>
const BOOTSTRAP: &str = "bootstrap";

/// How a file that xz has compressed begins. <https://tukaani.org/xz/xz-file-format.txt>
const XZ: &[u8] = b"\xfd7zXZ\0";

/// What Lambda takes at most, unpacked, in bytes. <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST: u64 = 250 * 1024 * 1024;

/// Where the keys of packages begin in the artifacts bucket.
pub(crate) const KEY_PREFIX: &str = "ssmbak-lambda/";

/// The function's executable cannot be deployed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CodeError {
    /// The file is missing or cannot be read.
    #[error("cannot read the function's executable {}: {reason}; say where it is with --lambda", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is not an ELF executable.
    #[error(
        "the function's executable is no 64-bit Linux program: give the `ssmbak-lambda` that was built for Linux with --lambda"
    )]
    NotAnExecutable,
    /// It was built for a processor that Lambda does not have.
    #[error(
        "the function's executable is neither for x86_64 nor for aarch64: build it for one of them, Lambda has no other"
    )]
    Architecture,
    /// It needs a newer C library than the runtime has, and would fail at every start.
    #[error("the function's executable needs glibc {needed}, the function's runtime has {RUNTIME_GLIBC}: build it with `cargo zigbuild --target {}.{RUNTIME_GLIBC}`, or take the released one", architecture.target())]
    Glibc {
        /// What it was built for.
        architecture: Architecture,
        /// The newest version that one of its symbols asks for.
        needed: GlibcVersion,
    },
    /// It is to be loaded by something that the runtime does not have (musl's loader, say).
    #[error("the function's executable is to be loaded by {loader}, which the function's runtime does not have: build it for {}, or link it statically", architecture.target())]
    Loader {
        /// What it was built for.
        architecture: Architecture,
        /// The loader that it names.
        loader: String,
    },
    /// It could not be packed.
    #[error("cannot pack the function's executable: {reason}; it has to be smaller than 250 MB")]
    Packing {
        /// What the packer says.
        reason: String,
    },
}

impl CodeError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "LambdaUnreadable",
            Self::NotAnExecutable => "LambdaNotAnExecutable",
            Self::Architecture => "LambdaArchitecture",
            Self::Glibc { .. } => "LambdaGlibcTooNew",
            Self::Loader { .. } => "LambdaLoader",
            Self::Packing { .. } => "LambdaPacking",
        }
    }
}

/// The function's code, ready to be uploaded.
#[derive(Clone)]
pub struct FunctionCode {
    executable: Executable,
    package: Vec<u8>,
    sha256: [u8; 32],
}

impl FunctionCode {
    /// Reads, checks and packs an executable, which may be compressed by xz, as packages have it.
    ///
    /// `strict` refuses what `provided.al2023` cannot run. On an emulator the function runs on this machine's C library,
    /// so that a build for this machine is good enough there: it can be had without, and [`Self::incompatibility`] tells.
    ///
    /// # Errors
    /// [`CodeError`]: the file cannot be read, is no program for Lambda, or cannot be packed.
    pub fn from_file(path: &Path, strict: bool) -> Result<Self, CodeError> {
        let read =
            std::fs::read(path).and_then(|read| if read.starts_with(XZ) { decompressed(&read) } else { Ok(read) });
        let executable =
            read.map_err(|error| CodeError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        Self::from_executable(&executable, strict)
    }

    /// Checks and packs an executable, see [`Self::from_file`].
    ///
    /// # Errors
    /// [`CodeError`]: it is no program for Lambda, or cannot be packed.
    pub fn from_executable(bytes: &[u8], strict: bool) -> Result<Self, CodeError> {
        let executable = Executable::parse(bytes)?;
        match executable.incompatibility() {
            Some(incompatibility) if strict => return Err(incompatibility),
            _ => {}
        }
        let package = pack(bytes).map_err(|error| CodeError::Packing { reason: error.to_string() })?;
        let sha256 = Sha256::digest(&package).into();
        Ok(Self { executable, package, sha256 })
    }

    /// What it was built for.
    pub fn architecture(&self) -> Architecture {
        self.executable.architecture
    }

    /// Why `provided.al2023` cannot run it, if it cannot; never so if it was read strictly.
    pub fn incompatibility(&self) -> Option<CodeError> {
        self.executable.incompatibility()
    }

    /// The package, a zip file.
    pub fn package(&self) -> &[u8] {
        &self.package
    }

    /// SHA-256 of the package. Lambda reports the same, in base 64, as `CodeSha256`.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The same as Lambda reports it.
    pub fn sha256_base64(&self) -> String {
        aws_smithy_types::base64::encode(self.sha256)
    }

    /// The key under which the package is stored, made from its content.
    ///
    /// CloudFormation updates a function's code only if its key differs: the same key has to mean the same code.
    pub fn key(&self) -> String {
        let mut key = String::from(KEY_PREFIX);
        for byte in self.sha256 {
            // Writing into a string cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        key.push_str(".zip");
        key
    }
}

fn decompressed(compressed: &[u8]) -> io::Result<Vec<u8>> {
    let mut executable = Vec::new();
    let most = XzReader::new(compressed, false).take(LARGEST + 1).read_to_end(&mut executable)?;
    if most as u64 > LARGEST { Err(io::Error::other("it is larger than Lambda takes")) } else { Ok(executable) }
}

/// Packs an executable: no clock, no file attributes and no host system in it, so that the same gives the same.
fn pack(executable: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .system(zip::System::Unix)
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(BOOTSTRAP, options)?;
    zip.write_all(executable)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little of an executable as passes for one: a header for aarch64, no sections, and something to tell it by.
    fn tiny(content: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        bytes[16] = 3; // e_type: a position-independent executable
        bytes[18] = 183; // e_machine
        bytes[20] = 1; // e_version
        bytes.extend([content; 4096]);
        bytes
    }

    #[test]
    fn packs_the_same_into_the_same() {
        let first = FunctionCode::from_executable(&tiny(1), true).unwrap();
        let second = FunctionCode::from_executable(&tiny(1), true).unwrap();
        assert_eq!(first.package(), second.package());
        assert_eq!(first.key(), second.key());
        assert_eq!(first.architecture(), Architecture::Arm64);
        let other = FunctionCode::from_executable(&tiny(2), true).unwrap();
        assert_ne!(first.key(), other.key());
    }

    #[test]
    fn packs_what_lambda_expects() {
        let code = FunctionCode::from_executable(&tiny(1), true).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(code.package())).unwrap();
        assert_eq!(zip.len(), 1);
        let mut file = zip.by_name(BOOTSTRAP).unwrap();
        assert_eq!(file.unix_mode(), Some(0o100_755));
        assert_eq!(file.last_modified(), Some(DateTime::default()));
        let mut unpacked = Vec::new();
        file.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, tiny(1));
    }

    #[test]
    fn compressed_executable_makes_the_same_package() {
        // `python3 -c "import lzma, sys; sys.stdout.buffer.write(lzma.compress(tiny))"` of `tiny(1)`.
        let compressed = include_bytes!("tiny.xz");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ssmbak-lambda.xz");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            FunctionCode::from_file(&path, true)
        };
        assert_eq!(read(compressed).unwrap().key(), FunctionCode::from_executable(&tiny(1), true).unwrap().key());
        let refused = |bytes: &[u8]| read(bytes).err().unwrap();
        let cut = refused(&compressed[..compressed.len() / 2]);
        assert_eq!(cut.code(), "LambdaUnreadable", "{cut}");
        let mut flipped = compressed.to_vec();
        flipped[compressed.len() / 2] ^= 1;
        assert_eq!(refused(&flipped).code(), "LambdaUnreadable");
    }

    #[test]
    fn names_the_key_after_the_content() {
        let code = FunctionCode::from_executable(&tiny(1), true).unwrap();
        let key = code.key();
        let digest = key.strip_prefix("ssmbak-lambda/").unwrap();
        let digest = digest.strip_suffix(".zip").unwrap();
        assert_eq!(digest.len(), 64);
        assert!(digest.starts_with(&format!("{:02x}", code.sha256()[0])));
    }

    #[test]
    fn a_missing_file_is_one_sentence() {
        let error = FunctionCode::from_file(Path::new("/nowhere/ssmbak-lambda"), true);
        insta::assert_snapshot!(error.err().unwrap(), @"cannot read the function's executable /nowhere/ssmbak-lambda: No such file or directory (os error 2); say where it is with --lambda");
    }
}

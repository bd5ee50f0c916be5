//! What an executable was built for, read from its ELF header, and whether the function's runtime can run it.

use std::fmt;

use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64};
use object::endian::Endianness;
use object::read::StringTable;
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionTable};

use crate::function_code::CodeError;

/// The C library of `provided.al2023`.
/// <https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html>
pub const RUNTIME_GLIBC: GlibcVersion = GlibcVersion(2, 34);

/// A processor that Lambda offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Arm64,
}

impl Architecture {
    /// The name that Lambda and the template use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The architecture that Lambda and the template call so.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::X86_64, Self::Arm64].into_iter().find(|architecture| architecture.as_str() == name)
    }

    /// Rust's name for it, with the C library that Amazon Linux has.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// The program that loads dynamic executables on Amazon Linux.
    fn loader(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib64/ld-linux-x86-64.so.2",
            Self::Arm64 => "/lib/ld-linux-aarch64.so.1",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version of the GNU C library: major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u16, pub u16);

impl GlibcVersion {
    /// Reads a symbol version such as `GLIBC_2.34` or `GLIBC_2.2.5`; the third number never decides.
    /// Others (`GCC_3.0`, `GLIBC_PRIVATE`) are none.
    fn from_symbol_version(version: &[u8]) -> Option<Self> {
        let numbers = std::str::from_utf8(version).ok()?.strip_prefix("GLIBC_")?;
        let mut numbers = numbers.split('.').map(str::parse);
        match (numbers.next()?, numbers.next()?) {
            (Ok(major), Ok(minor)) => Some(Self(major, minor)),
            _ => None,
        }
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// An executable's needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    /// The processor.
    pub architecture: Architecture,
    /// The newest C library that any of its symbols asks for. None in a static executable.
    pub glibc: Option<GlibcVersion>,
    /// The program that has to load it. None in a static executable.
    pub loader: Option<String>,
}

impl Executable {
    /// Reads the header of an executable.
    ///
    /// # Errors
    /// What is not a 64-bit ELF executable for Linux on one of Lambda's two processors is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, CodeError> {
        let unreadable = |_| CodeError::NotAnExecutable;
        let header = FileHeader64::<Endianness>::parse(bytes).map_err(unreadable)?;
        let endian = header.endian().map_err(unreadable)?;
        if ![ET_EXEC, ET_DYN].contains(&header.e_type(endian)) {
            return Err(CodeError::NotAnExecutable);
        }
        let architecture = match header.e_machine(endian) {
            EM_X86_64 => Architecture::X86_64,
            EM_AARCH64 => Architecture::Arm64,
            _ => return Err(CodeError::Architecture),
        };
        let mut loader = None;
        for segment in header.program_headers(endian, bytes).map_err(unreadable)? {
            if let Some(path) = segment.interpreter(endian, bytes).map_err(unreadable)? {
                loader = Some(String::from_utf8_lossy(path).into_owned());
            }
        }
        let sections = header.sections(endian, bytes).map_err(unreadable)?;
        let glibc = newest_glibc(&sections, endian, bytes).map_err(unreadable)?;
        Ok(Self { architecture, glibc, loader })
    }

    /// Why `provided.al2023` cannot run it, if it cannot.
    pub fn incompatibility(&self) -> Option<CodeError> {
        if let Some(loader) = &self.loader
            && loader != self.architecture.loader()
        {
            return Some(CodeError::Loader { architecture: self.architecture, loader: loader.clone() });
        }
        self.glibc
            .filter(|needed| *needed > RUNTIME_GLIBC)
            .map(|needed| CodeError::Glibc { architecture: self.architecture, needed })
    }
}

fn newest_glibc(
    sections: &SectionTable<'_, FileHeader64<Endianness>>,
    endian: Endianness,
    bytes: &[u8],
) -> object::read::Result<Option<GlibcVersion>> {
    let Some((libraries, link)) = sections.gnu_verneed(endian, bytes)? else {
        return Ok(None);
    };
    let strings: StringTable<'_> = sections.strings(endian, bytes, link)?;
    let mut newest = None;
    for library in libraries {
        for version in library?.1 {
            let name = version?.name(endian, strings)?;
            newest = newest.max(GlibcVersion::from_symbol_version(name));
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn reads_the_needs_of_this_very_test() {
        let own = Executable::parse(&own()).unwrap();
        let expected = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
        assert_eq!(own.architecture, expected);
        assert_eq!(own.loader.as_deref(), Some(expected.loader()));
        assert!(own.glibc.unwrap() >= GlibcVersion(2, 17), "{:?}", own.glibc);
    }

    #[test]
    fn reads_versions_of_symbols() {
        let read = |version: &str| GlibcVersion::from_symbol_version(version.as_bytes());
        assert_eq!(read("GLIBC_2.34"), Some(GlibcVersion(2, 34)));
        assert_eq!(read("GLIBC_2.2.5"), Some(GlibcVersion(2, 2)));
        assert_eq!(read("GLIBC_PRIVATE"), None);
        assert_eq!(read("GLIBC_ABI_DT_RELR"), None);
        assert_eq!(read("GCC_3.0"), None);
        assert!(GlibcVersion(2, 4) < GlibcVersion(2, 34));
        assert!(GlibcVersion(3, 0) > GlibcVersion(2, 34));
    }

    #[test]
    fn tells_what_the_runtime_cannot_run() {
        let fit = Executable {
            architecture: Architecture::Arm64,
            glibc: Some(RUNTIME_GLIBC),
            loader: Some("/lib/ld-linux-aarch64.so.1".to_owned()),
        };
        assert_eq!(fit.incompatibility(), None);
        let too_new = Executable { glibc: Some(GlibcVersion(2, 39)), ..fit.clone() };
        insta::assert_snapshot!(too_new.incompatibility().unwrap(), @"the function's executable needs glibc 2.39, the function's runtime has 2.34: build it with `cargo zigbuild --target aarch64-unknown-linux-gnu.2.34`, or take the released one");
        let musl = Executable { loader: Some("/lib/ld-musl-aarch64.so.1".to_owned()), ..fit.clone() };
        assert!(matches!(musl.incompatibility(), Some(CodeError::Loader { .. })));
        let fully_static = Executable { glibc: None, loader: None, ..fit };
        assert_eq!(fully_static.incompatibility(), None);
    }

    #[test]
    fn refuses_what_is_no_executable() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &own()[..200]] {
            assert!(Executable::parse(bytes).is_err());
        }
        let mut other = own();
        other[18] = 243; // e_machine: RISC-V
        assert_eq!(Executable::parse(&other), Err(CodeError::Architecture));
        other[16] = 1; // e_type: an object file
        assert_eq!(Executable::parse(&other), Err(CodeError::NotAnExecutable));
    }
}

//! Which version of the GNU C library an executable needs.

use std::fmt;

use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _};

/// Major and minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u32, pub u32);

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "glibc {}.{}", self.0, self.1)
    }
}

/// The newest version among the symbols that it imports; `None` if it imports nothing from that library.
pub fn newest_glibc(executable: &[u8]) -> object::Result<Option<GlibcVersion>> {
    let header = FileHeader64::<Endianness>::parse(executable)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, executable)?;
    let mut newest = None;
    for section in sections.iter() {
        let Some((mut libraries, strings)) = section.gnu_verneed(endian, executable)? else { continue };
        let strings = sections.strings(endian, executable, strings)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                newest = newest.max(parse(version.name(endian, strings)?));
            }
        }
    }
    Ok(newest)
}

/// `GLIBC_2.34`, or `GLIBC_2.2.5`; other libraries have names of their own (`GCC_4.2.0`).
fn parse(name: &[u8]) -> Option<GlibcVersion> {
    let numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = numbers.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some(GlibcVersion(major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_names_are_understood() {
        assert_eq!(parse(b"GLIBC_2.34"), Some(GlibcVersion(2, 34)));
        assert_eq!(parse(b"GLIBC_2.2.5"), Some(GlibcVersion(2, 2)));
        assert_eq!(parse(b"GLIBC_PRIVATE"), None);
        assert_eq!(parse(b"GCC_4.2.0"), None);
        assert!(GlibcVersion(2, 9) < GlibcVersion(2, 34));
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn this_very_test_needs_a_c_library() -> Result<(), Box<dyn std::error::Error>> {
        let bytes = std::fs::read(std::env::current_exe()?)?;
        assert!(newest_glibc(&bytes)?.is_some_and(|version| version >= GlibcVersion(2, 2)));
        assert!(newest_glibc(b"not an executable").is_err());
        Ok(())
    }
}

//! The parts in which a large object is copied.

/// Smallest part that S3 accepts, the last one aside: 5 MiB.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
pub const SMALLEST_PART: u64 = 5 * 1024 * 1024;
/// Most parts of an upload.
pub const MOST_PARTS: u64 = 10_000;

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: i32,
    /// First byte.
    pub first: u64,
    /// Last byte, included.
    pub last: u64,
}

impl Part {
    /// As the header `Range` wants it.
    pub fn range(&self) -> String {
        format!("bytes={}-{}", self.first, self.last)
    }
}

/// How large the parts of an object should be: as in the original upload if that is known and possible, so that the copy
/// gets the same ETag, else as large as wished or as 10,000 parts ask for.
pub fn part_size(size: u64, original: Option<u64>, wished: u64) -> u64 {
    match original {
        Some(original) if original > 0 && size.div_ceil(original) <= MOST_PARTS => original,
        _ => wished.max(size.div_ceil(MOST_PARTS)).max(1),
    }
}

/// How large the parts of an upload were, if there were so many and nobody tells: the first usual size that makes so many,
/// else the smallest in whole MiB that S3 accepts.
pub fn likely_part_size(size: u64, count: u64) -> Option<u64> {
    const MIB: u64 = 1024 * 1024;
    let smallest = size.div_ceil(count.max(1)).div_ceil(MIB).max(5);
    let mut sizes = [8, 5, 16, 64, 15, 10, smallest].into_iter().map(|size| size * MIB);
    sizes.find(|step| size.div_ceil(*step) == count)
}

/// Cuts an object of `size` bytes into parts of `part_size`.
pub fn parts(size: u64, part_size: u64) -> impl Iterator<Item = Part> {
    let step = part_size.max(1);
    (0..size.div_ceil(step)).map(move |index| {
        let first = index * step;
        let number = i32::try_from(index + 1).unwrap_or(i32::MAX);
        Part { number, first, last: (first + step).min(size) - 1 }
    })
}

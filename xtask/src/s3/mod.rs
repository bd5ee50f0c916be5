//! `cargo xtask s3-scale` and `s3-compare`: `s3bak` on large trees, measured, and beside another tool.

mod bucket;
mod compare;
mod measure;
mod scale;

pub use compare::run as compare;
pub use scale::run as scale;

use std::path::PathBuf;

use ssmbak_emulators::target_dir;

use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

fn not_restored(wrong: u64, keys: u64) -> Failure {
    let seen = format!("{wrong} of {keys} keys are not what they were");
    Failure::Unexpected { expected: "all keys to be what they were".to_owned(), seen }
}

/// Builds `s3bak` as it is delivered, or with `--dev` without optimisation, which tells little.
fn s3bak(steps: &mut Steps, arguments: &[&str]) -> Outcome<PathBuf> {
    let is_dev = arguments.contains(&"--dev");
    let (profile, dir) = if is_dev { ("dev", "debug") } else { ("release", "release") };
    steps.cargo("build", &["build", "--workspace", "--bin", "ssmbak", "--bin", "s3bak", "--profile", profile])?;
    println!("s3bak of the profile {profile}");
    Ok(target_dir().join(dir).join("s3bak"))
}

/// The values of options like `--keys N`, in the order of `names`.
fn numbers<const N: usize>(arguments: &[&str], names: [&str; N], defaults: [u64; N]) -> Outcome<[u64; N]> {
    let mut values = defaults;
    let arguments: Vec<&str> = arguments.iter().copied().filter(|word| *word != "--dev").collect();
    for pair in arguments.chunks(2) {
        let [name, text] = pair else { return Err(Failure::Usage(format!("{} needs a number", pair.join(" ")))) };
        let known = names.iter().position(|known| known == name).and_then(|at| values.get_mut(at));
        let Some(value) = known else { return Err(Failure::Usage(format!("cannot understand `{name}`"))) };
        *value = text.parse().map_err(|_| Failure::Usage(format!("{text} is not a number")))?;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn options_are_numbers() {
        let read = |words: &[&str]| numbers(words, ["--keys", "--latency"], [7, 20]);
        assert_eq!(read(&[]).unwrap(), [7, 20]);
        assert_eq!(read(&["--latency", "3"]).unwrap(), [7, 3]);
        assert_eq!(read(&["--dev", "--keys", "3"]).unwrap(), [3, 20]);
        for wrong in [&["--keys"][..], &["--keys", "many"], &["--bytes", "1"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}

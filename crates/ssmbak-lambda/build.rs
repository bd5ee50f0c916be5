//! What the function's linker is told: what `cargo xtask function` asks for, and in a build for tests to leave all symbols
//! out. They are half of that file, and every pipeline of the tests packs and uploads it.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=SSMBAK_LINK_ARGS");
    let variable = |name| env::var(name).unwrap_or_default();
    let asked = variable("SSMBAK_LINK_ARGS");
    let is_for_tests = variable("PROFILE") == "debug" && variable("CARGO_CFG_TARGET_OS") == "linux";
    for argument in asked.split_whitespace().chain(is_for_tests.then_some("-Wl,--strip-all")) {
        println!("cargo:rustc-link-arg-bin=ssmbak-lambda={argument}");
    }
}

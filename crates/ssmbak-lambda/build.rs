//! Passes what `cargo xtask function` asks of the linker on to the function.

fn main() {
    println!("cargo:rerun-if-env-changed=SSMBAK_LINK_ARGS");
    for argument in std::env::var("SSMBAK_LINK_ARGS").unwrap_or_default().split_whitespace() {
        println!("cargo:rustc-link-arg-bin=ssmbak-lambda={argument}");
    }
}

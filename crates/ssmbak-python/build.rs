//! An extension module finds Python's symbols in the process that loads it, which macOS wants to be told. And what
//! `cargo xtask dist` asks of the linker.

fn main() {
    println!("cargo:rerun-if-env-changed=SSMBAK_LINK_ARGS");
    for argument in std::env::var("SSMBAK_LINK_ARGS").unwrap_or_default().split_whitespace() {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "macos") {
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
}

//! The template without its comments, which are for who reads the file: CloudFormation takes 51,200 bytes in a request.

use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=template.yml");
    let template = fs::read_to_string("template.yml")?;
    let lines: Vec<&str> = template.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    fs::write(Path::new(&env::var("OUT_DIR")?).join("template.yml"), lines.join("\n") + "\n")?;
    Ok(())
}

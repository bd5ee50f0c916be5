"""Builds the Python packages (PEP 517): the wheel is the one of `cargo xtask dist`, the source distribution every file of the
repository. Run as a program it writes the source distribution into a directory."""

import gzip
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if shutil.which("cargo") is None:
        raise SystemExit("error: cargo is not on the PATH: install Rust (https://rustup.rs), or a wheel of ssmbak")
    subprocess.run(["cargo", "xtask", "dist"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    [wheel] = (target / "dist").glob("*.whl")
    shutil.copy(wheel, wheel_directory)
    return wheel.name


def build_sdist(sdist_directory, config_settings=None):
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    name = f"ssmbak-{version}"
    about = f"Metadata-Version: 2.4\nName: ssmbak\nVersion: {version}\nRequires-Python: >=3.11\n"
    paths = files()
    archive = pathlib.Path(sdist_directory) / f"{name}.tar.gz"
    # Without times and owners: equal files make equal archives.
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in paths:
                mode = 0o755 if os.access(ROOT / path, os.X_OK) else 0o644
                add(tar, f"{name}/{path}", (ROOT / path).read_bytes(), mode)
            add(tar, f"{name}/PKG-INFO", about.encode(), 0o644)
    return archive.name


def files():
    """Every file of the repository, or of the source distribution that this is."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
        return sorted(path for path in listed.split("\0") if path and (ROOT / path).is_file())
    left_out = {"PKG-INFO", "__pycache__", "target"}
    found = (path for path in ROOT.rglob("*") if path.is_file() and not left_out & set(path.relative_to(ROOT).parts))
    return sorted(str(path.relative_to(ROOT)) for path in found)


def add(tar, path, content, mode):
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    print(build_sdist(sys.argv[1]))

//! The Python package: `cargo xtask wheel` builds what is published, `cargo xtask develop` installs a build of the
//! checkout for the tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::peers::Peers;
use crate::step::{quiet, step};
use crate::workspace;

mod shelf;
mod verify;

/// Where the package's sources are.
const SOURCES: &str = "runtime/python";

/// The profile that it is published with.
const PUBLISHED: &str = "dist";

/// Arguments of `cargo xtask wheel`.
#[derive(Debug, clap::Args)]
pub(crate) struct WheelArgs {
    /// Build it for systems with an older libc than this one, with the `zig` of PyPI's ziglang.
    #[arg(long)]
    zig: bool,
    /// Without optimizations: a quick try of the packaging.
    #[arg(long)]
    debug: bool,
}

/// Arguments of `cargo xtask develop`.
#[derive(Debug, clap::Args)]
pub(crate) struct DevelopArgs {
    /// With the optimizations of a release.
    #[arg(long)]
    release: bool,
}

/// Builds the wheel with maturin, optimized, tries it, and puts it into `target/wheels`, beside those for other systems.
pub(crate) fn wheel(args: &WheelArgs, peers: &Peers) -> Result<()> {
    let target = workspace::root().join("target");
    let out = target.join("wheel/new");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let profile = if args.debug { "dev" } else { PUBLISHED };
    let mut maturin = Cmd::new(peers.python())
        .args([
            "-m",
            "maturin",
            "build",
            "--locked",
            "--strip",
            "--profile",
            profile,
        ])
        .args(["--manifest-path", "runtime/python/wheel/Cargo.toml"])
        // Maturin's environment is another: in the usual place either build would undo the other's.
        .args(["--target-dir", "target/wheel/build", "--out"])
        .arg(&out);
    if args.zig {
        maturin = maturin.arg("--zig");
    }
    step("maturin", || maturin.run())?;
    let wheel = step("trial", || {
        verify::verify(&out, &target.join("wheel/trial"), peers)
    })?;
    let wheel = shelf::put(&wheel, &target.join("wheels"))?;
    let size = fs::metadata(&wheel).map_or(0, |wheel| wheel.len());
    eprintln!("  {} ({:.1} MB)", wheel.display(), size as f64 / 1e6);
    Ok(())
}

/// Builds the extension module alone, then [`install`]s it.
pub(crate) fn develop(args: &DevelopArgs, peers: &Peers) -> Result<()> {
    let mut build = Cmd::cargo().args(["build", "--package", "laureola-wheel"]);
    if args.release {
        build = build.arg("--release");
    }
    build.run()?;
    let profile = if args.release { "release" } else { "debug" };
    let python = install(profile, peers)?;
    eprintln!("  {}", python.display());
    Ok(())
}

/// Installs the extension module that was built with `profile`, and the package around it, into the virtual
/// environment `target/wheel/venv`, and returns its interpreter. It sees the packages of the peers, too.
///
/// Not by way of maturin, which would build everything below the extension module once more: it gives the build
/// scripts another environment.
pub(crate) fn install(profile: &str, peers: &Peers) -> Result<PathBuf> {
    let target = workspace::root().join("target");
    let venv = target.join("wheel/venv");
    let python = venv.join("bin/python");
    if Cmd::new(&python).args(["-c", ""]).probe().is_none() {
        let make = Cmd::new(peers.python()).args(["-m", "venv", "--clear", "--without-pip"]);
        quiet("virtual environment of the wheel", make.arg(&venv))?;
    }
    let site = site_packages(&python)?;
    let theirs = site_packages(peers.python())?;
    write(&site.join("peers.pth"), &format!("{}\n", theirs.display()))?;
    install_into(&venv, profile)?;
    Ok(python)
}

/// Builds the extension module as it is published, and installs it into a virtual environment.
pub(crate) fn install_published(venv: &Path) -> Result<()> {
    let build = Cmd::cargo().args([
        "build",
        "--quiet",
        "--package",
        "laureola-wheel",
        "--profile",
        PUBLISHED,
    ]);
    quiet("build of the wheel's module", build)?;
    install_into(venv, PUBLISHED)
}

/// Puts the extension module that was built with `profile`, and the package around it, into a virtual environment.
fn install_into(venv: &Path, profile: &str) -> Result<()> {
    let python = venv.join("bin/python");
    let site = site_packages(&python)?;
    let target = workspace::root().join("target");
    let package = site.join("laureola");
    if package.exists() {
        fs::remove_dir_all(&package).with_context(|| format!("cannot remove {}", package.display()))?;
    }
    copy_dir(&workspace::root().join(SOURCES).join("python/laureola"), &package)?;
    let built = target.join(profile).join("lib_laureola.so");
    let module = package.join("_laureola.abi3.so");
    fs::copy(&built, &module).with_context(|| format!("cannot copy {}", built.display()))?;
    write_metadata(&site, &python)?;
    write_script(venv, &python)
}

/// Runs the package's own tests.
pub(crate) fn pytest(python: &Path, peers: &Peers) -> Result<()> {
    Cmd::new(python)
        .args(["-m", "pytest", "-q", "--rootdir", SOURCES])
        .arg(format!("{SOURCES}/tests"))
        .envs(&peers.variables())
        .run()
}

/// What `importlib.metadata` reads.
fn write_metadata(site: &Path, python: &Path) -> Result<()> {
    let ask = "import laureola; print(laureola.__version__)";
    let version = Cmd::new(python).args(["-c", ask]).probe();
    let version = version.context("the installed package cannot be imported")?;
    let info = site.join("laureola-0.dist-info");
    fs::create_dir_all(&info).with_context(|| format!("cannot create {}", info.display()))?;
    let metadata = format!("Metadata-Version: 2.1\nName: laureola\nVersion: {version}\n");
    write(&info.join("METADATA"), &metadata)?;
    write(
        &info.join("entry_points.txt"),
        "[console_scripts]\nlaureola = laureola.__main__:main\n",
    )
}

/// The command, as pip writes it.
fn write_script(venv: &Path, python: &Path) -> Result<()> {
    let script = venv.join("bin/laureola");
    let text = format!(
        "#!{}\nimport sys\nfrom laureola.__main__ import main\nsys.exit(main())\n",
        python.display()
    );
    write(&script, &text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", script.display()))
}

fn site_packages(python: &Path) -> Result<PathBuf> {
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let place = Cmd::new(python).args(["-c", ask]).probe();
    let place = place.with_context(|| format!("{} does not run", python.display()))?;
    Ok(place.into())
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", from.display()))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() && entry.file_name() != "__pycache__" {
            copy_dir(&from, &to)?;
        } else if from.is_file() {
            fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        }
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

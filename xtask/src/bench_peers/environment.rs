//! The machine and the versions of everything that takes part.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::install::{Tools, sources};
use crate::command::Cmd;

/// Reads `{"package": "version"}` out of the virtual environment, for the packages that are pinned.
const ASK_PIP: &str = "\
import importlib.metadata, json, sys
names = [line.split('==')[0].strip() for line in open(sys.argv[1]) if '==' in line and not line.startswith('#')]
print(json.dumps({name: importlib.metadata.version(name) for name in names}))";

/// As it goes into the raw data.
pub(super) fn of(tools: &Tools) -> Result<Value> {
    let mut versions = Map::new();
    let mut put = |name: &str, version: Option<String>| {
        if let Some(version) = version {
            versions.insert(name.to_owned(), version.into());
        }
    };
    put("revision", revision());
    put("rustc", Cmd::new("rustc").arg("--version").probe());
    put("python", Cmd::new(tools.python()).arg("--version").probe());
    put("redis", Cmd::new(tools.redis_server()).arg("--version").probe());
    if let Some(node) = tools.node() {
        put("node", Cmd::new(node).arg("--version").probe());
    }
    let asked = Cmd::new(tools.python())
        .args(["-c", ASK_PIP])
        .arg(sources("python/requirements.txt"));
    let python = asked
        .probe()
        .context("the environment of the compared servers does not answer")?;
    let python: Value = serde_json::from_str(&python).context("pip's versions")?;
    Ok(json!({
        "machine": machine(),
        "versions": versions,
        "packages": { "python": python, "node": node_packages(tools) },
    }))
}

fn revision() -> Option<String> {
    let revision = Cmd::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .probe()?;
    let changed = Cmd::new("git")
        .args(["status", "--porcelain", "--untracked-files=no"])
        .probe()?;
    Some(if changed.is_empty() {
        revision
    } else {
        format!("{revision} and changes")
    })
}

/// CPUs, memory, kernel, in words.
fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpuinfo, "model name");
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = field(&meminfo, "MemTotal").trim_end_matches(" kB").parse::<f64>();
    let gib = memory.unwrap_or(0.0) / 1024.0 / 1024.0;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cpus} × {model}, {gib:.0} GiB, Linux {}", kernel.trim())
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    let mut found = fields.filter(|(key, _)| key.trim() == name);
    found.next().map_or("?", |(_, value)| value.trim())
}

/// All installed ones: `package.json` pins only the first level.
fn node_packages(tools: &Tools) -> Value {
    let mut packages = Map::new();
    let Some(dir) = tools.node_dir() else {
        return packages.into();
    };
    let Ok(text) = fs::read_to_string(dir.join("node_modules/.package-lock.json")) else {
        return packages.into();
    };
    let lock: Value = serde_json::from_str(&text).unwrap_or_default();
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let name = path.trim_start_matches("node_modules/");
        packages.insert(name.to_owned(), package["version"].clone());
    }
    packages.into()
}

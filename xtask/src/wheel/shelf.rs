//! Where wheels are kept: one for each kind of system.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Moves a wheel into `shelf`, in place of the one of its distribution and tag, of whatever version, and returns where it
/// is.
///
/// Those with another tag stay, such as one for an older libc.
pub(super) fn put(wheel: &Path, shelf: &Path) -> Result<PathBuf> {
    fs::create_dir_all(shelf).with_context(|| format!("cannot create {}", shelf.display()))?;
    let place = shelf.join(wheel.file_name().context("a wheel's file name")?);
    let entries = fs::read_dir(shelf).with_context(|| format!("cannot read {}", shelf.display()))?;
    for entry in entries {
        let older = entry
            .with_context(|| format!("cannot read {}", shelf.display()))?
            .path();
        if kind(wheel).is_some() && kind(&older) == kind(wheel) {
            fs::remove_file(&older).with_context(|| format!("cannot remove {}", older.display()))?;
        }
    }
    fs::rename(wheel, &place)
        .with_context(|| format!("cannot move {} to {}", wheel.display(), place.display()))?;
    Ok(place)
}

/// A wheel's distribution and tag; its name is `name-version[-build]-python-abi-platform.whl`.
fn kind(wheel: &Path) -> Option<(&str, &str)> {
    let name = wheel.file_name()?.to_str()?.strip_suffix(".whl")?;
    let (distribution, rest) = name.split_once('-')?;
    let tag = rest.rmatch_indices('-').nth(2)?.0;
    Some((distribution, &rest[tag + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_takes_the_place_of_its_kind_and_of_no_other() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (new, shelf) = (dir.path().join("new"), dir.path().join("shelf"));
        fs::create_dir(&new).expect("a directory");
        let put = |name: &str| {
            fs::write(new.join(name), name).expect("a file");
            super::put(&new.join(name), &shelf).expect("it can be put there")
        };
        let other_libc = put("laureola-0.1.0-cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
        let other_name = put("mysite-0.1.0-cp310-abi3-manylinux_2_34_x86_64.whl");
        put("laureola-0.1.0-cp310-abi3-manylinux_2_34_x86_64.whl");
        fs::write(shelf.join("notes"), "").expect("a file");
        for name in [
            "laureola-0.1.1-1-cp310-abi3-manylinux_2_34_x86_64.whl",
            "laureola-0.1.2-cp310-abi3-manylinux_2_34_x86_64.whl",
            "laureola-0.1.2-cp310-abi3-manylinux_2_34_x86_64.whl",
        ] {
            let place = put(name);
            let mut found: Vec<_> = fs::read_dir(&shelf)
                .expect("the shelf")
                .map(|entry| entry.expect("an entry").path())
                .collect();
            found.sort();
            let mut expected = vec![other_libc.clone(), place, other_name.clone(), shelf.join("notes")];
            expected.sort();
            assert_eq!(found, expected);
        }
    }
}

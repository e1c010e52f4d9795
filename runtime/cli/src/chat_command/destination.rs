//! Where an export goes: stdout, or a file that is there once it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A place to write to.
pub(super) enum Destination {
    Stdout(BufWriter<StdoutLock<'static>>),
    File(Draft),
}

impl Destination {
    pub(super) fn open(file: Option<&Path>) -> Result<Self> {
        match file {
            Some(file) => {
                let draft =
                    Draft::new(file).with_context(|| format!("cannot write to {}", file.display()))?;
                Ok(Self::File(draft))
            }
            None => Ok(Self::Stdout(BufWriter::new(io::stdout().lock()))),
        }
    }

    /// It is all there.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut writer) => writer.flush(),
            Self::File(draft) => draft.finish(),
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(writer) => writer.write(bytes),
            Self::File(draft) => draft.writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(writer) => writer.flush(),
            Self::File(draft) => draft.writer.flush(),
        }
    }
}

/// A file that takes its name when it is whole, and is gone otherwise.
pub(super) struct Draft {
    writer: BufWriter<File>,
    place: PathBuf,
    /// `None` where there is nothing to take the place of, such as a device.
    draft: Option<PathBuf>,
}

impl Draft {
    fn new(place: &Path) -> io::Result<Self> {
        let is_special = fs::metadata(place).is_ok_and(|there| !there.is_file());
        let draft = (!is_special).then(|| {
            let mut name = place.as_os_str().to_owned();
            name.push(".part");
            PathBuf::from(name)
        });
        let file = File::create(draft.as_deref().unwrap_or(place))?;
        Ok(Self {
            writer: BufWriter::new(file),
            place: place.to_owned(),
            draft,
        })
    }

    fn finish(mut self) -> io::Result<()> {
        self.writer.flush()?;
        if let Some(draft) = &self.draft {
            self.writer.get_ref().sync_all()?;
            fs::rename(draft, &self.place)?;
            self.draft = None;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            let _ = fs::remove_file(draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_when_the_new_one_is_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let place = dir.path().join("tea.jsonl");
        fs::write(&place, "old").expect("written");
        let begin = || {
            let mut draft = Destination::open(Some(&place)).expect("opened");
            draft.write_all(b"new").expect("written");
            draft
        };
        drop(begin());
        assert_eq!(fs::read_to_string(&place).expect("there"), "old");
        begin().finish().expect("finished");
        assert_eq!(fs::read_to_string(&place).expect("there"), "new");
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1);
    }

    #[test]
    fn a_device_stays_one() {
        let null = Path::new("/dev/null");
        let mut destination = Destination::open(Some(null)).expect("opened");
        destination.write_all(b"x").expect("written");
        destination.finish().expect("finished");
        assert!(!fs::metadata(null).expect("there").is_file());
    }
}

//! Outcomes of many runs beside each other.

mod case;
mod plot;
mod read;
mod spread;
mod svg;
mod table;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::{Form, ReportArgs};
use crate::errors::LoadError;

pub use case::{Case, Row, cases};
pub use plot::plot;
pub use read::read;
pub use spread::Spread;
pub use table::tables;

/// Writes what `args` ask for.
///
/// # Errors
/// [`LoadError::Usage`]: a file that cannot be read, holds no outcome, or cannot be written.
pub fn report(args: &ReportArgs) -> Result<(), LoadError> {
    match &args.form {
        Form::Table(args) => {
            let text = tables(&cases(&read(&args.runs)?));
            match &args.out {
                Some(file) => write(file, &text),
                None => Ok(io::stdout().write_all(text.as_bytes())?),
            }
        }
        Form::Plot(args) => {
            let outcomes = read(&args.runs)?;
            let svg = plot(&cases(&outcomes), args);
            let svg = svg.ok_or_else(|| LoadError::Usage("no run has a value to plot".to_owned()))?;
            write(&args.out, &svg)
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), LoadError> {
    fs::write(file, text)
        .map_err(|error| LoadError::Usage(format!("cannot write {}: {error}", file.display())))
}

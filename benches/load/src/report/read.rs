//! Outcomes from files.

use std::fs::File;
use std::io::BufReader;

use super::case::case_name;
use crate::cli::Runs;
use crate::errors::LoadError;
use crate::outcome::Outcome;

/// All outcomes in the files of `runs`, in their order, as far as their case is asked for.
///
/// # Errors
/// [`LoadError::Usage`]: which file cannot be read, or is not all outcomes, or that nothing is left.
pub fn read(runs: &Runs) -> Result<Vec<Outcome>, LoadError> {
    let mut outcomes = Vec::new();
    for file in &runs.files {
        let name = file.display();
        let opened =
            File::open(file).map_err(|error| LoadError::Usage(format!("cannot read {name}: {error}")))?;
        let objects = serde_json::Deserializer::from_reader(BufReader::new(opened)).into_iter::<Outcome>();
        for (index, object) in objects.enumerate() {
            let wrong = |error| LoadError::Usage(format!("{name}, object {}: {error}", index + 1));
            outcomes.push(object.map_err(wrong)?);
        }
    }
    outcomes.retain(|outcome| {
        let case = case_name(outcome);
        runs.only.iter().all(|text| case.contains(text))
    });
    if outcomes.is_empty() {
        return Err(LoadError::Usage(
            "no outcome of that kind in these files".to_owned(),
        ));
    }
    Ok(outcomes)
}

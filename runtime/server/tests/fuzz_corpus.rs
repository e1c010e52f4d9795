//! The fuzz targets, run over their seeds and a few thousand mutations of them, so that every test
//! run has them; `fuzz/` runs the same functions for as long as one likes.

mod fuzz_corpus {
    pub(crate) mod mutate;
}

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use fuzz_corpus::mutate::Mutator;
use laureola_server::fuzzing;

const MUTATIONS: usize = 3_000;

/// Runs `target` over the seeds in `fuzz/seeds/<name>`, and over mutations, the same in each run.
fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("no seeds in {}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    let seeds: Vec<_> = files
        .iter()
        .map(|file| fs::read(file).expect("a readable seed"))
        .collect();
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    let mut mutator = Mutator::new(&seeds);
    let mutations = std::iter::repeat_with(|| mutator.next()).take(MUTATIONS);
    for input in seeds.iter().cloned().chain(mutations) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            eprintln!("{name} fails for \"{}\"", input.escape_ascii());
            resume_unwind(panic);
        }
    }
}

#[test]
fn header_path() {
    run("header_path", fuzzing::header_path);
}

#[test]
fn path_decoding() {
    run("path_decoding", fuzzing::path_decoding);
}

#[test]
fn frame_parser() {
    run("frame_parser", fuzzing::frame_parser);
}

#[test]
fn endpoint() {
    run("endpoint", fuzzing::endpoint);
}

#[test]
fn forwarded_for() {
    run("forwarded_for", fuzzing::forwarded_for);
}

#[test]
fn proxy_protocol() {
    run("proxy_protocol", fuzzing::proxy_protocol);
}

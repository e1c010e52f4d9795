#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| laureola_server::fuzzing::header_path(data));

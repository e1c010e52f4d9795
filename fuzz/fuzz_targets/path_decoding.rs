#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| laureola_server::fuzzing::path_decoding(data));

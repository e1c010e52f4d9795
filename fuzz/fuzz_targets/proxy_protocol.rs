#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| laureola_server::fuzzing::proxy_protocol(data));

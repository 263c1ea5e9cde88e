#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (trilha_fuzz::target("kpl").check)(bytes));

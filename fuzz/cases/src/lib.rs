//! What must hold whatever bytes are read. A [`Target`] is one reader of bytes that others made: what it does with them, and
//! what must be true of what it makes of them. Targets are called by the bounded run in `tests/`, on seeds and their
//! [`mutate::Mutator`]'s changes, and by `cargo fuzz` (see `fuzz/README.md`).
//!
//! It must hold no reader of its own, and nothing that runs outside tests may use it. Start at [`targets`].

#![warn(missing_docs)]

pub mod counting;

pub mod mutate;

pub mod seeds;

pub mod shapes;

mod adapters;
mod carried;
mod documents;
mod items;
mod native;
mod records;
mod segments;
mod texts;
mod views;

/// One reader.
pub struct Target {
    /// Its name, as `cargo fuzz run` takes it.
    pub name: &'static str,
    /// Reads, and drops what it read: what is measured.
    pub read: fn(&[u8]),
    /// Reads, and panics where something does not hold of what it read.
    pub check: fn(&[u8]),
    /// At most so many bytes of memory at a time for each byte read …
    pub bytes_per_byte: usize,
    /// … and so many beside.
    pub bytes_beside: usize,
}

/// A body of a record, the buffer that it is unpacked into.
const BODY_BYTES: usize = 4 << 20;

/// Every reader.
pub fn targets() -> Vec<Target> {
    let target = |name, read, check| Target { name, read, check, bytes_per_byte: 400, bytes_beside: 64 << 10 };
    vec![
        Target { bytes_beside: BODY_BYTES + (64 << 10), ..target("record", records::read, records::check) },
        // An event of 30 bytes may point to 16 KiB of texts.
        Target { bytes_per_byte: 700, ..target("record_body", records::read_body, records::check_body) },
        target("kpl", records::read_kpl, records::check_kpl),
        target("kpl_message", records::read_kpl_message, records::check_kpl_message),
        target("native", native::read, native::check),
        target("native_split", native::split, native::check_split),
        target("xapi", adapters::read_xapi, adapters::check_xapi),
        target("edx", adapters::read_edx, adapters::check_edx),
        target("caliper", adapters::read_caliper, adapters::check_caliper),
        target("documents", documents::read, documents::check),
        target("segments", segments::read, segments::check),
        target("texts", texts::read, texts::check),
        target("items", items::read, items::check),
        target("views", views::read, views::check),
    ]
}

/// The reader of that name.
///
/// # Panics
/// When there is none.
pub fn target(name: &str) -> Target {
    targets().into_iter().find(|target| target.name == name).expect("a target of this name")
}

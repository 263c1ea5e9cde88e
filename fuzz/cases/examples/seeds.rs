//! Writes every target's seeds into a folder, one folder each: `cargo run -p trilha-fuzz --example seeds -- fuzz/corpus`

use std::path::PathBuf;

use trilha_fuzz::{seeds, targets};

fn main() -> std::io::Result<()> {
    let corpus = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "fuzz/corpus".into()));
    for target in targets() {
        let folder = corpus.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (at, seed) in seeds::of(target.name).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{at}")), seed)?;
        }
    }
    Ok(())
}

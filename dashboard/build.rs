//! Builds the instructors' page with npm, in `OUT_DIR`, and writes the table of files that `src/assets.rs` embeds.
//!
//! Without npm, or when the build fails, a plain page that says so is embedded instead; the read API works all the same.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

const SOURCES: [&str; 6] = ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "build.mjs", "src"];
const FALLBACK: &str = "fallback.html";

fn main() -> io::Result<()> {
    let web = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("web");
    let out = PathBuf::from(variable("OUT_DIR"));
    for source in SOURCES.iter().chain(&[FALLBACK]) {
        println!("cargo:rerun-if-changed={}", web.join(source).display());
    }
    println!("cargo:rerun-if-changed=build.rs");
    let files = build_page(&web, &out).or_else(|reason| {
        println!("cargo:warning=the dashboard's page was not built ({reason}); the read API works without it");
        println!("cargo:warning=for the page, install Node.js 20 or newer, which brings npm, and build again");
        fallback_page(&web, &out)
    })?;
    fs::write(out.join("assets.rs"), table(&files))
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it for build scripts")
}

/// Copies the sources to `OUT_DIR`, so that nothing is written beside them, and builds there.
fn build_page(web: &Path, out: &Path) -> Result<Vec<PathBuf>, String> {
    let work = out.join("web");
    copy_sources(web, &work).map_err(|error| format!("its sources cannot be copied: {error}"))?;
    if !installed(&work) {
        run(Command::new(npm()).args(["ci", "--omit=dev", "--no-progress"]).current_dir(&work))?;
        fs::copy(work.join("package-lock.json"), work.join("node_modules/installed-lock.json"))
            .map_err(|error| error.to_string())?;
    }
    let page = out.join("page");
    run(Command::new("node").arg("build.mjs").arg(&page).current_dir(&work))?;
    files_under(&page).map_err(|error| error.to_string())
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// Whether an earlier run installed exactly these packages.
fn installed(work: &Path) -> bool {
    let wanted = fs::read(work.join("package-lock.json"));
    let present = fs::read(work.join("node_modules/installed-lock.json"));
    matches!((wanted, present), (Ok(wanted), Ok(present)) if wanted == present)
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{name}` does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = errors.lines().find(|line| line.contains("rror")).unwrap_or("it said nothing").trim();
    Err(format!("`{name}` failed: {said}"))
}

fn copy_sources(web: &Path, work: &Path) -> io::Result<()> {
    fs::create_dir_all(work)?;
    if work.join("src").exists() {
        fs::remove_dir_all(work.join("src"))?;
    }
    for source in SOURCES {
        copy(&web.join(source), &work.join(source))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn fallback_page(web: &Path, out: &Path) -> io::Result<Vec<PathBuf>> {
    let page = out.join("page");
    if page.exists() {
        fs::remove_dir_all(&page)?;
    }
    fs::create_dir_all(&page)?;
    // A path that never exists: tried again with the next build, when npm may be there.
    println!("cargo:rerun-if-changed={}", out.join("page-is-built").display());
    fs::copy(web.join(FALLBACK), page.join("index.html"))?;
    files_under(&page)
}

/// The files of the built page: those at its top and those in `assets/`.
fn files_under(page: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in [page.to_owned(), page.join("assets")] {
        if folder.is_dir() {
            let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
            files.extend(entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()));
        }
    }
    files.sort();
    Ok(files)
}

fn table(files: &[PathBuf]) -> String {
    let rows: String = files.iter().map(|file| row(file)).collect();
    format!("static ASSETS: &[Asset] = &[\n{rows}];\n")
}

fn row(file: &Path) -> String {
    let name = file.file_name().expect("a file has a name").to_string_lossy();
    let immutable = file.parent().is_some_and(|folder| folder.ends_with("assets"));
    let path = match (immutable, name.as_ref()) {
        (true, name) => format!("/assets/{name}"),
        (false, "index.html") => "/".to_owned(),
        (false, name) => format!("/{name}"),
    };
    let content_type = content_type(file);
    let bytes = format!("include_bytes!({:?})", file.display().to_string());
    format!("    Asset {{ path: {path:?}, content_type: {content_type:?}, immutable: {immutable}, bytes: {bytes} }},\n")
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

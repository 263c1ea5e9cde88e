//! Arrows between crates go one way: `schemas` ← `core` ← ports ← adapters ← binaries (ARCHITECTURE.md). A new edge is
//! rare and deliberate: it is written here.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// What each library may use of the workspace; binaries may use everything.
const EDGES: [(&str, &[&str]); 17] = [
    ("trilha-disk", &[]),
    ("trilha-schemas", &[]),
    ("trilha-core", &["trilha-schemas"]),
    ("trilha-live", &["trilha-disk", "trilha-schemas"]),
    ("trilha-lake", &["trilha-disk", "trilha-schemas"]),
    ("trilha-stream", &["trilha-disk", "trilha-schemas"]),
    ("trilha-collector", &["trilha-disk", "trilha-schemas", "trilha-stream"]),
    (
        "trilha-processors",
        &["trilha-collector", "trilha-core", "trilha-lake", "trilha-live", "trilha-schemas", "trilha-stream"],
    ),
    ("trilha-dashboard", &["trilha-core", "trilha-live", "trilha-schemas"]),
    (
        "trilha-serve",
        &[
            "trilha-collector",
            "trilha-core",
            "trilha-dashboard",
            "trilha-lake",
            "trilha-live",
            "trilha-processors",
            "trilha-schemas",
            "trilha-stream",
        ],
    ),
    ("trilha-dynamodb", &[]),
    ("trilha-stream-kinesis", &["trilha-schemas", "trilha-stream"]),
    ("trilha-live-dynamodb", &["trilha-core", "trilha-dynamodb", "trilha-live", "trilha-schemas"]),
    ("trilha-lake-s3", &["trilha-dynamodb", "trilha-lake", "trilha-schemas"]),
    ("trilha-collector-dynamodb", &["trilha-collector", "trilha-dynamodb", "trilha-schemas", "trilha-stream"]),
    ("trilha-simulator", &[]),
    ("trilha-sim-oracle", &[]),
];

/// Everything that the pure crates use from outside: nothing that waits, asks the time, rolls dice or opens files.
const PURE: [(&str, &[&str]); 3] = [
    (
        "trilha-schemas",
        &[
            "arrow-schema",
            "crc32fast",
            "foldhash",
            "jiff",
            "md-5",
            "serde",
            "serde_json",
            "sha2",
            "smallvec",
            "thiserror",
            "zstd",
        ],
    ),
    ("trilha-core", &["sha2", "thiserror"]),
    ("trilha-simulator", &[]),
];

/// Crates of one vendor or store, and the only ones that may name them.
const VENDORS: [(&str, &[&str]); 7] = [
    (
        "aws-sdk-dynamodb",
        &["trilha-aws", "trilha-collector-dynamodb", "trilha-dynamodb", "trilha-lake-s3", "trilha-live-dynamodb"],
    ),
    ("aws-sdk-glue", &["trilha-aws", "trilha-lake-s3"]),
    ("aws-sdk-kinesis", &["trilha-aws", "trilha-stream-kinesis"]),
    ("object_store", &["trilha-aws", "trilha-lake-s3"]),
    ("redb", &["trilha-collector", "trilha-lake", "trilha-live", "trilha-stream"]),
    ("parquet", &["trilha-lake"]),
    ("datafusion", &["trilha-query"]),
];

/// The dependencies of every package, those of tests and builds aside.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |of: &Value| of["name"].as_str().unwrap().to_string();
    let of = |package: &Value| {
        let normal = package["dependencies"].as_array().unwrap().iter().filter(|one| one["kind"].is_null());
        (name(package), normal.map(name).collect())
    };
    metadata["packages"].as_array().unwrap().iter().map(of).collect()
}

fn is_ours(name: &str) -> bool {
    name.starts_with("trilha")
}

#[test]
fn libraries_use_only_what_lies_below_them() {
    let dependencies = dependencies();
    for (library, allowed) in EDGES {
        let used = dependencies[library].iter().filter(|name| is_ours(name));
        let wrong: Vec<_> = used.filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{library} may not use {wrong:?}");
    }
}

#[test]
fn pure_crates_use_nothing_that_acts() {
    let dependencies = dependencies();
    for (library, allowed) in PURE {
        let used = dependencies[library].iter().filter(|name| !is_ours(name));
        let wrong: Vec<_> = used.filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{library} is pure and may not use {wrong:?}");
    }
}

#[test]
fn vendors_are_named_by_their_adapters_alone() {
    for (package, used) in dependencies() {
        for (vendor, adapters) in VENDORS {
            let allowed = adapters.contains(&package.as_str()) || package == "trilha-benches";
            assert!(allowed || !used.iter().any(|name| name == vendor), "{package} may not name {vendor}");
        }
    }
}

//! A data folder: where everything lies, and its keys.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use trilha_collector::credential::{Credential, KeyRing, TenantKeys, WriteKey};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::{Sealer, Secret};
use trilha_disk::make_whole;

/// The tenant of everything on one machine.
pub(crate) const TENANT: &str = "local";

/// A data folder, opened or made.
pub(crate) struct DataDir {
    root: PathBuf,
    pub keys: Keys,
}

/// The folder's secrets.
pub(crate) struct Keys {
    pub ring: KeyRing,
    /// Signs instructors' sessions.
    pub session_key: Secret,
    /// Shown to who starts `up`, so that they can send.
    pub write_key: String,
}

/// `keys.json`, readable by its owner only.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    version: u32,
    data_key: String,
    signing_key: String,
    session_key: String,
    pseudonym_key: String,
    write_key: String,
}

impl DataDir {
    /// Opens a folder, makes it and its keys where there is none.
    pub(crate) fn open_or_create(root: &Path) -> anyhow::Result<DataDir> {
        fs::create_dir_all(root).with_context(|| format!("cannot make the folder {}", root.display()))?;
        let path = root.join("keys.json");
        let made = make_whole(&path, |new| write_private(new, &KeysFile::generate()));
        made.with_context(|| format!("cannot make {}", path.display()))?;
        DataDir::open(root)
    }

    /// Opens a folder that is there.
    pub(crate) fn open(root: &Path) -> anyhow::Result<DataDir> {
        let path = root.join("keys.json");
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "{} is no data folder: start `trilha up --data` or `trilha replay --data` on it first",
                root.display()
            )
        })?;
        let file: KeysFile = serde_json::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(DataDir { root: root.to_path_buf(), keys: file.keys().with_context(|| format!("bad {}", path.display()))? })
    }

    pub(crate) fn stream(&self) -> PathBuf {
        self.root.join("stream")
    }

    pub(crate) fn live(&self) -> PathBuf {
        self.root.join("live.redb")
    }

    pub(crate) fn collector(&self) -> PathBuf {
        self.root.join("collector.redb")
    }

    /// What the evaluator knows, and told.
    pub(crate) fn status(&self) -> PathBuf {
        self.root.join("status.redb")
    }

    pub(crate) fn lake(&self) -> PathBuf {
        self.root.join("lake")
    }

    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(&self.keys.ring.data_key, Arc::new(OsRandom))
    }

    /// The one who owns the folder writes for every learner.
    pub(crate) fn owner(&self) -> Credential {
        Credential::WriteKey { tenant: TENANT.into(), name: "owner of the data folder".into() }
    }
}

impl KeysFile {
    fn generate() -> KeysFile {
        let (ring, write_key) = KeyRing::generate(TENANT, &OsRandom);
        KeysFile {
            version: 1,
            data_key: ring.data_key.to_hex(),
            signing_key: ring.signing_key.to_hex(),
            session_key: Secret::generate(&OsRandom).to_hex(),
            pseudonym_key: ring.tenants[0].pseudonym_key.to_hex(),
            write_key,
        }
    }

    fn keys(self) -> anyhow::Result<Keys> {
        if self.version != 1 {
            bail!("version {} is of a later trilha", self.version);
        }
        let secret = |name: &str, text: &str| Secret::from_hex(text).with_context(|| format!("{name} is damaged"));
        let tenant = TenantKeys {
            tenant: TENANT.into(),
            pseudonym_key: secret("pseudonym_key", &self.pseudonym_key)?,
            write_keys: vec![WriteKey {
                name: "first".into(),
                sha256: Sha256::digest(self.write_key.as_bytes()).into(),
            }],
        };
        let ring = KeyRing {
            data_key: secret("data_key", &self.data_key)?,
            signing_key: secret("signing_key", &self.signing_key)?,
            tenants: vec![tenant],
        };
        Ok(Keys { ring, session_key: secret("session_key", &self.session_key)?, write_key: self.write_key })
    }
}

fn write_private(path: &Path, keys: &KeysFile) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(serde_json::to_string_pretty(keys)?.as_bytes())
}

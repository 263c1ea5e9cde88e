//! What the environment says, read once at the start. A binary asks for what it needs: what is missing then is an error
//! that names the variable; what is there but wrong is one at once.

use std::time::Duration;

use jiff::tz::TimeZone;
use thiserror::Error;
use trilha_collector::router::AllowedOrigins;
use trilha_dashboard::oidc::Oidc;

/// The zone in which a new course's days are counted, unless said otherwise.
const DEFAULT_ZONE: &str = "America/Sao_Paulo";
const DEFAULT_PREFIX: &str = "lake";
const DEFAULT_GLUE_TABLE: &str = "events";
/// Whoever reads an old generation of a day has so long to end.
const DEFAULT_GRACE: Duration = Duration::from_secs(3_600);

/// Why the environment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A variable that is needed is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable's value cannot be used.
    #[error("the environment variable {name} is {value:?}, which is not {expected}")]
    Bad {
        /// Which variable.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// A variable that some binaries need and others do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    name: &'static str,
    value: Option<String>,
}

/// Everything that the environment says.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Kinesis stream.
    pub stream: Text,
    /// Learner items, views, progress.
    pub live_table: Text,
    /// Learners' raw ids, sealed.
    pub identities_table: Text,
    /// What was refused.
    pub quarantine_table: Text,
    /// Courses' settings and their log.
    pub settings_table: Text,
    /// What the lake holds.
    pub manifest_table: Text,
    /// What the evaluator knew last.
    pub status_table: Text,
    /// How far each mapping has come, where this process is the mapping.
    pub checkpoints_table: Text,
    /// The lake's bucket.
    pub lake_bucket: Text,
    /// The lake's folder in the bucket.
    pub lake_prefix: String,
    /// The lake's database in Glue.
    pub glue_database: Text,
    /// The lake's table in it.
    pub glue_table: String,
    /// The secret from which all keys are derived.
    pub keys_secret: Text,
    /// The bus that takes domain events.
    pub event_bus: Text,
    /// Where instructors sign in, behind a front that checks the issuer's tokens.
    pub oidc: Option<Oidc>,
    /// Whose learners there are.
    tenants: Vec<String>,
    /// IANA name of the zone of new courses.
    pub zone: String,
    /// Whose pages may send from a browser.
    pub origins: AllowedOrigins,
    /// How long a generation of the lake stays after the next one is shown.
    pub compaction_grace: Duration,
}

impl Text {
    /// Its value.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn get(&self) -> Result<&str, ConfigError> {
        self.value.as_deref().ok_or(ConfigError::Missing(self.name))
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.value.is_some()
    }
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError::Bad`].
    pub fn from_environment() -> Result<Config, ConfigError> {
        Config::read(|name| std::env::var(name).ok())
    }

    /// Reads variables. An empty one counts as not set.
    ///
    /// # Errors
    /// [`ConfigError::Bad`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let variable =
            |name: &str| variable(name).map(|value| value.trim().to_string()).filter(|value| !value.is_empty());
        let text = |name| Text { name, value: variable(name) };
        Ok(Config {
            stream: text("TRILHA_STREAM"),
            live_table: text("TRILHA_LIVE_TABLE"),
            identities_table: text("TRILHA_IDENTITIES_TABLE"),
            quarantine_table: text("TRILHA_QUARANTINE_TABLE"),
            settings_table: text("TRILHA_SETTINGS_TABLE"),
            manifest_table: text("TRILHA_MANIFEST_TABLE"),
            status_table: text("TRILHA_STATUS_TABLE"),
            checkpoints_table: text("TRILHA_CHECKPOINTS_TABLE"),
            lake_bucket: text("TRILHA_LAKE_BUCKET"),
            lake_prefix: prefix(&text("TRILHA_LAKE_PREFIX"))?,
            glue_database: text("TRILHA_GLUE_DATABASE"),
            glue_table: text("TRILHA_GLUE_TABLE").value.unwrap_or_else(|| DEFAULT_GLUE_TABLE.into()),
            keys_secret: text("TRILHA_KEYS_SECRET"),
            event_bus: text("TRILHA_EVENT_BUS"),
            oidc: oidc(&text("TRILHA_OIDC_ISSUER"), &text("TRILHA_OIDC_CLIENT"), &text("TRILHA_OIDC_ORIGINS"))?,
            tenants: tenants(&text("TRILHA_TENANTS"))?,
            zone: zone(&text("TRILHA_ZONE"))?,
            origins: origins(&text("TRILHA_ALLOWED_ORIGINS"))?,
            compaction_grace: seconds(&text("TRILHA_COMPACTION_GRACE_SECONDS"), DEFAULT_GRACE)?,
        })
    }

    /// Where the lake's partitions lie, as Glue and Athena name places.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn lake_location(&self) -> Result<String, ConfigError> {
        Ok(format!("s3://{}/{}/events", self.lake_bucket.get()?, self.lake_prefix))
    }

    /// The tenants' names, one at least.
    ///
    /// # Errors
    /// [`ConfigError::Missing`].
    pub fn tenants(&self) -> Result<&[String], ConfigError> {
        if self.tenants.is_empty() { Err(ConfigError::Missing("TRILHA_TENANTS")) } else { Ok(&self.tenants) }
    }
}

fn bad(text: &Text, expected: &'static str) -> ConfigError {
    ConfigError::Bad { name: text.name, value: text.value.clone().unwrap_or_default(), expected }
}

fn items(text: &Text) -> Vec<String> {
    let items = text.value.as_deref().unwrap_or_default().split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_string).collect()
}

/// A tenant's name is part of keys, file names and claims.
fn tenants(text: &Text) -> Result<Vec<String>, ConfigError> {
    let tenants = items(text);
    let is_name = |tenant: &String| {
        tenant.len() <= 80 && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let is_single = |(at, tenant): (usize, &String)| !tenants[..at].contains(tenant);
    match tenants.iter().all(is_name) && tenants.iter().enumerate().all(is_single) {
        true => Ok(tenants),
        false => {
            Err(bad(text, "a list of different names of letters, digits, dots, hyphens and underscores, with commas"))
        }
    }
}

fn zone(text: &Text) -> Result<String, ConfigError> {
    let zone = text.value.clone().unwrap_or_else(|| DEFAULT_ZONE.into());
    TimeZone::get(&zone).map(|_| zone).map_err(|_| bad(text, "the IANA name of a time zone"))
}

fn origins(text: &Text) -> Result<AllowedOrigins, ConfigError> {
    let origins = AllowedOrigins::new(&items(text));
    origins.ok_or_else(|| bad(text, "a list of origins such as https://lms.example.org, with commas"))
}

/// An issuer, who the page is to it, and where else the page may connect to.
fn oidc(issuer: &Text, client: &Text, origins: &Text) -> Result<Option<Oidc>, ConfigError> {
    let Some(address) = &issuer.value else { return Ok(None) };
    let named = Oidc::new(address, client.get()?).map_err(|_| bad(issuer, "the HTTPS address of an issuer"))?;
    let more = items(origins);
    let connected = more.iter().try_fold(named, |oidc, origin| oidc.connecting_to(origin));
    connected.map(Some).map_err(|_| bad(origins, "a list of HTTPS addresses, with commas"))
}

fn prefix(text: &Text) -> Result<String, ConfigError> {
    let prefix = text.value.clone().unwrap_or_else(|| DEFAULT_PREFIX.into());
    let is_path = prefix.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if is_path { Ok(prefix) } else { Err(bad(text, "a path without a slash at its ends")) }
}

fn seconds(text: &Text, default: Duration) -> Result<Duration, ConfigError> {
    let Some(value) = &text.value else { return Ok(default) };
    value.parse().map(Duration::from_secs).map_err(|_| bad(text, "a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string()))
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = read(&[("TRILHA_LAKE_PREFIX", ""), ("TRILHA_ZONE", " ")]).unwrap();
        assert_eq!((&*config.lake_prefix, &*config.glue_table), ("lake", "events"));
        assert_eq!(config.zone, "America/Sao_Paulo");
        assert_eq!(config.compaction_grace, Duration::from_secs(3_600));
    }

    #[test]
    fn what_is_missing_is_named_by_who_needs_it() {
        let config = read(&[("TRILHA_STREAM", "events")]).unwrap();
        assert_eq!(config.stream.get(), Ok("events"));
        assert!(!config.live_table.is_set());
        let error = config.live_table.get().unwrap_err();
        assert_eq!(error.to_string(), "the environment variable TRILHA_LIVE_TABLE is not set");
        assert_eq!(config.tenants().unwrap_err(), ConfigError::Missing("TRILHA_TENANTS"));
    }

    #[test]
    fn lists_are_parted_at_commas() {
        let config = read(&[("TRILHA_TENANTS", " ufpa, usp ,")]).unwrap();
        assert_eq!(config.tenants().unwrap(), ["ufpa", "usp"]);
    }

    #[test]
    fn an_issuer_needs_to_know_the_page() {
        assert_eq!(read(&[("TRILHA_OIDC_CLIENT", "page")]).unwrap().oidc, None);
        let issuer = ("TRILHA_OIDC_ISSUER", "https://issuer.example.org");
        assert_eq!(read(&[issuer]).unwrap_err(), ConfigError::Missing("TRILHA_OIDC_CLIENT"));
        let more = ("TRILHA_OIDC_ORIGINS", "https://auth.example.org");
        let oidc = read(&[issuer, ("TRILHA_OIDC_CLIENT", "page"), more]).unwrap().oidc.unwrap();
        assert_eq!(oidc.origins(), ["https://issuer.example.org", "https://auth.example.org"]);
    }

    #[test]
    fn what_is_wrong_is_named_at_once() {
        for (name, value) in [
            ("TRILHA_TENANTS", "ufpa,ufpa"),
            ("TRILHA_TENANTS", "ufpa,u|sp"),
            ("TRILHA_TENANTS", "ufpa,u sp"),
            ("TRILHA_ZONE", "Belem"),
            ("TRILHA_ALLOWED_ORIGINS", "*"),
            ("TRILHA_LAKE_PREFIX", "/lake"),
            ("TRILHA_LAKE_PREFIX", "a/../b"),
            ("TRILHA_OIDC_ORIGINS", "http://auth.example.org"),
            ("TRILHA_OIDC_ISSUER", "issuer"),
            ("TRILHA_COMPACTION_GRACE_SECONDS", "1h"),
            ("TRILHA_COMPACTION_GRACE_SECONDS", "-1"),
        ] {
            let issuer = [("TRILHA_OIDC_CLIENT", "page"), ("TRILHA_OIDC_ISSUER", "https://issuer.example.org")];
            let error = read(&[&[(name, value)][..], &issuer].concat()).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("the environment variable {name} is {value:?}, which is not ")),
                "{error}"
            );
        }
    }
}

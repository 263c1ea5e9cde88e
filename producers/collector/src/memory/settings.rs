//! Settings in a map.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use foldhash::fast::RandomState;
use trilha_schemas::ids::Pseudonym;

use super::lock;
use crate::settings::{Change, LogEntry, Settings, SettingsError, SettingsStore};

/// Settings in memory.
#[derive(Default)]
pub struct MemorySettings {
    /// By tenant, then by course.
    tenants: Mutex<HashMap<String, Courses, RandomState>>,
}

type Courses = HashMap<String, Course, RandomState>;

#[derive(Default)]
struct Course {
    /// Version 1 first.
    versions: Vec<Arc<Settings>>,
    log: Vec<LogEntry>,
}

impl MemorySettings {
    fn read<T>(&self, tenant: &str, course: &str, read: impl FnOnce(&Course) -> T) -> Option<T> {
        lock(&self.tenants).get(tenant)?.get(course).map(read)
    }
}

impl SettingsStore for MemorySettings {
    async fn in_force_or_first(
        &self,
        tenant: &str,
        courses: &[&str],
        zone: &str,
    ) -> Result<Vec<Arc<Settings>>, SettingsError> {
        let mut tenants = lock(&self.tenants);
        let known = tenants.get(tenant);
        let mut in_force = Vec::with_capacity(courses.len());
        in_force.extend(courses.iter().map_while(|course| known?.get(*course)?.versions.last().cloned()));
        if in_force.len() == courses.len() {
            return Ok(in_force);
        }
        let kept = tenants.entry(tenant.to_string()).or_default();
        let in_force = courses.iter().map(|course| {
            let course = kept.entry(course.to_string()).or_default();
            if course.versions.is_empty() {
                course.versions.push(Arc::new(Settings::first(zone)));
            }
            course.versions[course.versions.len() - 1].clone()
        });
        Ok(in_force.collect())
    }

    async fn in_force(&self, tenant: &str, course: &str) -> Result<Option<Arc<Settings>>, SettingsError> {
        Ok(self.read(tenant, course, |course| course.versions.last().cloned()).flatten())
    }

    async fn version(&self, tenant: &str, course: &str, version: u32) -> Result<Option<Settings>, SettingsError> {
        let find = |course: &Course| course.versions.iter().find(|settings| settings.version == version).cloned();
        Ok(self.read(tenant, course, find).flatten().map(|settings| (*settings).clone()))
    }

    async fn change(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        change: Change,
        now_millis: i64,
    ) -> Result<Arc<Settings>, SettingsError> {
        let mut tenants = lock(&self.tenants);
        let course = tenants.get_mut(tenant).and_then(|courses| courses.get_mut(course));
        let course = course.ok_or(SettingsError::NoSuchCourse)?;
        let old = course.versions.last().ok_or(SettingsError::NoSuchCourse)?;
        let (new, entry) = change.apply(old, actor, now_millis)?;
        let new = Arc::new(new);
        course.versions.push(new.clone());
        course.log.push(entry);
        Ok(new)
    }

    async fn note_learner_read(
        &self,
        tenant: &str,
        course: &str,
        actor: &str,
        learner: Pseudonym,
        now_millis: i64,
    ) -> Result<(), SettingsError> {
        let mut tenants = lock(&self.tenants);
        let course = tenants.entry(tenant.to_string()).or_default().entry(course.to_string()).or_default();
        course.log.push(LogEntry::learner_read(actor, learner, now_millis));
        Ok(())
    }

    async fn log(&self, tenant: &str, course: &str) -> Result<Vec<LogEntry>, SettingsError> {
        Ok(self.read(tenant, course, |course| course.log.clone()).unwrap_or_default())
    }
}

//! Where the numbers come from: the one port of the read API.

use std::future::Future;

use crate::api::{CourseList, CourseViews};

/// Answers what instructors ask, from tables that are kept up to date elsewhere. Who may ask is decided before.
pub trait ViewSource: Send + Sync + 'static {
    /// All courses of a tenant, ordered by id, as of `at_millis` (milliseconds since 1970 UTC; `None` means now).
    fn courses(
        &self,
        tenant: &str,
        at_millis: Option<i64>,
    ) -> impl Future<Output = Result<CourseList, SourceError>> + Send;

    /// One course with its videos and questions. `None` when the tenant has no such course.
    fn views(&self, query: ViewsQuery) -> impl Future<Output = Result<Option<CourseViews>, SourceError>> + Send;
}

/// Which views are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewsQuery {
    /// The tenant, as the credential names it.
    pub tenant: String,
    /// The course, one run of it.
    pub course: String,
    /// Only this video.
    pub video: Option<String>,
    /// Only the questions of this quiz. With `video` or `quiz` given, a kind that is not named is left out.
    pub quiz: Option<String>,
    /// T of METRICS.md in milliseconds since 1970 UTC; `None` means now.
    pub at_millis: Option<i64>,
}

/// Why a source did not answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be reached now: ask again.
    #[error("the live tables are unavailable: {0}")]
    Unavailable(String),
    /// What it holds cannot be read: asking again does not help.
    #[error("the live tables cannot be read: {0}")]
    Corrupt(String),
}

//! Where the next run begins: at the first course that the last one had no time for, so that each has its turn.

use trilha_schemas::packing::{Damaged, Input, bytes};

use super::status::{StatusError, StatusItem, StatusStore};

/// It is kept under no tenant and no course, which no tenant and no course is called.
const PARTITION: (&str, &str) = ("", "");
const NAME: &str = "cursor";
const VERSION: u8 = 1;

/// A course of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub tenant: String,
    pub course: String,
}

/// A cursor as it was read, and the revision of its item; 0 where there is none yet.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub cursor: Option<Cursor>,
    revision: u64,
}

/// A part of a run: courses of one tenant, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch<'a> {
    pub tenant: &'a str,
    /// The first.
    from: Option<&'a str>,
    /// The one after the last.
    before: Option<&'a str>,
}

impl Kept {
    pub(super) async fn read(store: &impl StatusStore) -> Result<Kept, StatusError> {
        let items = store.page(PARTITION.0, PARTITION.1, NAME).await?;
        let Some(item) = items.first() else { return Ok(Kept::default()) };
        let cursor = decode(&item.value).unwrap_or_else(|error| {
            tracing::warn!(%error, "where to begin cannot be read; it begins at the first course");
            None
        });
        Ok(Kept { cursor, revision: item.revision })
    }

    /// Notes another one. Where somebody else has done so meanwhile, theirs stays: both are places to begin.
    pub(super) async fn replace(self, store: &impl StatusStore, next: Option<Cursor>) -> Result<(), StatusError> {
        if next == self.cursor {
            return Ok(());
        }
        let item = StatusItem { name: NAME.into(), revision: self.revision + 1, value: encode(next.as_ref()) };
        store.put(PARTITION.0, PARTITION.1, vec![item]).await.map(drop)
    }
}

impl<'a> Stretch<'a> {
    /// All courses of these tenants, each once: those of the cursor's tenant from there on, the other tenants, and what
    /// is left of the first.
    pub(super) fn all(tenants: &[&'a str], cursor: Option<&'a Cursor>) -> Vec<Stretch<'a>> {
        let whole = |tenant: &&'a str| Stretch { tenant, from: None, before: None };
        let begin =
            cursor.and_then(|cursor| Some((tenants.iter().position(|tenant| *tenant == cursor.tenant)?, cursor)));
        let Some((at, Cursor { tenant, course })) = begin else { return tenants.iter().map(whole).collect() };
        let first = Stretch { tenant, from: Some(course), before: None };
        let last = Stretch { tenant, from: None, before: Some(course) };
        let others = tenants[at + 1..].iter().chain(&tenants[..at]).map(whole);
        std::iter::once(first).chain(others).chain([last]).collect()
    }

    pub(super) fn holds(&self, course: &str) -> bool {
        self.from.is_none_or(|from| course >= from) && self.before.is_none_or(|before| course < before)
    }
}

/// Version 1: the version alone where there is no cursor; then the tenant (length, bytes), and the course.
fn encode(cursor: Option<&Cursor>) -> Vec<u8> {
    let mut out = vec![VERSION];
    if let Some(Cursor { tenant, course }) = cursor {
        bytes(&mut out, tenant.as_bytes());
        bytes(&mut out, course.as_bytes());
    }
    out
}

fn decode(stored: &[u8]) -> Result<Option<Cursor>, Damaged> {
    let Some(rest) = stored.strip_prefix(&[VERSION]) else { return Err(Damaged("the version of a cursor")) };
    if rest.is_empty() {
        return Ok(None);
    }
    let mut input = Input::new(rest);
    Ok(Some(Cursor { tenant: text(&mut input)?, course: text(&mut input)? }))
}

fn text(input: &mut Input<'_>) -> Result<String, Damaged> {
    let length = input.count(1)?;
    std::str::from_utf8(input.take(length)?).map(str::to_string).map_err(|_| Damaged("a name in a cursor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(tenant: &str, course: &str) -> Cursor {
        Cursor { tenant: tenant.into(), course: course.into() }
    }

    /// The order in which courses `a` to `c` of tenants `r` to `t` come.
    fn order(cursor: Option<&Cursor>) -> String {
        let stretches = Stretch::all(&["r", "s", "t"], cursor);
        let courses = |stretch: &Stretch<'_>| ["a", "b", "c"].map(|course| (stretch.holds(course), course));
        let named = stretches
            .iter()
            .flat_map(|stretch| courses(stretch).map(|(holds, course)| (holds, stretch.tenant, course)));
        named.filter(|(holds, ..)| *holds).map(|(_, tenant, course)| format!("{tenant}{course} ")).collect()
    }

    #[test]
    fn every_course_comes_once_from_the_cursor_on() {
        assert_eq!(order(None), "ra rb rc sa sb sc ta tb tc ");
        assert_eq!(order(Some(&cursor("s", "b"))), "sb sc ta tb tc ra rb rc sa ");
        assert_eq!(order(Some(&cursor("s", "bb"))), "sc ta tb tc ra rb rc sa sb ", "a course that is gone");
        assert_eq!(order(Some(&cursor("t", "a"))), "ta tb tc ra rb rc sa sb sc ");
        assert_eq!(order(Some(&cursor("gone", "b"))), order(None));
    }

    #[test]
    fn a_cursor_reads_back_and_no_cut_of_it_does() {
        let there = cursor("uni", "álgebra|1");
        let stored = encode(Some(&there));
        assert_eq!(decode(&stored), Ok(Some(there)));
        assert_eq!(decode(&encode(None)), Ok(None));
        (2..stored.len()).for_each(|end| assert!(decode(&stored[..end]).is_err(), "cut at {end}"));
        assert_eq!(decode(&[2]), Err(Damaged("the version of a cursor")));
    }
}

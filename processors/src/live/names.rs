//! Short names of a shard's items, as long as they are warm: texts are numbered once, not spelled out for each event.
//!
//! A text is kept as keys spell it, so that two of one key have one symbol, and an item is warm once.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use trilha_core::keys;
use trilha_live::port::Key;
use trilha_schemas::ids::Pseudonym;

use super::state::LearnerKind;
use super::view::ViewName;

/// Names a learner item; course and object are symbols, object 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LearnerName {
    pub learner: Pseudonym,
    pub course: u32,
    pub kind: LearnerKind,
    pub object: u32,
}

/// What the symbols stand for.
pub(super) struct Names {
    /// Tenant and course.
    courses: Vec<(Box<str>, Box<str>)>,
    course_at: HashMap<(Box<str>, Box<str>), u32, RandomState>,
    objects: Vec<Box<str>>,
    object_at: HashMap<Box<str>, u32, RandomState>,
    bytes: usize,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names {
            courses: Vec::new(),
            course_at: HashMap::default(),
            objects: Vec::new(),
            object_at: HashMap::default(),
            bytes: 0,
        };
        names.object_symbol("");
        names
    }
}

impl Names {
    pub(super) fn course_symbol(&mut self, tenant: &str, course: &str) -> u32 {
        let name = (keys::escape(tenant).into(), keys::escape(course).into());
        *self.course_at.entry(name).or_insert_with_key(|name| {
            self.bytes += 2 * (name.0.len() + name.1.len()) + 100;
            self.courses.push(name.clone());
            self.courses.len() as u32 - 1
        })
    }

    pub(super) fn object_symbol(&mut self, object: &str) -> u32 {
        let object = keys::escape(object);
        if let Some(symbol) = self.object_at.get(&*object) {
            return *symbol;
        }
        let symbol = self.objects.len() as u32;
        self.bytes += 2 * object.len() + 60;
        self.objects.push((&*object).into());
        self.object_at.insert(object.into(), symbol);
        symbol
    }

    /// A course symbol's tenant and course.
    pub(super) fn course(&self, symbol: u32) -> (&str, &str) {
        let (tenant, course) = &self.courses[symbol as usize];
        (tenant, course)
    }

    /// The key of the entry that a course's roster has of a learner.
    pub(super) fn roster_key(&self, name: &LearnerName) -> Key {
        let (tenant, course) = self.course(name.course);
        Key { partition: keys::roster_partition(tenant, course), sort: name.learner.to_string() }
    }

    /// The key of a learner item.
    pub(super) fn learner_key(&self, name: &LearnerName) -> Key {
        let (tenant, course) = self.course(name.course);
        Key {
            partition: keys::learner_partition(tenant, &name.learner),
            sort: keys::learner_sort(course, name.kind.as_str(), &self.objects[name.object as usize]),
        }
    }

    /// The key of a view's partial of a shard.
    pub(super) fn view_key(&self, name: ViewName, shard: &str) -> Key {
        let (tenant, course) = self.course(name.course());
        name.key(tenant, course, shard, |symbol| &self.objects[symbol as usize])
    }

    /// About how much memory they take.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_key_have_one_symbol() {
        let mut names = Names::default();
        assert_eq!(names.object_symbol(""), 0);
        assert_eq!(names.object_symbol("a|b"), names.object_symbol("a\u{1}b"));
        assert_ne!(names.object_symbol("a"), names.object_symbol("b"));
        assert_eq!(names.course_symbol("t", "a|b"), names.course_symbol("t", "a\u{1}b"));
        assert_ne!(names.course_symbol("t", "a"), names.course_symbol("u", "a"));
        let learner = Pseudonym([1; 16]);
        let (course, object) = (names.course_symbol("t", "c|d"), names.object_symbol("v|w"));
        let name = LearnerName { learner, course, kind: LearnerKind::Video, object };
        assert_eq!(names.learner_key(&name).sort, "c\u{1}d|video|v\u{1}w");
    }
}

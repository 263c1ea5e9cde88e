//! Activities: where a statement's object stands, what it is called, and what extensions say.

use serde_json::Value;

use crate::loose::{at, has_tail, str_at, tail};

/// The parents and the grouping of a statement's context, in their order.
pub(super) struct Activities<'a> {
    parents: &'a [Value],
    grouping: &'a [Value],
}

impl<'a> Activities<'a> {
    pub(super) fn of(statement: &'a Value) -> Activities<'a> {
        let list = |name| at(statement, &["context", "contextActivities", name]).map_or(&[][..], as_list);
        Activities { parents: list("parent"), grouping: list("grouping") }
    }

    /// The first parent, then grouping, whose type ends in `/course`.
    pub(super) fn first_course(&self) -> Option<&'a str> {
        self.all().find(|activity| is_course(activity)).and_then(id)
    }

    /// The first parent of any type.
    pub(super) fn first_parent(&self) -> Option<&'a str> {
        self.parents.iter().find_map(id)
    }

    /// The first parent that is neither a course nor an attempt.
    pub(super) fn first_quiz(&self) -> Option<&'a str> {
        let neither = |activity: &&Value| !is_course(activity) && type_tail(activity) != "attempt";
        self.parents.iter().filter(neither).find_map(id)
    }

    /// The first parent, then grouping, that is an attempt.
    pub(super) fn first_attempt(&self) -> Option<&'a Value> {
        self.all().find(|activity| type_tail(activity) == "attempt")
    }

    fn all(&self) -> impl Iterator<Item = &'a Value> {
        self.parents.iter().chain(self.grouping)
    }
}

/// The activity's id, unless it is empty.
pub(super) fn id(activity: &Value) -> Option<&str> {
    str_at(activity, &["id"]).filter(|id| !id.is_empty())
}

/// Whether the activity's type ends in `/course`.
pub(super) fn is_course(activity: &Value) -> bool {
    str_at(activity, &["definition", "type"]).is_some_and(|kind| kind.ends_with("/course"))
}

/// The last part of the activity's type; empty when it has none.
pub(super) fn type_tail(activity: &Value) -> &str {
    str_at(activity, &["definition", "type"]).map_or("", tail)
}

/// The activity's name in the language that comes first: Brazilian Portuguese, Portuguese, English, then by key.
pub(super) fn name(activity: &Value) -> Option<String> {
    let names = at(activity, &["definition", "name"])?;
    if let Some(name) = names.as_str() {
        return Some(name.to_string());
    }
    let preferred = ["pt-BR", "pt", "en-US", "en"].iter().find_map(|language| str_at(names, &[language]));
    let first = || names.as_object()?.iter().min_by_key(|(language, _)| language.as_str())?.1.as_str();
    preferred.or_else(first).map(str::to_string)
}

/// The extension whose IRI ends in the name; one of a video profile before any other.
pub(super) fn extension<'a>(extensions: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    let mut found = None;
    for (iri, value) in extensions?.as_object()? {
        if !has_tail(iri, name) || value.is_null() {
            continue;
        }
        if iri.contains("/video/") {
            return Some(value);
        }
        found = found.or(Some(value));
    }
    found
}

/// Older stores keep a single activity without its list.
fn as_list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

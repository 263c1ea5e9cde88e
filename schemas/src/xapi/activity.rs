//! Activities: where a statement's object stands, what it is called, and what extensions say.

use serde_json::Value;

use crate::loose::{as_list, at, has_tail, str_at, tail};

/// The parents and the grouping of a statement's context, in their order.
pub(super) struct Activities<'a> {
    parents: &'a [Value],
    grouping: &'a [Value],
}

impl<'a> Activities<'a> {
    pub(super) fn of(statement: &'a Value) -> Activities<'a> {
        Activities { parents: in_context(statement, "parent"), grouping: in_context(statement, "grouping") }
    }

    /// The first parent, then grouping, whose type ends in `/course`.
    pub(super) fn first_course(&self) -> Option<&'a str> {
        self.all().filter(|activity| is_course(activity)).find_map(id)
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

/// The activities that stand so to the statement; older stores keep a single one without its list.
pub(super) fn in_context<'a>(statement: &'a Value, relation: &str) -> &'a [Value] {
    at(statement, &["context", "contextActivities", relation]).map_or(&[], as_list)
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

/// Whether the object stands for several questions, each of which has a statement of its own.
pub(super) fn is_question_group(activity: &Value) -> bool {
    str_at(activity, &["objectType"]) == Some("GroupActivity")
        || str_at(activity, &["definition", "interactionType"]) == Some("compound")
}

/// The activity's name, else its description (many a question has nothing else), in the language that comes first.
pub(super) fn name(activity: &Value) -> Option<String> {
    ["name", "description"].iter().find_map(|field| in_best_language(at(activity, &["definition", field])?))
}

/// Of a language map the text whose language ranks first; a plain text as it is.
fn in_best_language(map: &Value) -> Option<String> {
    let full = |text: &&str| !text.trim().is_empty();
    if let Some(text) = map.as_str().filter(full) {
        return Some(text.to_string());
    }
    let texts = map.as_object()?.iter().filter_map(|(language, text)| Some((language, text.as_str().filter(full)?)));
    texts.min_by_key(|(language, _)| (rank(language), *language)).map(|(_, text)| text.to_string())
}

/// Brazilian Portuguese, Portuguese, English, then the others; tags are written `pt-BR`, `pt_BR` and `pt-br`.
fn rank(language: &str) -> u8 {
    match language.replace('_', "-").to_ascii_lowercase().as_str() {
        "pt-br" => 0,
        "pt" => 1,
        tag if tag.starts_with("pt-") => 2,
        "en" => 3,
        tag if tag.starts_with("en-") => 4,
        _ => 5,
    }
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

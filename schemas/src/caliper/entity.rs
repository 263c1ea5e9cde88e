//! Entities, in full or as their bare IRI.

use serde_json::Value;

use crate::loose::{at, str_at, tail};
use crate::reader::{Code, Refusal};

/// An entity's IRI, unless it is empty or the entity is anonymous.
pub(super) fn iri(entity: &Value) -> Option<&str> {
    let iri = entity.as_str().or_else(|| str_at(entity, &["id"])).or_else(|| str_at(entity, &["@id"]));
    iri.filter(|iri| !iri.trim().is_empty() && !names_a_type(iri))
}

/// Who wants to name no person, session or course puts the IRI of its type for its own (Caliper 1.2, 4.4): all of them
/// share that one.
fn names_a_type(iri: &str) -> bool {
    let address = iri.trim().split_once("://").map_or("", |(_, address)| address);
    address.starts_with("purl.imsglobal.org/caliper/")
}

/// The last part of an entity's type; empty when it has none.
pub(super) fn type_tail(entity: &Value) -> &str {
    str_at(entity, &["type"]).or_else(|| str_at(entity, &["@type"])).map_or("", tail)
}

/// Whether the entity is a course or one run of it.
pub(super) fn is_course(entity: &Value) -> bool {
    matches!(type_tail(entity), "CourseOffering" | "CourseSection")
}

/// What people call it.
pub(super) fn name(entity: &Value) -> Option<String> {
    str_at(entity, &["name"]).map(str::to_string)
}

/// The id of the event's object.
pub(super) fn object_id(event: &Value) -> Result<&str, Refusal> {
    let id = event.get("object").and_then(iri);
    id.ok_or_else(|| Refusal::new(Code::MissingField, "object.id", "the object has no id"))
}

/// The first extension of these names on the target, the object, what was generated, or the event.
pub(super) fn extension<'a>(event: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let places = ["target", "object", "generated"].iter().filter_map(|place| at(event, &[place, "extensions"]));
    let places = places.chain(at(event, &["extensions"]));
    places.into_iter().find_map(|extensions| names.iter().find_map(|name| at(extensions, &[name])))
}

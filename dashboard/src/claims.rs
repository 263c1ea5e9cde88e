//! A session from the claims of a token that somebody before us has verified: signature, issuer, audience, time.

use std::collections::HashMap;

use crate::session::Session;

/// The tenant whose courses the holder sees.
const TENANT: &str = "custom:tenant";
/// Ids of courses, commas between them, or `*`.
const COURSES: &str = "custom:courses";
const EVERY_COURSE: &str = "*";

/// Why verified claims are no session: the identity provider has to say it otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// No tenant is named, or none of ours.
    #[error("the claim `custom:tenant` names no tenant that is known here")]
    Tenant,
    /// Nobody is named.
    #[error("neither the claim `email` nor `sub` names anybody")]
    Name,
    /// There is no end to it.
    #[error("the claim `exp` is no time")]
    Expiry,
}

/// What verified claims say of their holder: `custom:tenant`, one of `tenants`; `custom:courses`, ids with commas between
/// them (`*` alone: every course; nothing: none); `email` or else `sub`, the name; `exp`, seconds since 1970 UTC.
///
/// # Errors
/// [`ClaimsError`] when one of them does not say it.
pub fn session_from_claims(claims: &HashMap<String, String>, tenants: &[String]) -> Result<Session, ClaimsError> {
    let claim = |name: &str| claims.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let tenant = claim(TENANT).and_then(|named| tenants.iter().find(|tenant| *tenant == named));
    let instructor = claim("email").or_else(|| claim("sub")).ok_or(ClaimsError::Name)?;
    let courses = match claim(COURSES) {
        Some(EVERY_COURSE) => None,
        Some(ids) => Some(ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_string).collect()),
        None => Some(Vec::new()),
    };
    Ok(Session {
        tenant: tenant.ok_or(ClaimsError::Tenant)?.clone(),
        instructor: instructor.to_string(),
        courses,
        expires_millis: claim("exp").and_then(millis).ok_or(ClaimsError::Expiry)?,
    })
}

/// Seconds, which a front may write as a floating-point number.
fn millis(seconds: &str) -> Option<i64> {
    let seconds: f64 = seconds.parse().ok()?;
    (seconds.is_finite() && seconds > 0.0).then_some((seconds * 1_000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants() -> Vec<String> {
        vec!["escola".into(), "outra".into()]
    }

    /// The claims of an instructor with some changed, or taken out by `None`.
    fn read(changes: &[(&str, Option<&str>)]) -> Result<Session, ClaimsError> {
        let sound = [
            ("custom:tenant", "escola"),
            ("custom:courses", "turma/1, turma/2"),
            ("email", "ana@example.org"),
            ("sub", "0f3b"),
            ("exp", "1795435200"),
        ];
        let mut claims: HashMap<_, _> = sound.map(|(name, value)| (name.to_string(), value.to_string())).into();
        for (name, value) in changes {
            claims.remove(*name);
            claims.extend(value.map(|value| (name.to_string(), value.to_string())));
        }
        session_from_claims(&claims, &tenants())
    }

    #[test]
    fn claims_say_who_sees_what_until_when() {
        let expected = Session {
            tenant: "escola".into(),
            instructor: "ana@example.org".into(),
            courses: Some(vec!["turma/1".into(), "turma/2".into()]),
            expires_millis: 1_795_435_200_000,
        };
        assert_eq!(read(&[]), Ok(expected.clone()));
        assert_eq!(read(&[("exp", Some("1.7954352E9"))]), Ok(expected));
        assert_eq!(read(&[("custom:tenant", Some("outra"))]).unwrap().tenant, "outra");
    }

    #[test]
    fn courses_are_those_named_or_all_or_none() {
        let courses = |value: Option<&str>| read(&[("custom:courses", value)]).unwrap().courses;
        assert_eq!(courses(Some("*")), None);
        for none in [None, Some(""), Some(" "), Some(",")] {
            assert_eq!(courses(none), Some(vec![]), "{none:?}");
        }
        assert_eq!(courses(Some("a,,b,")), Some(vec!["a".into(), "b".into()]));
        // A star among ids is an id that no course has.
        assert_eq!(courses(Some("a,*")), Some(vec!["a".into(), "*".into()]));
    }

    #[test]
    fn the_name_is_the_address_else_the_subject() {
        for absent in [None, Some("")] {
            assert_eq!(read(&[("email", absent)]).unwrap().instructor, "0f3b");
            assert_eq!(read(&[("email", absent), ("sub", absent)]), Err(ClaimsError::Name));
        }
    }

    #[test]
    fn a_missing_empty_or_foreign_tenant_is_refused() {
        for tenant in [None, Some(""), Some("foreign"), Some("*"), Some("Escola"), Some("escola,outra")] {
            assert_eq!(read(&[("custom:tenant", tenant)]), Err(ClaimsError::Tenant), "{tenant:?}");
        }
        let claims = HashMap::from([("email".to_string(), "a".to_string()), ("exp".to_string(), "1".to_string())]);
        assert_eq!(session_from_claims(&claims, &[String::new()]), Err(ClaimsError::Tenant), "a tenant without a name");
    }

    #[test]
    fn an_end_that_is_no_time_is_refused() {
        for end in [None, Some(""), Some("soon"), Some("0"), Some("-1"), Some("NaN"), Some("inf")] {
            assert_eq!(read(&[("exp", end)]), Err(ClaimsError::Expiry), "{end:?}");
        }
    }
}

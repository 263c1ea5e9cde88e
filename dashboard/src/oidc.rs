//! Instructors who sign in at an OpenID Connect issuer.
//!
//! The page is a public client: it asks the issuer for a token itself, and a front before the read API checks that token
//! at each request. The server only says which issuer, and lets the page connect to it.

use http::Uri;

/// `profile` is not for a name that nobody reads: Cognito leaves its own attributes, the tenant among them, out of a
/// token that was asked for with `openid email` alone.
const SCOPE: &str = "openid email profile";

/// The issuer that the page signs in at, and who the page is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    issuer: String,
    client_id: String,
    scope: String,
    origins: Vec<String>,
}

/// Why an issuer is not taken: correct the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// Not an absolute address, or one that has more than host, port and path.
    #[error("not an address of an issuer: {0:?}")]
    Address(String),
    /// Tokens would travel in the clear; plain HTTP is for this machine only.
    #[error("an issuer is reached by HTTPS: {0:?}")]
    Plain(String),
    /// The page has to say who it is.
    #[error("the client id is empty")]
    ClientId,
}

impl Oidc {
    /// The client `client_id` of the issuer that calls itself `issuer`, which is also where its discovery document lies.
    pub fn new(issuer: &str, client_id: &str) -> Result<Self, OidcError> {
        let origins = vec![origin(issuer)?];
        if client_id.trim().is_empty() {
            return Err(OidcError::ClientId);
        }
        Ok(Self { issuer: issuer.to_owned(), client_id: client_id.to_owned(), scope: SCOPE.to_owned(), origins })
    }

    /// Lets the page connect to the origin of `address` too. Some issuers hand out tokens at another origin than their
    /// own: Cognito does so at the user pool's domain.
    pub fn connecting_to(mut self, address: &str) -> Result<Self, OidcError> {
        let origin = origin(address)?;
        if !self.origins.contains(&origin) {
            self.origins.push(origin);
        }
        Ok(self)
    }

    /// Asks for other scopes than `openid email profile`.
    pub fn with_scope(mut self, scope: &str) -> Self {
        self.scope = scope.to_owned();
        self
    }

    /// What the issuer calls itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the issuer calls the page.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The scopes that the page asks for, with spaces between.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Where the page may connect to, as `https://host` with the port if there is one.
    pub fn origins(&self) -> &[String] {
        &self.origins
    }
}

/// The origin of an address. It goes into a header where commas and semicolons have a meaning, so few characters may
/// be in it.
fn origin(address: &str) -> Result<String, OidcError> {
    let wrong = || OidcError::Address(address.to_owned());
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(wrong)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    if !authority.as_str().bytes().all(plain) || address.contains(['?', '#']) {
        return Err(wrong());
    }
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&authority.host());
    match scheme {
        "https" => Ok(format!("https://{authority}")),
        "http" if local => Ok(format!("http://{authority}")),
        "http" => Err(OidcError::Plain(address.to_owned())),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COGNITO: &str = "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Pool";

    #[test]
    fn an_issuer_and_its_other_addresses_give_their_origins_once() {
        let oidc = Oidc::new(COGNITO, "page").unwrap();
        let oidc = oidc.connecting_to("https://escola.auth.sa-east-1.amazoncognito.com/oauth2/token").unwrap();
        let oidc = oidc.connecting_to("https://cognito-idp.sa-east-1.amazonaws.com").unwrap();
        assert_eq!(
            oidc.origins(),
            ["https://cognito-idp.sa-east-1.amazonaws.com", "https://escola.auth.sa-east-1.amazoncognito.com"]
        );
        assert_eq!((oidc.issuer(), oidc.client_id(), oidc.scope()), (COGNITO, "page", SCOPE));
        assert_eq!(oidc.with_scope("openid").scope(), "openid");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for local in ["http://localhost:8081/realms/a", "http://127.0.0.1:9", "http://[::1]:9/"] {
            assert!(Oidc::new(local, "page").is_ok(), "{local}");
        }
        for far in ["http://login.escola.example", "http://localhost.escola.example", "http://127.0.0.1.example"] {
            assert_eq!(Oidc::new(far, "page"), Err(OidcError::Plain(far.to_owned())));
        }
    }

    #[test]
    fn nothing_but_an_origin_gets_into_the_policy() {
        let wrong = [
            "",
            "/realms/a",
            "login.example",
            "ftp://login.example",
            "https://",
            "https://a;b/",
            "https://a,b/",
            "https://a'b/",
            "https://*/",
            "https://*.example/",
            "https://me@login.example/",
            "https://login.example/?a=b",
            "https://login.example/#a",
            "https://login.example/ 'unsafe-inline'",
        ];
        for address in wrong {
            assert_eq!(Oidc::new(address, "page"), Err(OidcError::Address(address.to_owned())), "{address}");
        }
        assert_eq!(Oidc::new(COGNITO, " "), Err(OidcError::ClientId));
    }
}

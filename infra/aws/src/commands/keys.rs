//! `trilha-aws keys`: what a platform's server sends with, and how an instructor signs in.

use std::io::{self, Write};

use anyhow::Context;
use trilha_dashboard::session::SessionKey;
use trilha_serve::announce::sign_in_token;

use super::cli::KeysOptions;
use crate::wiring::Aws;

pub(super) async fn run(aws: &Aws, options: &KeysOptions) -> anyhow::Result<()> {
    let keys = aws.keys().await?;
    let is_meant = |tenant: &str| options.tenant.as_deref().is_none_or(|meant| meant == tenant);
    let found = keys.write_keys.iter().find(|(tenant, _)| is_meant(tenant));
    let (tenant, write_key) = found.context("no such tenant in TRILHA_TENANTS")?;
    let token = sign_in_token(&SessionKey::new(*keys.session_key.bytes()), tenant, (aws.clock)());
    let (url, mut out) = (options.url.trim_end_matches('/'), io::stdout().lock());
    writeln!(out, "tenant     {tenant}")?;
    writeln!(out, "sign-in    {url}/sign-in?token={token}")?;
    Ok(writeln!(out, "write key  {write_key}")?)
}

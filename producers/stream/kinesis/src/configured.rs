//! Clients like a given one, whose calls end in a bounded time.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{Builder, Config};

/// How long a call may take, where the client says nothing.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Repeats what fails as the given one does.
pub(crate) fn for_reads(client: &Client) -> Client {
    Client::from_conf(bounded(client.config()).build())
}

/// Repeats nothing.
pub(crate) fn for_puts(client: &Client) -> Client {
    Client::from_conf(bounded(client.config()).retry_config(RetryConfig::disabled()).build())
}

fn bounded(config: &Config) -> Builder {
    let given = config.timeout_config();
    let timeout = given.and_then(TimeoutConfig::operation_attempt_timeout).unwrap_or(CALL_TIMEOUT);
    let timeouts = given.map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
    config.to_builder().timeout_config(timeouts.operation_attempt_timeout(timeout).build())
}

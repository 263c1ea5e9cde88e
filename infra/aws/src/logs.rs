//! Logs as JSON, one object a line, with fields. `TRILHA_LOG` sets the level (`debug`) or levels by part
//! (`info,trilha_processors=debug`).
//!
//! What libraries write below their `info` is dropped whatever the level: it shows requests, and with them learners.

use std::io;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, registry};

/// Begins to log to standard error; once a process.
pub fn init(default_level: &str) {
    let levels = std::env::var("TRILHA_LOG").unwrap_or_else(|_| default_level.to_string());
    // A second call, as in tests, changes nothing.
    let _ = subscriber(&levels, io::stderr).try_init();
}

fn subscriber(levels: &str, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) -> impl Subscriber {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(writer);
    let levels = EnvFilter::try_new(levels).unwrap_or_else(|_| EnvFilter::new("info"));
    registry().with(lines).with(levels).with(filter_fn(is_safe))
}

fn is_safe(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("trilha") || *metadata.level() <= Level::INFO
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(levels: &str, log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(levels, move || writer.clone()), log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_an_object_with_fields() {
        let lines = logged("info", || tracing::info!(target: "trilha_aws", records = 3, shard = "s/1", "a batch"));
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&"INFO".into(), &"a batch".into()));
        assert_eq!((&lines[0]["records"], &lines[0]["shard"]), (&3.into(), &"s/1".into()));
    }

    #[test]
    fn no_level_shows_what_libraries_write_about_requests() {
        let log = || {
            tracing::debug!(target: "aws_smithy_runtime", body = "learner ana", "request");
            tracing::debug!(target: "trilha_aws", "ours");
            tracing::warn!(target: "aws_smithy_runtime", "slow");
        };
        let of = |levels| logged(levels, log).iter().map(|line| line["message"].to_string()).collect::<Vec<_>>();
        assert_eq!(of("trace"), [r#""ours""#, r#""slow""#]);
        assert_eq!(of("aws_smithy_runtime=trace"), [r#""slow""#]);
        assert_eq!(of("warn"), [r#""slow""#]);
    }
}

//! `trilha-query`: SQL over the lake, from the command line.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use trilha_query::{Format, QueryError, query, write};

const EXAMPLES: &str = "\
Examples:
  How many events of each type there are:
    trilha-query --data data \"SELECT type, count(*) AS events FROM events GROUP BY type ORDER BY events DESC\"

  Learners per video and how far they came, as JSON:
    trilha-query --data data --json \"SELECT video, count(DISTINCT learner) AS learners,
      max(coalesce(to_millis, position_millis)) / 1000 AS furthest_second
      FROM events WHERE type LIKE 'video.%' AND role = 'learner' GROUP BY video\"

  Each learner's first answer to each question, as CSV, the SQL from standard input:
    echo \"SELECT * FROM (SELECT learner, question, response, correct, time, row_number() OVER
      (PARTITION BY learner, question ORDER BY time, event_id) AS n
      FROM events WHERE type = 'quiz.answered' AND day >= '2026-01-01') WHERE n = 1\" |
      trilha-query --data data --csv -

The table `events` has one row per event. Times are UTC; columns that end in _millis are integer milliseconds;
`learner` is a pseudonym; `tenant` and `day` (text: 2026-11-23, or unknown) are the folders of the lake: a condition on them
skips files. All columns: trilha-query --data data \"DESCRIBE events\"

What was sent in the last minute may not be there yet: the lake is published in steps.";

/// Asks the lake, every event ever received, in SQL.
///
/// Reads the published files below DIR/lake/events, also while `trilha up` runs on the same DIR. It never writes.
#[derive(Parser)]
#[command(name = "trilha-query", version, after_help = EXAMPLES)]
struct Arguments {
    /// The data folder, as in `trilha up --data DIR`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Print an array of JSON objects, times in RFC 3339
    #[arg(long, conflicts_with = "csv")]
    json: bool,

    /// Print CSV, the names of the columns first
    #[arg(long)]
    csv: bool,

    /// The query; - reads it from standard input
    #[arg(value_name = "SQL", allow_hyphen_values = true)]
    sql: String,
}

impl Arguments {
    fn format(&self) -> Format {
        match (self.json, self.csv) {
            (true, _) => Format::Json,
            (_, true) => Format::Csv,
            _ => Format::Table,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match answer(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the answer has seen enough of it.
        Err(QueryError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trilha-query: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn answer(arguments: Arguments) -> Result<(), QueryError> {
    let mut sql = arguments.sql.clone();
    if sql == "-" {
        sql.clear();
        io::stdin().lock().read_to_string(&mut sql)?;
    }
    let answer = query(&arguments.data, &sql).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    write(&answer, arguments.format(), &mut out)?;
    out.flush()?;
    Ok(())
}

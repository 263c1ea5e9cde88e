//! What the counts do not say.

use std::fmt::{self, Write};

use crate::asked;
use crate::estimate::Estimate;

impl Estimate {
    pub(super) fn write_assumptions(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\nAssumed:\n")?;
        self.assumptions().iter().try_for_each(|line| writeln!(out, "- {line}"))
    }

    fn assumptions(&self) -> Vec<String> {
        vec![
            format!(
                "What is counted is counted at a constant load, for a month of {} h; a provisioned stream has room for {} times as \
                 much.",
                asked::MONTH_HOURS,
                asked::PEAK
            ),
            format!(
                "For the live table every day is {}. At the peak a batch is full before its window ends and writes more an \
                 event; at night one shares views less, which is not counted.",
                self.asked.day.name()
            ),
            format!(
                "Auto scaling has a target of {} % for writes, {} % for reads, and does what DynamoDB's documentation says (`scaling.rs`); what it leaves \
                 open is taken at its worst. A table is one bucket: partitions, which take 1,000 writes and 3,000 reads a second each in either \
                 mode, are not told apart.",
                self.plan.deployment.capacity.write_target,
                self.plan.deployment.capacity.read_target
            ),
            format!(
                "Auto scaling's mosts, and what the evaluator's runs are given, are {:.1} times the template's of `{}`.",
                self.plan.more_capacity, self.plan.deployment.size
            ),
            format!(
                "A course has {} events a day. More events are more courses, each as busy.",
                asked::COURSE_EVENTS_PER_DAY
            ),
            "Every sitting is of a learner who is new to the course: items are smaller than at the end of a term, \
             identities, rosters and the evaluator's reads are more."
                .into(),
            "Waiting is billed like computing: a PutRecords 10 ms, a call of DynamoDB 5 ms, 32 puts side by side, a \
             request to S3 20 ms and 80 MB a second."
                .into(),
            "Computing is what this machine took, in a function with less than 1,769 MB longer by its share of a core; the \
             SDK's 100 µs a call come besides."
                .into(),
            "A shard's batches meet the process that had the one before, so that its items are in memory; --warm-megabytes 0 counts \
             what they cost if none does."
                .into(),
            "Items are counted at the most that the adapter adds to them, 48 bytes.".into(),
            format!(
                "The evaluator runs {} times a day, and reads the items of the learners of its day, of the evening \
                 before, and once a day of those of the {} days before.",
                asked::EVALUATIONS_PER_DAY,
                asked::SWEPT_DAYS
            ),
            format!(
                "An object that is deleted or replaced in the lake's bucket is kept, and paid for, {} days more.",
                asked::OLD_VERSION_DAYS
            ),
            "Each domain event is sent to the platform's queue by itself; the platform receives and deletes ten at a time.".into(),
            "Not counted: what dashboards read, Athena's queries, data that leaves AWS, the front door's tokens, instructors' \
             accounts, e-mails, schedules, what tables other than the live one store, logs after their first day, lines of \
             the evaluator's and the steps' calls, requests to KMS, to Secrets Manager and to the catalogue, starts of \
             functions, faults."
                .into(),
        ]
    }
}

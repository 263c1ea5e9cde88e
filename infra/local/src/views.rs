//! `trilha views`: a course's live numbers, from the tables on disk, whether or not an `up` writes them meanwhile.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{Context, bail};
use trilha_collector::embedded::{EmbeddedSettings, EmbeddedStores};
use trilha_dashboard::api::{CourseList, CourseViews};
use trilha_dashboard::read::LiveViews;
use trilha_dashboard::source::{ViewSource, ViewsQuery};
use trilha_live::embedded::EmbeddedTable;
use trilha_schemas::time;
use trilha_serve::clock;
use trilha_serve::reading::CourseSettings;

use crate::cli::ViewsOptions;
use crate::data::{DataDir, TENANT};

pub(crate) async fn run(options: ViewsOptions) -> anyhow::Result<()> {
    let at_millis = options.at.as_deref().map(parse_time).transpose()?;
    let views = open(&DataDir::open(&options.data)?)?;
    let Some(course) = options.course else {
        let courses = views.courses(TENANT, at_millis).await?;
        return if options.json { print_json(&courses) } else { print_courses(&courses) };
    };
    let query = ViewsQuery {
        tenant: TENANT.into(),
        course: course.clone(),
        video: options.video,
        quiz: options.quiz,
        at_millis,
    };
    let Some(found) = views.views(query).await? else {
        bail!(
            "no event of course {course:?} is in {}; without --course, its courses are listed",
            options.data.display()
        );
    };
    if options.json { print_json(&found) } else { print_views(&found) }
}

fn open(dir: &DataDir) -> anyhow::Result<LiveViews<EmbeddedTable, CourseSettings<EmbeddedSettings>>> {
    let table = EmbeddedTable::open_read_only(&dir.live()).context("cannot open the live tables")?;
    let stores = EmbeddedStores::open_read_only(&dir.collector(), dir.sealer()).context("cannot open the settings")?;
    let settings = CourseSettings { store: Arc::new(stores.settings), default_zone: "UTC".into() };
    Ok(LiveViews::new(Arc::new(table), settings, clock::system()))
}

fn parse_time(text: &str) -> anyhow::Result<i64> {
    let sent = time::parse(text).with_context(|| format!("--at {text:?} is no time such as 2026-03-02T19:30:00Z"))?;
    Ok(sent.millis)
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(value)?)?)
}

fn print_courses(list: &CourseList) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if list.courses.is_empty() {
        writeln!(out, "no courses yet")?;
    }
    for course in &list.courses {
        let title = course.title.as_deref().unwrap_or("");
        writeln!(out, "{}  {title}", course.course)?;
        writeln!(
            out,
            "    learners {}, active now {}, today {}",
            course.learners, course.active_5m, course.active_today
        )?;
    }
    Ok(())
}

fn print_views(views: &CourseViews) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let course = &views.course;
    writeln!(out, "{}  {}", course.course, course.title.as_deref().unwrap_or(""))?;
    writeln!(out, "    learners {}, active now {}, today {}", course.learners, course.active_5m, course.active_today)?;
    writeln!(out, "\nvideos: viewers, plays, completed, coverage")?;
    for video in &views.videos {
        let name = video.title.as_deref().unwrap_or(&video.video);
        let (completed, coverage) = (percent(video.completion_rate), percent(video.average_coverage));
        writeln!(out, "{:>8} {:>6} {completed:>6} {coverage:>6}  {name}", video.viewers, video.plays)?;
    }
    writeln!(out, "\nquestions: learners, attempts, facility, final facility")?;
    for question in &views.questions {
        let name = question.title.as_deref().unwrap_or(&question.question);
        let (first, last) = (percent(question.facility), percent(question.final_facility));
        writeln!(out, "{:>8} {:>6} {first:>6} {last:>6}  {name}", question.learners, question.attempts)?;
    }
    Ok(())
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_string(), |share| format!("{:.0} %", share * 100.0))
}

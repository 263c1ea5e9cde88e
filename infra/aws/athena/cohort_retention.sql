-- Of those who began in the same week, what share still did something one, two, three weeks later?
-- A learner's cohort is the week of the first activity in the course; weeks begin on Monday, in the course's zone.
WITH activity AS (
    -- What counts in minutes and days: learners' acts, at their course's time; not those that came over 48 h late.
    SELECT tenant, course, learner, event_id,
           CAST(CASE WHEN mod(CAST(floor(flags / 2e0) AS integer), 2) = 1 THEN arrival ELSE "time" END
           AT TIME ZONE 'UTC' AS timestamp) + zone_offset_minutes * INTERVAL '1' MINUTE AS moment
    FROM events
    WHERE role = 'learner' AND mod(CAST(floor(flags / 1024e0) AS integer), 2) = 0
      AND mod(CAST(floor(flags / 256e0) AS integer), 2) = 0
      AND "time" IS NOT NULL AND day <> 'unknown'
      AND "type" NOT IN ('course.enrolled', 'course.unenrolled', 'course.completed', 'object.described')
),
weeks AS (
    SELECT DISTINCT tenant, course, learner, CAST(date_trunc('week', moment) AS date) AS week
    FROM activity
),
cohorts AS (
    SELECT *, min(week) OVER (PARTITION BY tenant, course, learner) AS cohort
    FROM weeks
),
sizes AS (
    SELECT tenant, course, cohort, week, count(*) AS learners,
           max(count(*)) OVER (PARTITION BY tenant, course, cohort) AS began
    FROM cohorts
    GROUP BY tenant, course, cohort, week
)
SELECT tenant, course, cohort, began, CAST(date_diff('day', cohort, week) / 7e0 AS bigint) AS weeks_later, learners,
       learners / CAST(began AS double) AS retention
FROM sizes
ORDER BY tenant, course, cohort, weeks_later

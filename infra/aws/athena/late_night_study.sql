-- How much is studied between 11 at night and 5 in the morning, and by how many?
-- By the clock of the course's zone, in minutes in which a learner did anything.
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
minutes AS (
    SELECT DISTINCT tenant, course, learner, date_trunc('minute', moment) AS minute
    FROM activity
),
marked AS (
    SELECT *, extract(hour FROM minute) >= 23 OR extract(hour FROM minute) < 5 AS at_night
    FROM minutes
)
SELECT tenant, course, count(DISTINCT learner) AS learners,
       count(DISTINCT CASE WHEN at_night THEN learner END) AS learners_at_night,
       count(*) AS minutes, count(*) FILTER (WHERE at_night) AS minutes_at_night,
       count(*) FILTER (WHERE at_night) / CAST(count(*) AS double) AS share_at_night
FROM marked
GROUP BY tenant, course
ORDER BY share_at_night DESC, tenant, course

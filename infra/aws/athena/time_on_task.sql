-- How much time do learners spend, week by week?
-- Time on task is counted in minutes in which a learner did anything: no guess of what happened between two clicks.
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
    SELECT tenant, course, learner, CAST(date_trunc('week', moment) AS date) AS week,
           count(DISTINCT date_trunc('minute', moment)) AS minutes
    FROM activity
    GROUP BY tenant, course, learner, CAST(date_trunc('week', moment) AS date)
),
places AS (
    SELECT *, row_number() OVER (PARTITION BY tenant, course, week ORDER BY minutes, learner) AS place,
           count(*) OVER (PARTITION BY tenant, course, week) AS learners
    FROM minutes
)
SELECT tenant, course, week, max(learners) AS learners, CAST(sum(minutes) AS bigint) AS minutes,
       avg(CAST(minutes AS double)) AS mean_minutes,
       max(minutes) FILTER (WHERE place = CAST(floor((learners + 1) / 2e0) AS bigint)) AS median_minutes,
       max(minutes) AS most_minutes
FROM places
GROUP BY tenant, course, week
ORDER BY tenant, course, week

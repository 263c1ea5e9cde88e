-- How many learners enrolled in a course and completed it, week by week, and what share of those enrolled so far?
-- Weeks begin on Monday, in the course's zone; each learner counts once, at the first such event.
WITH firsts AS (
    SELECT tenant, course, learner, "type",
           min(CAST("time" AT TIME ZONE 'UTC' AS timestamp) + zone_offset_minutes * INTERVAL '1' MINUTE) AS moment
    FROM events
    WHERE role = 'learner' AND mod(CAST(floor(flags / 1024e0) AS integer), 2) = 0
      AND "type" IN ('course.enrolled', 'course.completed') AND "time" IS NOT NULL
    GROUP BY tenant, course, learner, "type"
),
weeks AS (
    SELECT tenant, course, CAST(date_trunc('week', moment) AS date) AS week,
           count(*) FILTER (WHERE "type" = 'course.enrolled') AS enrolled,
           count(*) FILTER (WHERE "type" = 'course.completed') AS completed
    FROM firsts
    GROUP BY tenant, course, CAST(date_trunc('week', moment) AS date)
),
running AS (
    SELECT tenant, course, week, enrolled, completed,
           CAST(sum(enrolled) OVER (PARTITION BY tenant, course ORDER BY week) AS bigint) AS enrolled_so_far,
           CAST(sum(completed) OVER (PARTITION BY tenant, course ORDER BY week) AS bigint) AS completed_so_far
    FROM weeks
)
SELECT tenant, course, week, enrolled, completed, enrolled_so_far, completed_so_far,
       completed_so_far / CAST(NULLIF(enrolled_so_far, 0) AS double) AS completion_rate
FROM running
ORDER BY tenant, course, week

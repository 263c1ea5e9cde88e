-- How many learners did something, day by day?
-- Days are the course's own, by its zone.
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
)
SELECT tenant, course, CAST(moment AS date) AS local_day, count(DISTINCT learner) AS learners, count(*) AS events
FROM activity
GROUP BY tenant, course, CAST(moment AS date)
ORDER BY tenant, course, local_day

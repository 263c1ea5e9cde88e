-- What counts in minutes and days: one row for each act of a learner, at the course's own time.
-- `moment` is wall-clock time in the course's zone.
CREATE OR REPLACE VIEW activity AS
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
SELECT tenant, course, learner, event_id, moment, CAST(moment AS date) AS local_day
FROM activity

-- What did one learner do in one course, in order?
-- Put the course and the learner's pseudonym where it says so. Reading a person's record needs a reason; Athena logs
-- who asked.
WITH asked AS (
    SELECT 'THE COURSE' AS course, 'THE PSEUDONYM' AS learner
),
titles AS (
    -- What things are called: the last that was said.
    SELECT tenant, course, object, max_by(title, "time") AS title
    FROM events
    WHERE "type" = 'object.described' AND title IS NOT NULL
    GROUP BY tenant, course, object
)
SELECT CAST(e."time" AT TIME ZONE 'UTC' AS timestamp) + e.zone_offset_minutes * INTERVAL '1' MINUTE AS moment,
       e."type", coalesce(e.question, e.object) AS object, coalesce(e.title, t.title) AS title,
       CASE WHEN e."type" = 'video.watched'
            THEN least(e.to_millis, e.position_millis + 300000) - e.position_millis END / 1000e0 AS watched_seconds,
       e.attempt, e.correct, e.score, e.max_score, e.event_id
FROM events e
JOIN asked a ON a.course = e.course AND a.learner = e.learner
LEFT JOIN titles t ON t.tenant = e.tenant AND t.course = e.course AND t.object = coalesce(e.question, e.object)
ORDER BY e."time" NULLS LAST, e.event_id

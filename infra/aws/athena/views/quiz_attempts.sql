-- One row for each attempt at a question: its number, its score in 0 to 1, whether it was right.
CREATE OR REPLACE VIEW quiz_attempts AS
WITH answers AS (
    -- An attempt is its number, else its id, else the event by itself. Its score lies in 0 to 1, in millionths.
    SELECT tenant, course, learner, quiz, question, "time", event_id, attempt, correct,
           coalesce(CAST(attempt AS varchar), attempt_id, event_id) AS attempt_key,
           CASE WHEN max_score > 0 AND score IS NOT NULL
                THEN least(greatest(floor(score / max_score * 1e6 + 5e-1), 0e0), 1e6) / 1e6
                WHEN correct THEN 1e0 WHEN NOT correct THEN 0e0
                WHEN scaled IS NOT NULL THEN least(greatest(floor(scaled * 1e6 + 5e-1), 0e0), 1e6) / 1e6
                END AS points,
           CASE WHEN max_score > 0 AND score IS NOT NULL THEN 0 WHEN correct IS NOT NULL THEN 1
                WHEN scaled IS NOT NULL THEN 0 ELSE 2 END AS rank_of_source
    FROM events
    WHERE role = 'learner' AND mod(CAST(floor(flags / 1024e0) AS integer), 2) = 0
      AND NOT beyond_state AND "type" = 'quiz.answered'
),
ranked AS (
    -- What an attempt is worth: its event with a score, else one that says correct, else any; then the latest.
    SELECT *,
           row_number() OVER (
               PARTITION BY tenant, course, learner, quiz, question, attempt_key
               ORDER BY rank_of_source, "time" DESC NULLS LAST, event_id DESC) AS place,
           min("time") OVER (PARTITION BY tenant, course, learner, quiz, question, attempt_key) AS began
    FROM answers
),
attempts AS (
    SELECT tenant, course, learner, quiz, question, attempt_key, points,
           coalesce(correct, points = 1e0) AS is_correct,
           row_number() OVER (
               PARTITION BY tenant, course, learner, quiz, question
               ORDER BY attempt NULLS LAST, began, attempt_key) AS number,
           count(*) OVER (PARTITION BY tenant, course, learner, quiz, question) AS attempts
    FROM ranked
    WHERE place = 1
)
SELECT tenant, course, learner, quiz, question, number, attempts, points, is_correct
FROM attempts

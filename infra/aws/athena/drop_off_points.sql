-- Where does each video lose most of its viewers?
-- In bins of 5 seconds: the bin with the greatest fall from the one before, the first of equals.
-- By heartbeats, else by played and paused. A session with xAPI's list of played segments is read by that list on the
-- dashboard, by played and paused here.
WITH video_acts AS (
    SELECT tenant, course, learner, video, session, "type", "time", tie_break, position_millis, to_millis,
           CASE WHEN length_millis > 0 AND length_millis <= 36000000 THEN length_millis END AS length_millis,
           CASE WHEN rate >= 25e-2 AND rate <= 4e0 THEN rate ELSE 1e0 END AS rate,
           CASE WHEN "type" = 'video.watched' THEN to_millis ELSE position_millis END AS found_millis,
           CASE WHEN "type" IN ('video.watched', 'video.seeked') THEN to_millis ELSE position_millis END AS left_millis
    FROM events
    WHERE role = 'learner' AND mod(CAST(floor(flags / 1024e0) AS integer), 2) = 0
      AND NOT beyond_state AND video IS NOT NULL AND "time" IS NOT NULL AND "type" LIKE 'video.%'
),
gaps AS (
    -- Without an id a session ends where half an hour more went by than what lies between took to watch.
    SELECT *, CASE WHEN session IS NULL AND (date_diff('millisecond', lag("time") OVER (
                       PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break), "time")
                       - 1800000) * lag(rate) OVER (
                       PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break)
                       > greatest(coalesce(found_millis - lag(left_millis) OVER (
                       PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break), 0), 0)
                   THEN 1 ELSE 0 END AS is_after_gap
    FROM video_acts
),
sessions AS (
    SELECT tenant, course, learner, video, "type", "time", tie_break, position_millis, to_millis, length_millis, rate,
           coalesce(session, concat('without id ', CAST(sum(is_after_gap) OVER (
               PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break) AS varchar))) AS session
    FROM gaps
),
video_events AS (
    SELECT *, sum(CASE WHEN "type" = 'video.watched' THEN 1 ELSE 0 END) OVER (
                  PARTITION BY tenant, course, learner, video, session) AS session_heartbeats
    FROM sessions
),
learner_lengths AS (
    SELECT tenant, course, learner, video, max(length_millis) AS length_millis
    FROM video_events
    GROUP BY tenant, course, learner, video
),
heartbeats AS (
    -- One heartbeat credits at most 300 seconds.
    SELECT tenant, course, learner, video, session, position_millis AS start_millis,
           least(to_millis, position_millis + 300000) AS end_millis,
           row_number() OVER (PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break) AS place
    FROM video_events
    WHERE "type" = 'video.watched'
),
marked AS (
    -- It continues the one before when it starts within a second of that one's end.
    SELECT *, CASE WHEN abs(start_millis - lag(end_millis) OVER (
                       PARTITION BY tenant, course, learner, video, session ORDER BY place)) <= 1000
                   THEN 0 ELSE 1 END AS is_first
    FROM heartbeats
),
runs AS (
    SELECT *, sum(is_first) OVER (PARTITION BY tenant, course, learner, video, session ORDER BY place) AS run
    FROM marked
),
controls AS (
    -- Sessions without heartbeats: what opens and closes a play. A seek leaves the player as the act before it did.
    SELECT *,
           lead(position_millis) OVER (
               PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break) AS next_position_millis,
           date_diff('millisecond', "time", lead("time") OVER (
               PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break)) AS wall_millis,
           sum(CASE WHEN "type" = 'video.seeked' THEN 0 ELSE 1 END) OVER (
               PARTITION BY tenant, course, learner, video, session ORDER BY "time", tie_break
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS act
    FROM video_events
    WHERE session_heartbeats = 0
      AND "type" IN ('video.played', 'video.paused', 'video.seeked', 'video.completed', 'video.terminated')
),
played AS (
    SELECT *, CASE WHEN "type" = 'video.played' THEN position_millis ELSE to_millis END AS start_millis,
           max(CASE WHEN "type" = 'video.played' THEN rate END) OVER (
               PARTITION BY tenant, course, learner, video, session, act) AS play_rate
    FROM controls
),
stretches AS (
    SELECT tenant, course, learner, video, min_by(start_millis, place) AS start_millis, max(end_millis) AS end_millis
    FROM runs
    GROUP BY tenant, course, learner, video, session, run
    UNION ALL
    -- No more content than the clock allows, with a tenth and five seconds to spare.
    SELECT tenant, course, learner, video, start_millis,
           least(next_position_millis,
                 start_millis + CAST(floor(wall_millis * play_rate * 11e-1 + 5e-1) AS bigint) + 5000) AS end_millis
    FROM played
    WHERE play_rate IS NOT NULL AND next_position_millis >= start_millis
),
segments AS (
    -- Clamped to the greatest length that the learner's own events name; kept from a quarter of a second on.
    SELECT s.tenant, s.course, s.learner, s.video, greatest(s.start_millis, 0) AS start_millis,
           least(s.end_millis, coalesce(l.length_millis, 36000000)) AS end_millis,
           coalesce(l.length_millis, 36000000) AS length_millis
    FROM stretches s
    JOIN learner_lengths l
      ON l.tenant = s.tenant AND l.course = s.course AND l.learner = s.learner AND l.video = s.video
    WHERE least(s.end_millis, coalesce(l.length_millis, 36000000)) - greatest(s.start_millis, 0) >= 250
),
lengths AS (
    -- A video's length is what most of its learners report; of equals the greater.
    SELECT tenant, course, video, length_millis,
           row_number() OVER (PARTITION BY tenant, course, video ORDER BY count(*) DESC, length_millis DESC) AS place
    FROM learner_lengths
    WHERE length_millis IS NOT NULL
    GROUP BY tenant, course, video, length_millis
),
touched AS (
    -- The bins that a segment covers for a quarter of a second, or in all that is of them.
    SELECT tenant, course, learner, video,
           CASE WHEN least(end_millis, 5000 * (first_bin + 1)) - start_millis < 250
                     AND NOT (start_millis <= 5000 * first_bin
                              AND end_millis >= least(5000 * (first_bin + 1), length_millis))
                THEN first_bin + 1 ELSE first_bin END AS first_bin,
           CASE WHEN end_millis - greatest(start_millis, 5000 * last_bin) < 250
                     AND NOT (start_millis <= 5000 * last_bin
                              AND end_millis >= least(5000 * (last_bin + 1), length_millis))
                THEN last_bin - 1 ELSE last_bin END AS last_bin
    FROM (
        SELECT *, CAST(floor(start_millis / 5000e0) AS bigint) AS first_bin,
               CAST(ceil(end_millis / 5000e0) AS bigint) - 1 AS last_bin
        FROM segments
    ) AS cut
),
bins_reached AS (
    SELECT *, max(last_bin) OVER (
               PARTITION BY tenant, course, learner, video ORDER BY first_bin, last_bin
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_bin
    FROM touched
    WHERE first_bin <= last_bin
),
islands AS (
    -- What of a segment the learner's earlier ones have not touched: each learner counts once in a bin.
    SELECT tenant, course, video, greatest(first_bin, coalesce(reached_bin + 1, 0)) AS first_bin, last_bin
    FROM bins_reached
    WHERE last_bin > coalesce(reached_bin, -1)
),
changes AS (
    SELECT tenant, course, video, bin, sum(change) AS change
    FROM (
        SELECT tenant, course, video, first_bin AS bin, 1 AS change FROM islands
        UNION ALL
        SELECT tenant, course, video, last_bin + 1 AS bin, -1 AS change FROM islands
    ) AS ends
    GROUP BY tenant, course, video, bin
),
viewers AS (
    -- Of a video whose length nobody told the bins end where nobody has been.
    SELECT tenant, course, video, bin, CAST(change AS bigint) AS change,
           max(bin) OVER (PARTITION BY tenant, course, video) AS end_bin,
           CAST(sum(change) OVER (PARTITION BY tenant, course, video ORDER BY bin) AS bigint) AS viewers
    FROM changes
),
falls AS (
    -- Viewers change only where a bin is listed, so that the greatest fall is at one of these.
    SELECT v.*, row_number() OVER (PARTITION BY v.tenant, v.course, v.video ORDER BY v.change, v.bin) AS place
    FROM viewers v
    LEFT JOIN lengths l ON l.tenant = v.tenant AND l.course = v.course AND l.video = v.video AND l.place = 1
    WHERE v.bin >= 1 AND v.change < 0 AND (5000 * v.bin < l.length_millis OR l.length_millis IS NULL AND v.bin < v.end_bin)
),
titles AS (
    -- What things are called: the last that was said.
    SELECT tenant, course, object, max_by(title, "time") AS title
    FROM events
    WHERE "type" = 'object.described' AND title IS NOT NULL
    GROUP BY tenant, course, object
)
SELECT f.tenant, f.course, f.video, t.title, f.bin * 5 AS at_second, -f.change AS viewers_lost,
       f.viewers - f.change AS viewers_before
FROM falls f
LEFT JOIN titles t ON t.tenant = f.tenant AND t.course = f.course AND t.object = f.video
WHERE f.place = 1
ORDER BY viewers_lost DESC, f.tenant, f.course, f.video

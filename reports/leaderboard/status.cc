#include "reports/leaderboard/status.h"

#include "reports/leaderboard/filter.h"

namespace zerosweep {

Table SweepStatus(const ResultsReader& reader, const std::string& sweep) {
  RequireSweep(reader, sweep);
  return reader.Query(R"(
WITH stages AS (SELECT DISTINCT st.sweep_id, x.stage_id FROM sweep_trial st
    JOIN trial_stage x ON x.trial_id = st.trial_id
    WHERE ?1 = '' OR st.sweep_id = (SELECT id FROM sweep WHERE name = ?1)),
  by_stage AS (SELECT sweep_id, count(*) AS stages, sum(g.state = 'done') AS stages_done
    FROM stages JOIN stage g ON g.id = stage_id GROUP BY sweep_id),
  by_attempt AS (SELECT sweep_id, sum(a.outcome IS NULL) AS running, sum(a.seconds) AS seconds
    FROM stages JOIN attempt a ON a.stage_id = stages.stage_id GROUP BY sweep_id)
SELECT s.name AS sweep, count(t.id) AS trials,
  coalesce(sum(t.state = 'done'), 0) AS done, coalesce(sum(t.state = 'failed'), 0) AS failed,
  coalesce(sum(t.state = 'cancelled'), 0) AS cancelled, coalesce(sum(t.state = 'open'), 0) AS open,
  coalesce(g.stages, 0) AS stages, coalesce(g.stages_done, 0) AS stages_done,
  coalesce(a.running, 0) AS running, coalesce(a.seconds, 0.0) AS seconds,
  strftime('%Y-%m-%dT%H:%M:%SZ', s.updated, 'unixepoch') AS updated
FROM sweep s
LEFT JOIN sweep_trial st ON st.sweep_id = s.id LEFT JOIN trial t ON t.id = st.trial_id
LEFT JOIN by_stage g ON g.sweep_id = s.id LEFT JOIN by_attempt a ON a.sweep_id = s.id
WHERE ?1 = '' OR s.name = ?1
GROUP BY s.id ORDER BY s.updated DESC, s.id DESC)",
                      {sweep});
}

}  // namespace zerosweep

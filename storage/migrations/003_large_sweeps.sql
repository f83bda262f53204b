-- An unchanged sweep is not inserted again, and a large one faster: an index of states would hold
-- every stage and trial, where only the few that failed or were cancelled are looked for.
ALTER TABLE sweep ADD COLUMN digest TEXT NOT NULL DEFAULT '';
DROP INDEX stage_state;
CREATE INDEX stage_failed ON stage (id) WHERE state = 'failed';
CREATE INDEX stage_cancelled ON stage (id) WHERE state = 'cancelled';
DROP INDEX stage_artifact;
CREATE INDEX stage_artifact ON stage (artifact_id) WHERE artifact_id IS NOT NULL;
DROP INDEX trial_state;

-- When a component was last known to be in its repository.
ALTER TABLE push ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;
-- Nothing was noted so far, so no sweep so far says that anything is gone.
UPDATE sweep SET due = 0, ended = 0;

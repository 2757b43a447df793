-- When a component was last known to be in its repository.
ALTER TABLE push ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;

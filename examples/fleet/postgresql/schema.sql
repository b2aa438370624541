-- Records of a fleet, each once: psql -d astray -f schema.sql. A record that arrives twice (RELP repeats what was not
-- acknowledged) is known by its host and event.id.
CREATE SCHEMA IF NOT EXISTS astray;

CREATE TABLE IF NOT EXISTS astray.records (
    host   text        NOT NULL,
    id     text        NOT NULL,
    at     timestamptz NOT NULL,
    record jsonb       NOT NULL,
    PRIMARY KEY (host, id)
);
CREATE INDEX IF NOT EXISTS records_at ON astray.records (at);
CREATE INDEX IF NOT EXISTS records_class ON astray.records ((record #>> '{astray,class}'), at);

-- What could not be taken, so that one bad line does not stop those behind it.
CREATE TABLE IF NOT EXISTS astray.rejected (
    at     timestamptz NOT NULL DEFAULT now(),
    reason text        NOT NULL,
    line   text        NOT NULL
);

CREATE OR REPLACE FUNCTION astray.take(line text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parsed jsonb;
BEGIN
    parsed := line::jsonb;
    INSERT INTO astray.records (host, id, at, record)
    VALUES (parsed #>> '{host,name}', parsed #>> '{event,id}', (parsed ->> '@timestamp')::timestamptz, parsed)
    ON CONFLICT (host, id) DO NOTHING;
EXCEPTION WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    INSERT INTO astray.rejected (reason, line) VALUES (SQLERRM, left(line, 8192));
END $$;

-- One row an attempt or outcome, with names that read well. An attempt is a record with "start" or "denied", an outcome
-- one with "end"; one record may be both.
CREATE OR REPLACE VIEW astray.events AS
SELECT host, id, at,
       record #> '{event,type}' ?| ARRAY['start', 'denied'] AS attempt,
       record #> '{event,type}' ? 'end'                     AS outcome,
       record #>> '{event,action}'        AS action,
       record #>> '{event,outcome}'       AS result,
       record #>> '{error,type}'          AS error,
       record #>> '{astray,class}'        AS class,
       record #>> '{destination,ip}'      AS ip,
       (record #>> '{destination,port}')::int AS port,
       record #>> '{destination,address}' AS written,
       record #>> '{process,name}'        AS program,
       record #>> '{process,parent,name}' AS parent,
       record #>> '{astray,unit}'         AS unit,
       (SELECT split_part(substr(origin, 5), '@', 1)
          FROM jsonb_array_elements_text(record #> '{astray,origin}') AS origin
         WHERE origin LIKE 'env:%' LIMIT 1) AS variable
  FROM astray.records;

-- The summary: what went astray, the most frequent first.
CREATE OR REPLACE VIEW astray.summary AS
SELECT count(*) FILTER (WHERE attempt)                          AS attempts,
       count(*) FILTER (WHERE outcome AND result = 'success')   AS succeeded,
       count(*) FILTER (WHERE outcome AND result = 'failure')   AS failed,
       count(*) FILTER (WHERE attempt AND action = 'blocked')   AS blocked,
       class, ip, port, written, program, parent, variable,
       count(DISTINCT host) AS hosts, min(at) AS first, max(at) AS last
  FROM astray.events
 WHERE action IN ('detected', 'rewritten', 'blocked')
 GROUP BY class, ip, port, written, program, parent, variable
 ORDER BY attempts DESC;

CREATE OR REPLACE VIEW astray.by_host AS
SELECT host, count(*) FILTER (WHERE attempt) AS attempts, max(at) AS last
  FROM astray.events
 WHERE action IN ('detected', 'rewritten', 'blocked')
 GROUP BY host ORDER BY attempts DESC;

-- Records of a fleet, each once: psql -d astray -f schema.sql, again after each update. A record that arrives twice is known by
-- its host.name and event.id. Wants the role "astray", which may only put records in.
CREATE SCHEMA IF NOT EXISTS astray;

-- What the views rely on is checked here, so that no record can break them.
CREATE TABLE IF NOT EXISTS astray.records (
    host   text        NOT NULL,
    id     text        NOT NULL,
    at     timestamptz NOT NULL,
    record jsonb       NOT NULL,
    PRIMARY KEY (host, id),
    CONSTRAINT is_record CHECK (
        record #> '{event,module}' IS NOT DISTINCT FROM '"astray"'
        AND jsonb_typeof(record #> '{event,type}') IS NOT DISTINCT FROM 'array'
        AND coalesce(jsonb_typeof(record #> '{destination,port}'), 'number') = 'number'
        AND coalesce(jsonb_typeof(record #> '{astray,origin}'), 'array') = 'array'
        AND coalesce(jsonb_typeof(record #> '{astray,ancestry}'), 'array') = 'array')
);
CREATE INDEX IF NOT EXISTS records_at ON astray.records (at);
CREATE INDEX IF NOT EXISTS records_class ON astray.records ((record #>> '{astray,class}'), at);

-- What could not be taken, so that one bad line does not stop those behind it.
CREATE TABLE IF NOT EXISTS astray.rejected (
    at     timestamptz NOT NULL DEFAULT now(),
    reason text        NOT NULL,
    line   text        NOT NULL
);

CREATE OR REPLACE FUNCTION astray.take(line text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parsed jsonb;
BEGIN
    parsed := line::jsonb;
    INSERT INTO astray.records (host, id, at, record)
    VALUES (parsed #>> '{host,name}', parsed #>> '{event,id}', (parsed ->> '@timestamp')::timestamptz, parsed)
    ON CONFLICT (host, id) DO NOTHING;
EXCEPTION WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    INSERT INTO astray.rejected (reason, line) VALUES (SQLERRM, left(coalesce(line, ''), 8192));
END $$;

-- A whole file at once, as often as you like:
-- psql -d astray -c "\copy astray.lines FROM 'FILE' (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
CREATE OR REPLACE VIEW astray.lines AS SELECT record::text AS line FROM astray.records;
CREATE OR REPLACE FUNCTION astray.take_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM astray.take(NEW.line);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER take INSTEAD OF INSERT ON astray.lines FOR EACH ROW EXECUTE FUNCTION astray.take_new();

REVOKE ALL ON FUNCTION astray.take FROM PUBLIC;
GRANT USAGE ON SCHEMA astray TO astray;
GRANT EXECUTE ON FUNCTION astray.take TO astray;

-- Programs that are no script's name, and those above which there is none: as the command has them.
CREATE OR REPLACE VIEW astray.wrappers (name) AS VALUES
    ('sh'), ('bash'), ('dash'), ('ash'), ('zsh'), ('ksh'), ('mksh'), ('busybox'), ('fish'), ('env'), ('sudo'), ('su'), ('timeout'),
    ('nice'), ('nohup'), ('setsid'), ('xargs'), ('ionice'), ('chrt'), ('taskset'), ('stdbuf'), ('setpriv'), ('runuser'),
    ('flock'), ('unshare'), ('script'), ('watch'), ('time'), ('strace'), ('dumb-init'), ('tini'), ('astray');
CREATE OR REPLACE VIEW astray.roots (name) AS VALUES
    ('systemd'), ('init'), ('login'), ('sshd'), ('tmux'), ('tmux: server'), ('screen'), ('containerd-shim'),
    ('containerd-shim-runc-v2');

CREATE OR REPLACE FUNCTION astray.without_pid(program text) RETURNS text IMMUTABLE LANGUAGE sql AS
    $$ SELECT regexp_replace(program, '\[[0-9]+\]$', '') $$;

-- The nearest parent that is more than a wrapper.
CREATE OR REPLACE FUNCTION astray.script(record jsonb) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN name NOT IN (SELECT name FROM astray.roots) THEN name END
      FROM (SELECT 0::bigint, record #>> '{process,parent,name}' WHERE record #>> '{process,parent,name}' <> ''
            UNION ALL
            SELECT place, astray.without_pid(item)
              FROM jsonb_array_elements_text(record #> '{astray,ancestry}') WITH ORDINALITY AS items (item, place)
           ) AS parents (place, name)
     WHERE name NOT IN (SELECT name FROM astray.wrappers)
     ORDER BY place LIMIT 1
$$;

-- The origin to tell: a variable says more than the argument that it became.
CREATE OR REPLACE FUNCTION astray.origin(record jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT astray.without_pid(item)
      FROM jsonb_array_elements_text(record #> '{astray,origin}') WITH ORDINALITY AS items (item, place)
     ORDER BY item LIKE 'env:%' DESC, item LIKE 'argv:%' DESC, place LIMIT 1
$$;

-- A row a record, with names that read well. A stray attempt is a record with "start" or "denied", its outcome one with
-- "end"; one record may be both. A failure that a success to the same name followed is forgiven.
CREATE OR REPLACE VIEW astray.events AS
SELECT host, id, at, kind,
       kind <> 'stray' OR record #> '{event,type}' ?| ARRAY['start', 'denied'] AS attempt,
       kind <> 'stray' OR record #> '{event,type}' ? 'end'                     AS outcome,
       kind = 'failed' AND record #>> '{event,outcome}' = 'success'            AS forgiven,
       record #>> '{event,action}'        AS action,
       record #>> '{event,outcome}'       AS result,
       record #>> '{error,type}'          AS error,
       record #>> '{astray,class}'        AS class,
       record #>> '{destination,ip}'      AS ip,
       (record #>> '{destination,port}')::numeric AS port,
       record #>> '{destination,address}' AS written,
       record #>> '{process,name}'        AS program,
       astray.script(record)              AS script,
       astray.origin(record)              AS origin,
       substring(astray.origin(record) FROM '^env:([^@]*)') AS variable,
       record #>> '{astray,unit}'         AS unit,
       record #>> '{astray,run}'          AS run,
       CASE kind WHEN 'misconfigured' THEN coalesce(record #>> '{error,message}', record ->> 'message') END AS message
  FROM astray.records,
       LATERAL (SELECT CASE record #>> '{event,action}' WHEN 'failed' THEN 'failed'
                       WHEN 'misconfigured' THEN 'misconfigured' ELSE 'stray' END) AS kinds (kind);

-- What can be added up.
CREATE OR REPLACE VIEW astray.counts AS
SELECT kind, host, class, ip, port, written, program, script, origin, variable, message,
       count(*) FILTER (WHERE attempt AND NOT forgiven)                          AS attempts,
       count(*) FILTER (WHERE outcome AND NOT forgiven)                          AS outcomes,
       count(*) FILTER (WHERE forgiven)                                          AS forgiven,
       count(*) FILTER (WHERE outcome AND NOT forgiven AND result = 'success')   AS succeeded,
       count(*) FILTER (WHERE outcome AND NOT forgiven AND result = 'failure')   AS failed,
       count(*) FILTER (WHERE attempt AND action = 'rewritten')                  AS rewritten,
       count(*) FILTER (WHERE attempt AND action = 'blocked')                    AS blocked,
       min(at) FILTER (WHERE NOT forgiven) AS first, max(at) FILTER (WHERE NOT forgiven) AS last
  FROM astray.events
 WHERE attempt OR outcome
 GROUP BY kind, host, class, ip, port, written, program, script, origin, variable, message;

CREATE OR REPLACE FUNCTION astray.tally(attempts numeric, outcomes numeric, forgiven numeric) RETURNS bigint
IMMUTABLE LANGUAGE sql AS $$ SELECT greatest(0, greatest(attempts, outcomes) - forgiven)::bigint $$;

-- The summary, the most frequent first: the groups and numbers of astray summary --format json.
CREATE OR REPLACE VIEW astray.summary AS
SELECT kind, count, attempts, succeeded, failed, greatest(0, count - succeeded - failed - blocked) AS unknown,
       rewritten, blocked, class, written, ip, port, program, script, origin, variable, message, hosts, first, last
  FROM (SELECT kind, astray.tally(sum(attempts), sum(outcomes), sum(forgiven)) AS count, sum(attempts) AS attempts,
               sum(succeeded) AS succeeded, sum(failed) AS failed, sum(rewritten) AS rewritten, sum(blocked) AS blocked,
               class, written, ip, port, program, script, origin, variable, message,
               count(*) AS hosts, min(first) AS first, max(last) AS last
          FROM astray.counts
         GROUP BY kind, class, written, ip, port, program, script, origin, variable, message) AS groups
 ORDER BY kind = 'stray' DESC, kind, count DESC;

-- The same as astray summary --by host.
CREATE OR REPLACE VIEW astray.by_host AS
SELECT kind, host, astray.tally(sum(attempts), sum(outcomes), sum(forgiven)) AS count, sum(attempts) AS attempts,
       sum(succeeded) AS succeeded, sum(failed) AS failed, sum(rewritten) AS rewritten, sum(blocked) AS blocked,
       min(first) AS first, max(last) AS last
  FROM astray.counts
 GROUP BY kind, host
 ORDER BY kind = 'stray' DESC, kind, count DESC;

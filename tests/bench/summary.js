// What `astray summary` does, in DuckDB: node summary.js MODULES LOG THREADS
// Prints the seconds of wall and of CPU time that the query took.
const [modules, log, threads] = process.argv.slice(2);
const { DuckDBInstance } = require(modules + '/@duckdb/node-api');

// Our own lines nest the destination; the reshaped ones have flattened it.
const nested = {
    column: `'destination':'STRUCT(ip VARCHAR, port INTEGER, address VARCHAR)'`,
    select: 'destination.ip AS ip, destination.port AS port, destination.address AS address',
};
const flat = {
    column: `'destination.ip':'VARCHAR','destination.port':'INTEGER','destination.address':'VARCHAR'`,
    select: '"destination.ip" AS ip, "destination.port" AS port, "destination.address" AS address',
};
const shape = log.includes('reshaped') ? flat : nested;

const query = `
    SELECT ${shape.select}, process.name, process.parent.name, astray.class,
        split_part(astray.origin[-1], '[', 1),
        count(*) FILTER (list_contains(event.type, 'start')),
        count(*) FILTER (event.outcome = 'failure'),
        min("@timestamp"), max("@timestamp")
    FROM read_json('${log}', format = 'newline_delimited', columns = {'@timestamp': 'VARCHAR',
        'event': 'STRUCT("type" VARCHAR[], outcome VARCHAR, action VARCHAR)', ${shape.column},
        'process': 'STRUCT("name" VARCHAR, parent STRUCT("name" VARCHAR))',
        'astray': 'STRUCT("class" VARCHAR, origin VARCHAR[])'})
    GROUP BY ALL`;

(async () => {
    const database = await DuckDBInstance.create(':memory:', { threads });
    const connection = await database.connect();
    const started = performance.now(), cpu = process.cpuUsage();
    await connection.runAndReadAll(query);
    const used = process.cpuUsage(cpu);
    console.log(((performance.now() - started) / 1000).toFixed(3),
        ((used.user + used.system) / 1e6).toFixed(3));
})();

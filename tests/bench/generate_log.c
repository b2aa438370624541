/* generate_log.c - a big log, the same one every time.
 *
 * Usage: generate_log [-r] MEGABYTES > LOG
 *
 * Writes records of some 800 bytes as the library would: 40 services with 5 scripts each, a
 * few destinations a service, most attempts followed by their outcome. With -r every line is
 * reshaped as log shippers do it: other key order, blanks, foreign keys, some flattened ones. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <astray/record.h>

#define START UINT64_C(1789948800000000) /* 2026-09-21T00:00:00Z */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t state = 20260921;

static uint64_t below(uint64_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % limit;
}

struct wrong {
    const char *spelling, *ip, *class, *variable;
    unsigned port;
};

static const struct wrong wrongs[] = {
    {"0", "0.0.0.0", "unspecified", "API_ADDR", 80},
    {"0.0.0.0", "0.0.0.0", "unspecified", "OLLAMA_HOST", 11434},
    {"8099", "0.0.31.163", "this-network", "http_proxy", 1080},
    {"192.0.2.10", "192.0.2.10", "documentation", "DATABASE_URL", 5432},
    {"::", "::", "unspecified", "METRICS_URL", 9090},
    {"127.0.0.1", "127.0.0.1", "port-zero", "REDIS_URL", 0},
    {"240.0.0.1", "240.0.0.1", "reserved", "BACKEND_URL", 8080},
};

static const char *const programs[] = {"curl", "wget", "python3", "node", "nc"};

/* One attempt or outcome, and the texts that its record borrows. */
struct finding {
    uint64_t time;
    unsigned service, script, pid;
    const struct wrong *wrong;
    const char *program;
    bool end, failed;
    char when[RECORD_TIME_SIZE], message[128], id[80], attempt[64], executable[64], url[64];
    char parent[32], host[32], unit[32], argument[16], origin[96], ancestor[64];
};

static void draw(struct finding *finding, uint64_t number)
{
    finding->time = START + number * 250000 + below(250000);
    finding->service = (unsigned)below(40);
    finding->script = (unsigned)below(5);
    finding->pid = 1000 + (unsigned)below(30000);
    finding->wrong = &wrongs[(finding->service + below(2)) % COUNT(wrongs)];
    finding->program = programs[(finding->service + finding->script) % COUNT(programs)];
    finding->failed = below(10) != 0;
    snprintf(finding->attempt, sizeof finding->attempt, "8812345-%u-%u", finding->pid,
             (unsigned)number);
}

static void fill_texts(struct finding *finding)
{
    const struct wrong *wrong = finding->wrong;
    record_time_format(finding->time, finding->when);
    snprintf(finding->message, sizeof finding->message, "%s[%u] %s %s:%u (\"%s\")%s",
             finding->program, finding->pid, finding->end ? "connected to" : "connects to",
             wrong->ip, wrong->port, wrong->spelling,
             finding->end ? "" : ", which is no destination");
    snprintf(finding->id, sizeof finding->id, "%s%s", finding->attempt, finding->end ? "-e" : "");
    snprintf(finding->executable, sizeof finding->executable, "/usr/bin/%s", finding->program);
    snprintf(finding->url, sizeof finding->url, "http://%s:%u/health", wrong->spelling,
             wrong->port);
    snprintf(finding->parent, sizeof finding->parent, "job%u.sh", finding->script);
    snprintf(finding->host, sizeof finding->host, "web-%u", finding->service % 7);
    snprintf(finding->unit, sizeof finding->unit, "service%u.service", finding->service);
    snprintf(finding->argument, sizeof finding->argument, "argv:%u", 2 + finding->service % 3);
    snprintf(finding->ancestor, sizeof finding->ancestor, "%s[%u]", finding->parent,
             finding->pid - 1);
    snprintf(finding->origin, sizeof finding->origin, "env:%s@%s", wrong->variable,
             finding->ancestor);
}

static void set(struct record *record, enum record_field field, const char *text)
{
    record_set_text(record, field, slice_of(text));
}

static void set_event(struct record *record, const struct finding *finding)
{
    static const struct slice category[] = {{"network", 7}};
    static const struct slice start[] = {{"connection", 10}, {"start", 5}};
    static const struct slice end[] = {{"connection", 10}, {"end", 3}};
    set(record, RECORD_TIMESTAMP, finding->when);
    set(record, RECORD_LEVEL, "warning");
    set(record, RECORD_MESSAGE, finding->message);
    set(record, RECORD_ECS_VERSION, RECORD_ECS);
    set(record, RECORD_EVENT_KIND, "event");
    record_set_list(record, RECORD_EVENT_CATEGORY, category, 1);
    record_set_list(record, RECORD_EVENT_TYPE, finding->end ? end : start, 2);
    set(record, RECORD_EVENT_MODULE, "astray");
    set(record, RECORD_EVENT_DATASET, "astray.connections");
    set(record, RECORD_EVENT_ACTION, "detected");
    set(record, RECORD_EVENT_OUTCOME,
        !finding->end     ? "unknown"
        : finding->failed ? "failure"
                          : "success");
    set(record, RECORD_EVENT_REASON, finding->wrong->class);
    set(record, RECORD_EVENT_ID, finding->id);
    if (finding->end) {
        record_set_number(record, RECORD_EVENT_DURATION, 20000 + finding->pid);
        if (finding->failed) {
            set(record, RECORD_ERROR_TYPE, "ECONNREFUSED");
            set(record, RECORD_ERROR_CODE, "111");
        }
    }
}

static long write_own(const struct finding *finding)
{
    const struct slice args[] = {slice_of(finding->program), SLICE("-fsS"), slice_of(finding->url)};
    const struct slice origins[] = {slice_of(finding->argument), slice_of(finding->origin)};
    const struct slice ancestry[] = {slice_of(finding->ancestor)};
    struct record record;
    char line[RECORD_LINE_MAX];
    record_start(&record);
    set_event(&record, finding);
    set(&record, RECORD_NETWORK_TRANSPORT, "tcp");
    set(&record, RECORD_DESTINATION_ADDRESS, finding->wrong->spelling);
    set(&record, RECORD_DESTINATION_IP, finding->wrong->ip);
    record_set_number(&record, RECORD_DESTINATION_PORT, finding->wrong->port);
    record_set_number(&record, RECORD_PROCESS_PID, finding->pid);
    set(&record, RECORD_PROCESS_NAME, finding->program);
    set(&record, RECORD_PROCESS_EXECUTABLE, finding->executable);
    record_set_list(&record, RECORD_PROCESS_ARGS, args, COUNT(args));
    record_set_number(&record, RECORD_PARENT_PID, finding->pid - 1);
    set(&record, RECORD_PARENT_NAME, finding->parent);
    set(&record, RECORD_HOST_NAME, finding->host);
    record_set_number(&record, RECORD_SCHEMA, RECORD_FORMAT);
    set(&record, RECORD_ATTEMPT, finding->attempt);
    set(&record, RECORD_CLASS, finding->wrong->class);
    set(&record, RECORD_CALL, "connect");
    set(&record, RECORD_MODE, "audit");
    set(&record, RECORD_UNIT, finding->unit);
    record_set_list(&record, RECORD_ORIGIN, origins, COUNT(origins));
    record_set_list(&record, RECORD_ANCESTRY, ancestry, COUNT(ancestry));
    return (long)fwrite(line, 1, record_encode(&record, line), stdout);
}

static long write_reshaped(const struct finding *finding)
{
    const char *outcome = !finding->end ? "unknown" : finding->failed ? "failure" : "success";
    int length = printf(
        "{\"@version\": \"1\", \"agent\": {\"name\": \"%s\", \"type\": \"filebeat\"}, "
        "\"astray\": {\"ancestry\": [\"%s\"], \"attempt\": \"%s\", \"call\": \"connect\", "
        "\"class\": \"%s\", \"mode\": \"audit\", \"origin\": [\"%s\", \"%s\"], \"schema\": 1, "
        "\"unit\": \"%s\"}, \"destination.address\": \"%s\", \"destination.ip\": \"%s\", "
        "\"destination.port\": %u, ",
        finding->host, finding->ancestor, finding->attempt, finding->wrong->class,
        finding->argument, finding->origin, finding->unit, finding->wrong->spelling,
        finding->wrong->ip, finding->wrong->port);
    length += printf(
        "\"event\": {\"action\": \"detected\", \"category\": [\"network\"], \"id\": \"%s\", "
        "\"kind\": \"event\", \"module\": \"astray\", \"outcome\": \"%s\", \"reason\": \"%s\", "
        "\"type\": [\"connection\", \"%s\"]}, \"host\": {\"name\": \"%s\"}, "
        "\"message\": \"%s[%u] connects to %s:%u (\\\"%s\\\")\", "
        "\"process\": {\"executable\": \"%s\", \"name\": \"%s\", \"parent\": {\"name\": \"%s\", "
        "\"pid\": %u}, \"pid\": %u}, \"@timestamp\": \"%s\"}\n",
        finding->id, outcome, finding->wrong->class, finding->end ? "end" : "start", finding->host,
        finding->program, finding->pid, finding->wrong->ip, finding->wrong->port,
        finding->wrong->spelling, finding->executable, finding->program, finding->parent,
        finding->pid - 1, finding->pid, finding->when);
    return length;
}

int main(int argc, char **argv)
{
    bool reshaped = argc == 3 && strcmp(argv[1], "-r") == 0;
    if (argc != 2 && !reshaped) {
        fprintf(stderr, "usage: generate_log [-r] MEGABYTES > LOG\n");
        return 2;
    }
    long wanted = atol(argv[argc - 1]) * 1000000L, written = 0;
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (uint64_t number = 0; written < wanted; number++) {
        static struct finding finding;
        draw(&finding, number);
        for (int end = 0; end < (number % 20 == 0 ? 1 : 2); end++) {
            finding.end = end == 1;
            finding.time += 400;
            fill_texts(&finding);
            written += (reshaped ? write_reshaped : write_own)(&finding);
        }
    }
    return fflush(stdout) == 0 ? 0 : 2;
}

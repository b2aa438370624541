#include <stdio.h>
#include <string.h>

#include "check.h"
#include "guard.h"
#include "scan_quick.h"
#include "tsv.h"
#include "unit.h"

/* What was found: the rules' names with their lines, "unspecified@3 port-zero@4". */
struct found {
    char text[4096];
    size_t length;
    enum rule_level level; /* of the last */
};

static void on_finding(void *context, const struct finding *finding)
{
    struct found *found = context;
    found->level = finding->level;
    found->length += (size_t)snprintf(
        found->text + found->length, sizeof found->text - found->length, "%s%s@%zu",
        found->length > 0 ? " " : "", rules[finding->rule].slug, finding->line + 1);
}

static struct judge_settings settings_of(const struct expand_values *given)
{
    struct judge_settings settings = {.given = given};
    policy_start(&settings.policy);
    for (int id = 0; id < RULE_COUNT; id++)
        settings.enabled[id] = !rules[id].opt_in;
    return settings;
}

static void find(const struct judge_settings *settings, const char *type, const char *text,
                 size_t length, struct found *found)
{
    const struct scan_type *row = scan_type_named(slice_of(type));
    struct judge judge;
    struct scan scan;
    *found = (struct found){0};
    ck_assert_msg(row != NULL, "no type %s", type);
    judge_start(&judge, settings);
    judge.found = on_finding;
    judge.context = found;
    judge.template = row->scan == scan_kubernetes                        ? JUDGE_TEMPLATE_KUBERNETES
                     : row->scan == scan_yaml || row->scan == scan_pairs ? JUDGE_TEMPLATE
                     : row->scan == scan_nginx                           ? JUDGE_TEMPLATE
                                                                         : JUDGE_LITERAL;
    scan_start(&scan, judge_item, &judge);
    scan.last = true;
    row->scan(&scan, (struct slice){.data = text, .length = length});
    scan_stop(&scan);
    judge_stop(&judge);
}

/* "\n", "\t" and "\\" of TEXT become what they stand for, in place. */
static size_t unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && (from[1] == 'n' || from[1] == 't' || from[1] == '\\')) {
            *to = from[1] == 'n' ? '\n' : from[1] == 't' ? '\t' : '\\';
            from += 2;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

static void check_file_of_cases(const char *name, int least)
{
    struct judge_settings settings = settings_of(NULL);
    struct tsv tsv;
    struct found found;
    int rows = 0;
    tsv_open(&tsv, name);
    while (tsv_next(&tsv, 5)) {
        size_t length = unescape(tsv.column[3]);
        const char *text = guard_copy(tsv.column[3], length);
        find(&settings, tsv.column[1], text, length, &found);
        char *at = strchr(found.text, '@');
        size_t rule = at == NULL ? 0 : (size_t)(at - found.text);
        bool right = strcmp(tsv.column[2], "-") == 0
                         ? found.length == 0
                         : rule == strlen(tsv.column[2]) &&
                               memcmp(found.text, tsv.column[2], rule) == 0 &&
                               strchr(found.text, ' ') == NULL;
        ck_assert_msg(right, "%s:%d: %s: found \"%s\"", name, tsv.number, tsv.column[3],
                      found.text);
        bool quick = scan_quick((struct slice){.data = text, .length = length}, true);
        bool curlrc = strstr(tsv.column[1], "rc") != NULL || strcmp(tsv.column[1], "nginx") == 0 ||
                      strcmp(tsv.column[1], "hosts") == 0;
        ck_assert_msg(quick || found.length == 0 || curlrc, "%s:%d: passed over", name, tsv.number);
        rows++;
    }
    ck_assert_int_ge(rows, least);
}

START_TEST(the_corpus_is_right_line_by_line)
{
    check_file_of_cases("check/corpus.tsv", 50);
}
END_TEST

START_TEST(cases_of_real_projects_are_right)
{
    check_file_of_cases("check/cases.tsv", 400);
}
END_TEST

/* A realistic file of each type, in which nothing is wrong; the case's line takes the place of the
 * marker's, indented as that. */
struct frame {
    const char *type;
    const char *starts; /* with one of these, separated by blanks; NULL for any */
    const char *text;
};

#define SHELL_HEAD "#!/bin/sh\nset -e\nAPP=/srv/app\nlog() { echo \"$(date): $*\"; }\ncd \"$APP\"\n"
#define K8S_HEAD                                                                                   \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    "      \
    "spec:\n"
#define COMPOSE_HEAD "services:\n  app:\n    image: app:1.2.3\n    restart: always\n"

static const struct frame frames[] = {
    {"env", NULL,
     "# settings\nNODE_ENV=production\nLOG_LEVEL=info\nPUBLIC_URL=https://app.internal\n@\n"
     "SECRET_KEY=\"a b#c\"\nRETRIES=3\nTZ=UTC\n"},
    {"shell", NULL, SHELL_HEAD "@\nlog \"done: 0.0.0.0 is what we listen at\"\nexit 0\n"},
    {"nginx", "upstream proxy_pass fastcgi_pass listen allow",
     "user www-data;\nworker_processes auto;\nhttp {\n  include mime.types;\n  server_tokens off;\n"
     "  @\n  gzip on;\n}\n"},
    {"compose", "test: healthcheck:",
     COMPOSE_HEAD "    healthcheck:\n      @\n      interval: 30s\n      retries: 3\n"},
    {"compose", "ports: expose:", COMPOSE_HEAD "    @\n    depends_on: [db]\n"},
    {"compose", "API_URL:", COMPOSE_HEAD "    environment:\n      LOG_LEVEL: info\n      @\n"},
    {"systemd", NULL,
     "[Unit]\nDescription=The application\nAfter=network-online.target\n\n[Service]\nUser=app\n@\n"
     "Restart=on-failure\nRestartSec=5\n\n[Install]\nWantedBy=multi-user.target\n"},
    {"k8s", "httpGet:",
     K8S_HEAD "      containers:\n      - name: app\n        image: app:1.2.3\n"
              "        livenessProbe:\n          @\n          periodSeconds: 10\n"},
    {"k8s", "cidr:",
     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec:\n  egress:\n  - to:\n"
     "    - ipBlock:\n        @\n"},
    {"hosts", NULL,
     "127.0.0.1 localhost\n::1 localhost ip6-localhost\n@\n10.0.0.5 db.internal db\n"},
    {"dockerfile", NULL, "FROM debian:12\nWORKDIR /app\nCOPY . .\n@\nEXPOSE 8080\nUSER app\n"},
    {"crontab", NULL, "MAILTO=root\n# m h dom mon dow command\n@\n30 2 * * 0 /usr/bin/backup\n"},
};

static bool starts_with_one(const char *line, const char *starts)
{
    struct slice rest = slice_of(starts), piece;
    if (starts == NULL)
        return true;
    while (slice_cut(&rest, ' ', &piece))
        if (slice_starts_with(slice_of(line), piece))
            return true;
    return false;
}

static void embed(const struct frame *frame, const char *line, char *out, size_t size, size_t *at)
{
    const char *marker = strchr(frame->text, '@');
    const char *start = marker;
    while (start > frame->text && start[-1] != '\n')
        start--;
    *at = 1;
    for (const char *c = frame->text; c < marker; c++)
        *at += *c == '\n';
    snprintf(out, size, "%.*s%s%s", (int)(marker - frame->text), frame->text, line, marker + 1);
}

START_TEST(each_line_of_the_corpus_is_right_inside_a_file_of_its_kind)
{
    struct judge_settings settings = settings_of(NULL);
    struct tsv tsv;
    struct found found;
    char text[4096], wanted[64];
    int rows = 0, embedded = 0;
    tsv_open(&tsv, "check/corpus.tsv");
    while (tsv_next(&tsv, 5)) {
        bool any = false;
        rows++;
        for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
            size_t at;
            if (strcmp(frames[i].type, tsv.column[1]) != 0 ||
                !starts_with_one(tsv.column[3], frames[i].starts))
                continue;
            embed(&frames[i], tsv.column[3], text, sizeof text, &at);
            find(&settings, tsv.column[1], text, strlen(text), &found);
            snprintf(wanted, sizeof wanted, "%s@%zu", tsv.column[2], at);
            if (tsv.column[2][0] == '-')
                wanted[0] = '\0';
            ck_assert_msg(strcmp(found.text, wanted) == 0, "line %d: found \"%s\" in\n%s",
                          tsv.number, found.text, text);
            any = true;
        }
        embedded += any;
    }
    ck_assert_int_eq(embedded, rows);
}
END_TEST

START_TEST(one_line_cases_are_right_inside_a_file_of_their_kind)
{
    struct judge_settings settings = settings_of(NULL);
    struct tsv tsv;
    struct found found;
    char text[4096], wanted[64];
    int embedded = 0;
    tsv_open(&tsv, "check/cases.tsv");
    while (tsv_next(&tsv, 5)) {
        const struct frame *frame = NULL;
        for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
            if (frames[i].starts == NULL && strcmp(frames[i].type, tsv.column[1]) == 0)
                frame = &frames[i];
        if (frame == NULL || strstr(tsv.column[3], "\\n") != NULL)
            continue;
        size_t at;
        unescape(tsv.column[3]);
        embed(frame, tsv.column[3], text, sizeof text, &at);
        find(&settings, tsv.column[1], text, strlen(text), &found);
        snprintf(wanted, sizeof wanted, "%s@%zu", tsv.column[2], at);
        if (tsv.column[2][0] == '-')
            wanted[0] = '\0';
        ck_assert_msg(strcmp(found.text, wanted) == 0, "line %d: found \"%s\" in\n%s", tsv.number,
                      found.text, text);
        embedded++;
    }
    ck_assert_int_ge(embedded, 250);
}
END_TEST

START_TEST(given_values_prove_a_variable_empty)
{
    static const struct {
        const char *why, *value, *text, *found;
        enum rule_level level;
    } rows[] = {
        {"not known at all", NULL, "curl http://$A:80/", "unset-variable@1", RULE_WARNING},
        {"empty", "", "curl http://$A:80/", "unset-variable@1", RULE_ERROR},
        {"0", "0", "curl http://$A:80/", "unset-variable@1", RULE_ERROR},
        {"0 by arithmetic", "", "curl $((A)):80", "unset-variable@1", RULE_ERROR},
        {"fine", "api", "curl http://$A:80/", "", RULE_NOTE},
        {"a bind address", "0.0.0.0", "curl http://$A:80/", "unspecified@1", RULE_ERROR},
        {"a whole URL", "0:80", "curl \"$A\"", "unspecified@1", RULE_ERROR},
        {"empty, with a default", "", "curl http://${A:-api}:80/", "", RULE_NOTE},
        {"empty, and the shell ends", "", "curl http://${A:?}:80/", "", RULE_NOTE},
        {"set, and another word", "x", "curl http://${A:+0}:80/", "unspecified@1", RULE_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct expand_values values = {.source = "prod.env"};
        struct found found;
        if (rows[i].value != NULL)
            expand_replace(&values, SLICE("A"), slice_of(rows[i].value));
        struct judge_settings settings = settings_of(&values);
        find(&settings, "shell", rows[i].text, strlen(rows[i].text), &found);
        ck_assert_msg(strcmp(found.text, rows[i].found) == 0, "%s: %s", rows[i].why, found.text);
        if (found.length > 0)
            ck_assert_msg(found.level == rows[i].level, "%s: level %d", rows[i].why, found.level);
        expand_free(&values);
    }
}
END_TEST

START_TEST(what_is_told_at_the_variable_is_not_told_again)
{
    static const char text[] = "API_URL=http://0:80\ncurl \"$API_URL/x\"\ncurl $API_URL\n";
    struct judge_settings settings = settings_of(NULL);
    struct found found;
    find(&settings, "shell", text, strlen(text), &found);
    ck_assert_str_eq(found.text, "unspecified@1");
}
END_TEST

START_TEST(a_rule_that_is_off_is_not_found)
{
    struct judge_settings settings = settings_of(NULL);
    struct found found;
    settings.enabled[RULE_UNSPECIFIED] = false;
    find(&settings, "env", "API_URL=0:80", 12, &found);
    ck_assert_str_eq(found.text, "");
    find(&settings, "env", "API_URL=http://api.example:80", 29, &found);
    ck_assert_str_eq(found.text, "");
    settings.enabled[RULE_RESERVED_NAME] = true;
    find(&settings, "env", "API_URL=http://api.example:80", 29, &found);
    ck_assert_str_eq(found.text, "reserved-name@1");
}
END_TEST

START_TEST(the_policy_decides_as_at_run_time)
{
    struct judge_settings settings = settings_of(NULL);
    struct policy_problem problem;
    struct found found;
    ck_assert(policy_set(&settings.policy, SLICE("allow"), SLICE("192.0.2.0/24"), &problem));
    find(&settings, "env", "API_URL=http://192.0.2.1", 24, &found);
    ck_assert_str_eq(found.text, "");
    find(&settings, "env", "API_URL=http://198.51.100.1", 27, &found);
    ck_assert_str_eq(found.text, "documentation@1");
}
END_TEST

static const TTest *const tests[] = {
    the_corpus_is_right_line_by_line,
    cases_of_real_projects_are_right,
    each_line_of_the_corpus_is_right_inside_a_file_of_its_kind,
    one_line_cases_are_right_inside_a_file_of_their_kind,
    given_values_prove_a_variable_empty,
    what_is_told_at_the_variable_is_not_told_again,
    a_rule_that_is_off_is_not_found,
    the_policy_decides_as_at_run_time,
};
UNIT_MAIN("judge", tests)

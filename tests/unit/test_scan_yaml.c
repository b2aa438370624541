#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"variables", "environment: {A: \"0:${B}\"}\n", "named! endpoints A 0:<2{B}> @1:19\n"},
        {"a list of them", "environment:\n- A=b\n", "named! endpoints A b @2:3\n"},
        {"a health check", "test: [CMD, curl, \"0:80\"]\n",
         "destination endpoint curl 0:80 @1:20\n"},
        {"two dollars are one", "test: curl $$A:80\n", "destination endpoint curl <1A>:80 @1:12\n"},
        {"ports", "ports: [\"0.0.0.0:80:80\"]\nexpose: [80]\n", ""},
        {"by name and parent", "redis:\n  host: 0\n", "named endpoints redis.host 0 @2:9\n"},
        {"an alias", "a: &x {b_url: 0}\nc: *x\n", "named endpoints a.b_url 0 @1:15\n"},
        {"no value", "a: null\nb: ~\nc:\n", ""},
        {"what is no YAML", "a: [\n",
         "trouble endpoint YAML did not find expected node content @2:1\n"},
        {"a template", "a: {{ b }}: c\nd_url: 0:80\n",
         "named endpoints a {{ b }}: c @1:4\nnamed endpoints d_url 0:80 @2:8\n"},
    };
    scan_text_check(scan_compose, SCAN_ROWS(rows));
}
END_TEST

START_TEST(knows_what_kubernetes_means)
{
    static const struct scan_row rows[] = {
        {"a list of variables", "env: [{name: A, value: \"$(B)\"}]\n",
         "named! endpoints A <4(B)> @1:25\n"},
        {"a probe", "httpGet: {path: /, host: 0}\n",
         "named endpoints httpGet.path / @1:17\ndestination host host 0 @1:26\n"},
        {"a command and its arguments", "command: [curl]\nargs: [\"0:80\"]\n",
         "destination endpoint curl 0:80 @2:9\n"},
        {"a file in a map", "data:\n  nginx.conf: |\n    proxy_pass http://0;\n",
         "destination endpoint proxy_pass http://0 @3:12\n"},
        {"an address of the host", "hostIP: 0.0.0.0\n", ""},
    };
    scan_text_check(scan_kubernetes, SCAN_ROWS(rows));
}
END_TEST

START_TEST(finds_scripts_in_other_yaml)
{
    static const struct scan_row rows[] = {
        {"a step", "run: |\n  x\n  curl 0:80\n", "destination endpoint curl 0:80 @3:6\n"},
        {"a pipeline", "script: [\"curl 0:80\"]\n", "destination endpoint curl 0:80 @1:16\n"},
        {"targets", "targets: [\"0:9\"]\n", "named endpoints targets 0:9 @1:12\n"},
        {"a collector's receiver", "receivers: {otlp: {endpoint: 0.0.0.0:1}}\n", ""},
    };
    scan_text_check(scan_yaml, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_compose);
}
END_TEST

static const TTest *const tests[] = {reports_destinations_and_variables,
                                     knows_what_kubernetes_means, finds_scripts_in_other_yaml,
                                     survives_anything};
UNIT_MAIN("scan_yaml", tests)

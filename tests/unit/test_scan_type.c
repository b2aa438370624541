#include "scan_type.h"

#include <string.h>

#include "unit.h"

START_TEST(names_and_first_lines_tell_the_type)
{
    static const struct {
        const char *path, *head, *type;
    } rows[] = {
        {".env", "", "env"},
        {"a/.env.production", "", "env"},
        {"/etc/default/app", "", "env"},
        {"etc/default/app", "", "env"},
        {"deploy.sh", "", "shell"},
        {"bin/deploy", "#!/usr/bin/env bash\n", "shell"},
        {"bin/deploy", "#!/usr/bin/python3\n", NULL},
        {"/etc/cron.daily/x", "#!/bin/sh\n", "shell"},
        {"/etc/cron.d/x", "* * * * * root x\n", "crontab-system"},
        {"/etc/nginx/sites-enabled/x", "", "nginx"},
        {"x.conf", "server {\n listen 80;\n}\n", "nginx"},
        {"x.conf", "a = b\n", "pairs"},
        {"/etc/systemd/system/x.service.d/y.conf", "", "systemd"},
        {"x.service", "", "systemd"},
        {"docker-compose.prod.yml", "", "compose"},
        {"stack.yml", "services:\n  a:\n", "compose"},
        {"a.yaml", "apiVersion: v1\nkind: Pod\n", "k8s"},
        {"a.yaml", "a: b\n", "yaml"},
        {"Dockerfile", "", "dockerfile"},
        {"Dockerfile.dev", "", "dockerfile"},
        {"nginx.conf.j2", "", "nginx"},
        {"/etc/hosts", "", "hosts"},
        {".curlrc", "", "curlrc"},
        {"vite.config.ts", "", "pairs"},
        {"README.md", "text\n", NULL},
        {"main.c", "int main(void);\n", NULL},
        {"", "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct scan_type *type = scan_type_of(slice_of(rows[i].path), slice_of(rows[i].head));
        const char *name = type == NULL ? "(none)" : type->name;
        ck_assert_msg(strcmp(name, rows[i].type == NULL ? "(none)" : rows[i].type) == 0, "%s: %s",
                      rows[i].path, name);
    }
}
END_TEST

START_TEST(templates_and_examples_are_told)
{
    ck_assert(scan_type_is_example(SLICE(".env.example")));
    ck_assert(scan_type_is_example(SLICE("a/nginx.conf.j2")));
    ck_assert(scan_type_is_example(SLICE("config.sample.yml")));
    ck_assert(!scan_type_is_example(SLICE(".env")));
    ck_assert(!scan_type_is_example(SLICE("example/.env")));
}
END_TEST

static const TTest *const tests[] = {names_and_first_lines_tell_the_type,
                                     templates_and_examples_are_told};
UNIT_MAIN("scan_type", tests)

#include "scan_type.h"

#include <pthread.h>
#include <string.h>

// clang-format off
const struct scan_type scan_types[] = {
    {.name = "env", .scan = scan_env,
     .paths = ".env .env.* *.env env.list */etc/default/* */etc/sysconfig/* */etc/environment "
              "*/environment.d/*.conf */conf.d/*.env .envrc"},
    {.name = "compose", .scan = scan_compose, .whole = true,
     .paths = "docker-compose*.yml docker-compose*.yaml compose.yml compose.yaml compose.*.yml "
              "compose.*.yaml compose-*.yml compose-*.yaml docker-stack*.yml docker-stack*.yaml"},
    {.name = "dockerfile", .scan = scan_docker,
     .paths = "Dockerfile Dockerfile.* *.Dockerfile *.dockerfile Containerfile Containerfile.* "
              "dockerfile"},
    {.name = "nginx", .scan = scan_nginx,
     .paths = "nginx.conf nginx*.conf *.nginx *.nginx.conf */nginx/*.conf */nginx/conf.d/* "
              "*/nginx/sites-available/* */nginx/sites-enabled/* */nginx/snippets/* "
              "*/nginx/templates/*.template nginx*.conf.template default.conf.template "
              "*/nginx/modules-enabled/*"},
    {.name = "systemd", .scan = scan_systemd,
     .paths = "*.service *.socket *.mount *.automount *.target *.path *.slice *.scope *.netdev "
              "*.network *.service.d/*.conf *.socket.d/*.conf */systemd/*.conf */systemd/*.d/*.conf "
              "*.service.in *.nspawn"},
    {.name = "crontab-system", .scan = scan_crontab_system, .paths = "*/etc/crontab */cron.d/*"},
    {.name = "crontab", .scan = scan_crontab,
     .paths = "crontab *.cron *.crontab */spool/cron/crontabs/* */spool/cron/* crontab.*"},
    {.name = "curlrc", .scan = scan_curlrc, .paths = ".curlrc curlrc _curlrc *.curlrc"},
    {.name = "wgetrc", .scan = scan_wgetrc, .paths = ".wgetrc wgetrc *.wgetrc"},
    {.name = "hosts", .scan = scan_hosts, .paths = "*/etc/hosts hosts *.hosts hosts.txt"},
    {.name = "shell", .scan = scan_shell,
     .paths = "*.sh *.bash *.ksh *.zsh *.dash .bashrc .bash_profile .profile .zshrc .bash_aliases "
              "*/profile.d/* *.sh.in *.ebuild PKGBUILD APKBUILD *.bats"},
    {.name = "k8s", .scan = scan_kubernetes, .whole = true,
     .paths = "kustomization.yaml kubeconfig *.kubeconfig */.kube/config"},
    {.name = "yaml", .scan = scan_yaml, .whole = true, .data = true, .paths = "*.yml *.yaml"},
    {.name = "json", .scan = scan_yaml, .whole = true, .data = true, .paths = "package.json "
              "appsettings.json appsettings.*.json config.json *.config.json launch.json "
              "devcontainer.json settings.json daemon.json"},
    {.name = "pairs", .scan = scan_pairs,
     .paths = "*.properties *.ini *.toml *.cfg *.config.js *.config.ts *.config.mjs *.config.cjs "
              "*/apt.conf.d/* apt.conf .npmrc .gitconfig pip.conf .pip.conf gradle.properties "
              "*.conf"},
    {.name = NULL},
};
// clang-format on

/* ---- the globs, taken apart once --------------------------------------------------- */

struct glob {
    const struct scan_type *type;
    struct slice text;
    struct slice start; /* up to the first '*' */
    struct slice
        inner;   /* up to the second: stands somewhere behind; or the end when there is none */
    bool path;   /* over the whole path */
    bool single; /* one '*' at the most: start and inner say it all */
};

#define GLOBS_MAX 256
static struct glob globs[GLOBS_MAX];
static size_t glob_count;
static pthread_once_t globs_once = PTHREAD_ONCE_INIT;

static void take_apart(const struct scan_type *type, struct slice text)
{
    struct glob *glob = &globs[glob_count++];
    size_t star = slice_find(text, '*');
    *glob = (struct glob){.type = type, .text = text, .start = {text.data, star}};
    glob->path = slice_find(text, '/') < text.length;
    glob->inner = slice_from(text, star + 1);
    size_t next = slice_find(glob->inner, '*');
    glob->single = next == glob->inner.length;
    glob->inner.length = next;
}

static void build_globs(void)
{
    for (const struct scan_type *type = scan_types; type->name != NULL; type++) {
        struct slice rest = slice_of(type->paths), text;
        while (slice_cut(&rest, ' ', &text))
            if (text.length > 0 && glob_count < GLOBS_MAX)
                take_apart(type, text);
    }
}

static bool fits(const struct glob *glob, struct slice name)
{
    if (name.length + 2 < glob->start.length + glob->inner.length ||
        (glob->start.length > 0 &&
         (name.length < glob->start.length || name.data[0] != glob->start.data[0])))
        return false;
    if (glob->start.length == glob->text.length)
        return slice_equal(name, glob->text);
    if (glob->single) {
        size_t end = glob->inner.length;
        return name.length >= glob->start.length + end &&
               (end == 0 || name.data[name.length - 1] == glob->inner.data[end - 1]) &&
               slice_starts_with(name, glob->start) && slice_ends_with(name, glob->inner);
    }
    if (glob->inner.length > 0 &&
        (name.length < glob->inner.length ||
         memmem(name.data, name.length, glob->inner.data, glob->inner.length) == NULL))
        return false;
    return slice_matches(name, glob->text);
}

const struct scan_type *scan_type_named(struct slice name)
{
    for (const struct scan_type *type = scan_types; type->name != NULL; type++)
        if (slice_equal(name, slice_of(type->name)))
            return type;
    return NULL;
}

static const char *const example_ends[] = {".example", ".sample",   ".dist",  ".template", ".tmpl",
                                           ".tpl",     ".j2",       ".jinja", ".jinja2",   ".erb",
                                           ".in",      ".mustache", ".hbs",   ".gotmpl"};

bool scan_type_is_example(struct slice path)
{
    struct slice base = slice_base(path);
    for (size_t i = 0; i < sizeof example_ends / sizeof *example_ends; i++)
        if (slice_ends_with(base, slice_of(example_ends[i])))
            return true;
    return slice_matches(base, SLICE("*.example.*")) || slice_matches(base, SLICE("*.sample.*")) ||
           slice_matches(base, SLICE("*example*.env")) || slice_matches(base, SLICE("*.dist.*"));
}

/* The path without an ending that says "template": nginx.conf.j2 is an nginx.conf. */
static struct slice without_template(struct slice path)
{
    for (size_t i = 0; i < sizeof example_ends / sizeof *example_ends; i++) {
        struct slice end = slice_of(example_ends[i]);
        if (slice_ends_with(path, end) && path.length > end.length)
            return (struct slice){.data = path.data, .length = path.length - end.length};
    }
    return path;
}

static const struct scan_type *of_exact_path(struct slice path)
{
    char absolute[4096];
    struct slice base = slice_base(path);
    struct text text;
    /* "etc/hosts" and "/etc/hosts" are the same to the globs. */
    text_start(&text, absolute, sizeof absolute);
    text_char(&text, '/');
    text_slice(&text, path);
    pthread_once(&globs_once, build_globs);
    for (size_t i = 0; i < glob_count; i++)
        if (fits(&globs[i], globs[i].path ? text_done(&text) : base))
            return globs[i].type;
    return NULL;
}

const struct scan_type *scan_type_of_path(struct slice path)
{
    const struct scan_type *type = of_exact_path(path);
    struct slice inner = without_template(path);
    return type != NULL || inner.length == path.length ? type : of_exact_path(inner);
}

static bool has(struct slice text, const char *needle)
{
    return text.length > 0 && memmem(text.data, text.length, needle, strlen(needle)) != NULL;
}

static bool has_line(struct slice text, const char *start)
{
    struct slice line;
    while (scan_line(&text, &line))
        if (slice_starts_with(line, slice_of(start)))
            return true;
    return false;
}

static bool is_shell_shebang(struct slice head)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ksh", "zsh", "ash", "mksh", "bats"};
    struct slice line = head;
    if (!slice_starts_with(head, SLICE("#!")))
        return false;
    line.length = slice_find(line, '\n');
    line = slice_from(line, 2);
    struct slice word;
    while (slice_cut(&line, ' ', &word)) {
        word = slice_trim(slice_base(word));
        for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
            if (slice_equal(word, slice_of(shells[i])))
                return true;
    }
    return false;
}

/* YAML that a name tells nothing about, by its first keys. */
static const struct scan_type *of_yaml(struct slice head)
{
    if (has_line(head, "apiVersion:") || has_line(head, "kind:"))
        return scan_type_named(SLICE("k8s"));
    if (has_line(head, "services:"))
        return scan_type_named(SLICE("compose"));
    return scan_type_named(SLICE("yaml"));
}

const struct scan_type *scan_type_of(struct slice path, struct slice head)
{
    const struct scan_type *type = scan_type_of_path(path);
    /* /etc/default/x, cron.d/x and the like are what their place says, whatever they begin with */
    if (is_shell_shebang(head) && (type == NULL || type->scan != scan_shell))
        return scan_type_named(SLICE("shell"));
    if (type == NULL)
        return NULL;
    if (slice_equal(slice_of(type->name), SLICE("yaml")))
        return of_yaml(head);
    bool conf = slice_equal(slice_of(type->name), SLICE("pairs")) &&
                slice_ends_with(without_template(path), SLICE(".conf"));
    if (conf && (has(head, "proxy_pass ") || has(head, "server {") || has(head, "upstream ") ||
                 has(head, "fastcgi_pass ") || has(head, "location /")))
        return scan_type_named(SLICE("nginx"));
    if (conf && (has_line(head, "[Service]") || has_line(head, "[Unit]")))
        return scan_type_named(SLICE("systemd"));
    return type;
}

#include <astray/mask.h>

#include <stdbool.h>
#include <string.h>

#define MASK "***"

/* Command strings inside of command strings: `ssh host 'sh -c "..."'`. */
#define NESTING_MAX 3

/* A longer one would be no userinfo; keeps the time bounded. */
#define USERINFO_MAX 2048

/* What of an option's value is secret. */
enum kind {
    KIND_NONE,
    KIND_ALL,
    KIND_AFTER_COLON,   /* user:password */
    KIND_AFTER_PERCENT, /* user%password */
    KIND_AFTER_COMMA,   /* user,password */
    KIND_HEADER,        /* Name: value, of names that carry credentials */
    KIND_COOKIE,        /* name=value; without "=" the name of a file */
    KIND_SOURCE,        /* openssl's pass:value, but env:NAME and file:PATH are none */
    KIND_NOT_PORT,      /* docker's -p: a password for `login`, a port for `run` */
};

/* A row an option: the first one that fits decides. `programs`: globs between blanks.
 * `attached`: the value stands behind the option or "=", and never in the next argument. Texts are
 * arrays here and in the tables below, so that they need no relocation in every program that is
 * started. Source: the programs' manuals. */
struct rule {
    char programs[32];
    char option[24];
    enum kind kind;
    bool attached;
};

// clang-format off
static const struct rule rules[] = {
    {"curl*",                      "-u",                    KIND_AFTER_COLON,   false},
    {"curl*",                      "--user",                KIND_AFTER_COLON,   false},
    {"curl*",                      "-U",                    KIND_AFTER_COLON,   false},
    {"curl*",                      "--proxy-user",          KIND_AFTER_COLON,   false},
    {"curl*",                      "-E",                    KIND_AFTER_COLON,   false},
    {"curl*",                      "--cert",                KIND_AFTER_COLON,   false},
    {"curl*",                      "--proxy-cert",          KIND_AFTER_COLON,   false},
    {"curl*",                      "-H",                    KIND_HEADER,        false},
    {"curl*",                      "--proxy-header",        KIND_HEADER,        false},
    {"curl*",                      "-b",                    KIND_COOKIE,        false},
    {"curl*",                      "--cookie",              KIND_COOKIE,        false},
    {"curl*",                      "--oauth2-bearer",       KIND_ALL,           false},
    {"curl*",                      "--pass",                KIND_ALL,           false},
    {"curl*",                      "--proxy-pass",          KIND_ALL,           false},
    {"ab hey wrk oha",             "-H",                    KIND_HEADER,        false},
    {"ab",                         "-A",                    KIND_AFTER_COLON,   false},
    {"ab",                         "-P",                    KIND_AFTER_COLON,   false},
    {"ab",                         "-C",                    KIND_COOKIE,        false},
    {"*",                          "--header",              KIND_HEADER,        false},
    {"http https xh xhs",          "-a",                    KIND_AFTER_COLON,   false},
    {"http https xh xhs",          "--auth",                KIND_AFTER_COLON,   false},
    {"psql pg_* createdb dropdb",  "--password",            KIND_NONE,          false},
    {"mysql* mariadb*",            "-p",                    KIND_ALL,           true},
    {"mysql* mariadb*",            "--password",            KIND_ALL,           true},
    {"mysql* mariadb*",            "--skip-password",       KIND_NONE,          false},
    {"redis-* valkey-*",           "-a",                    KIND_ALL,           false},
    {"mongo*",                     "-p",                    KIND_ALL,           false},
    {"cqlsh twine az",             "-p",                    KIND_ALL,           false},
    {"rabbitmqadmin ncftp* smbmap", "-p",                   KIND_ALL,           false},
    {"docker podman nerdctl",      "-p",                    KIND_NOT_PORT,      false},
    {"sshpass",                    "-p",                    KIND_ALL,           false},
    {"ssh-keygen",                 "-N",                    KIND_ALL,           false},
    {"ssh-keygen",                 "-P",                    KIND_ALL,           false},
    {"openssl",                    "-pass",                 KIND_SOURCE,        false},
    {"openssl",                    "-passin",               KIND_SOURCE,        false},
    {"openssl",                    "-passout",              KIND_SOURCE,        false},
    {"openssl",                    "-k",                    KIND_ALL,           false},
    {"openssl",                    "-K",                    KIND_ALL,           false},
    {"openssl",                    "-psk",                  KIND_ALL,           false},
    {"ldap*",                      "-w",                    KIND_ALL,           false},
    {"smbclient smbget rpcclient net", "-U",                KIND_AFTER_PERCENT, false},
    {"smbclient smbget rpcclient net", "--user",            KIND_AFTER_PERCENT, false},
    {"lftp",                       "-u",                    KIND_AFTER_COMMA,   false},
    {"lftp",                       "--user",                KIND_AFTER_COMMA,   false},
    {"sqlcmd bcp isql tsql",       "-P",                    KIND_ALL,           false},
    {"mosquitto_*",                "-P",                    KIND_ALL,           false},
    {"ipmitool",                   "-P",                    KIND_ALL,           false},
    {"zip unzip",                  "-P",                    KIND_ALL,           false},
    {"7z 7za 7zr",                 "-p",                    KIND_ALL,           true},
    {"snmp*",                      "-A",                    KIND_ALL,           false},
    {"snmp*",                      "-X",                    KIND_ALL,           false},
    {"snmp*",                      "-c",                    KIND_ALL,           false},
    {"*",                          "-storepass",            KIND_ALL,           false},
    {"*",                          "-keypass",              KIND_ALL,           false},
    {"*",                          "-srcstorepass",         KIND_ALL,           false},
    {"*",                          "-deststorepass",        KIND_ALL,           false},
    {"aws",                        "aws_secret_access_key", KIND_ALL,           false},
    {"aws",                        "aws_session_token",     KIND_ALL,           false},
};

/* The letters whose value is the next argument or stands behind them, so that `-sSu` and
 * `-uroot` are understood. Source: the programs' manuals. */
static const struct letters {
    char programs[36];
    char values[32];
} letters[] = {
    {"curl*",                          "AbcCdDeEFHKmoPQrtTuUwxXyYz"},
    {"ab",                             "nctsbTvCAPXpumwxyzgeHHf"},
    {"mysql* mariadb*",                "uhPDSpTe"},
    {"redis-* valkey-*",               "hpsatnrid"},
    {"mongo*",                         "hupdc"},
    {"sshpass",                        "pfdP"},
    {"ldap*",                          "hHDwyYbsfaoOUXRepltzSFZP"},
    {"smbclient smbget rpcclient net", "UIpLMncDtWTO"},
    {"lftp",                           "upecf"},
    {"docker podman nerdctl",          "puvewl"},
    {"zip unzip",                      "Pbdt"},
    {"7z 7za 7zr",                     "pomtv"},
    {"mosquitto_*",                    "PuhptmfqikL"},
    {"snmp*",                          "AXcvulaxnrt"},
    {"ssh-keygen",                     "NPtbfC"},
};

/* Names of options, variables, headers, query parameters and JSON members whose value is a secret;
 * in small letters, '-' and '.' read as '_'. Globs between blanks. */
static const char secret_names[] =
    "*password *passwd *passphrase pass *_pass *sshpass *_pwd *token *secret *api_key *apikey "
    "*access_key *accesskey *secret_key *secretkey *private_key *auth_key *account_key "
    "*accountkey *authorization jwt *_jwt cookie set_cookie sig *signature *credential *_pat "
    "*passcode *bearer";

/* How names begin that only look so: `--no-password`, `--ask-password`. */
static const char harmless_names[] =
    "no_* without_* ask_* prompt_* skip_* use_* enable_* disable_* allow_*";

/* How the tokens of well-known services begin. */
static const char token_starts[] =
    "ghp_ gho_ ghs_ ghu_ github_pat_ glpat- xoxb- xoxp- sk_live_ sk_test_ sk- npm_ pypi- hvs. "
    "dckr_pat_ AKIA eyJ";
// clang-format on

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The command that the text being masked belongs to. */
struct context {
    struct slice program;
    struct slice previous;
    unsigned depth;
};

static void mask_word(struct context context, struct slice word, struct text *out);

/* ---- small questions -------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static struct slice head(struct slice text, size_t length)
{
    return (struct slice){.data = text.data, .length = length};
}

static struct slice part(struct slice text, size_t start, size_t end)
{
    return head(slice_from(text, start), end - start);
}

static bool matches_any(struct slice text, const char *globs)
{
    struct slice rest = slice_of(globs), glob;
    while (slice_cut(&rest, ' ', &glob))
        if (slice_matches(text, glob))
            return true;
    return false;
}

static bool is_secret_name(struct slice name)
{
    char folded[48];
    if (slice_equal(name, SLICE("pwd")) || slice_equal(name, SLICE("Pwd")))
        return true;
    if (name.length > sizeof folded)
        name = slice_from(name, name.length - sizeof folded);
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        folded[i] = c == '-' || c == '.' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    struct slice lower = {.data = folded, .length = name.length};
    return matches_any(lower, secret_names) && !matches_any(lower, harmless_names);
}

/* A user's name that is itself the secret, as services let tokens stand there. */
static bool is_token(struct slice user)
{
    size_t digits = 0;
    struct slice rest = SLICE(token_starts), start;
    while (slice_cut(&rest, ' ', &start))
        if (slice_starts_with(user, start))
            return true;
    for (size_t i = 0; i < user.length; i++)
        digits += user.data[i] >= '0' && user.data[i] <= '9';
    return user.length >= 16 && digits > 0;
}

/* ---- text without options --------------------------------------------- */

static void put_userinfo(struct slice userinfo, char separator, struct text *out)
{
    size_t end = slice_find(userinfo, separator);
    struct slice user = head(userinfo, end);
    if (is_token(user))
        text_string(out, MASK);
    else
        text_slice(out, user);
    if (end == userinfo.length)
        return;
    text_char(out, separator);
    if (end + 1 < userinfo.length)
        text_string(out, MASK);
}

static bool ends_url(char c)
{
    return is_blank(c) || is_quote(c) || c == '<' || c == '>';
}

/* The length of the userinfo before "@" at the start of TEXT, or TEXT's length for none. A
 * password may hold an unescaped '/': the client fails then, but it was typed. */
static size_t userinfo_length(struct slice text)
{
    size_t end = 0, at = text.length, colon = text.length;
    for (; end < text.length && end < USERINFO_MAX && !ends_url(text.data[end]); end++) {
        char c = text.data[end];
        if (c == '/' || c == '?' || c == '#') {
            bool port = colon >= end || (colon + 1 < end && text.data[colon + 1] >= '0' &&
                                         text.data[colon + 1] <= '9');
            if (at < text.length || port)
                break;
        }
        if (c == ':' && colon == text.length)
            colon = end;
        if (c == '@')
            at = end;
    }
    return at;
}

/* Where the value that starts at START ends; *START moves behind an opening quote. */
static size_t value_end(struct slice text, size_t *start)
{
    size_t i = *start;
    if (i < text.length && text.data[i] == '\\')
        i++;
    if (i < text.length && is_quote(text.data[i])) {
        char quote = text.data[i];
        *start = ++i;
        while (i < text.length && text.data[i] != quote && text.data[i] != '\\')
            i++;
        return i;
    }
    for (i = *start; i < text.length; i++) {
        char c = text.data[i];
        if (is_blank(c) || is_quote(c) || c == '&' || c == ';' || c == ')' || c == '}')
            break;
    }
    return i;
}

/* Is NAME, which ends at END of TEXT, one that is followed by a secret? *START is where that
 * begins. */
static bool secret_follows(struct slice text, struct slice name, size_t end, size_t *start)
{
    bool quoted = false;
    size_t i = end;
    if (i < text.length && text.data[i] == '\\')
        i++;
    if (i < text.length && is_quote(text.data[i])) {
        quoted = true;
        i++;
    }
    while (quoted && i < text.length && text.data[i] == ' ')
        i++;
    if (i >= text.length || !(text.data[i] == '=' || (quoted && text.data[i] == ':')))
        return false;
    for (i++; quoted && i < text.length && text.data[i] == ' ';)
        i++;
    *start = i;
    while (name.length > 0 && name.data[0] == '-')
        name = slice_from(name, 1);
    return is_secret_name(name);
}

/* A text that is no option and no command: URLs, query parameters, members of JSON. */
static void mask_text(struct slice text, struct text *out)
{
    size_t i = 0;
    while (i < text.length && !out->cut) {
        struct slice rest = slice_from(text, i);
        if (slice_starts_with(rest, SLICE("://"))) {
            text_string(out, "://");
            rest = slice_from(rest, 3);
            size_t at = userinfo_length(rest);
            if (at < rest.length)
                put_userinfo(head(rest, at), ':', out);
            i += 3 + (at < rest.length ? at : 0);
            continue;
        }
        if (!is_name_byte(text.data[i])) {
            text_char(out, text.data[i++]);
            continue;
        }
        size_t end = i, start;
        while (end < text.length && is_name_byte(text.data[end]))
            end++;
        if (!secret_follows(text, part(text, i, end), end, &start)) {
            text_slice(out, part(text, i, end));
            i = end;
            continue;
        }
        size_t stop = value_end(text, &start);
        text_slice(out, part(text, i, start));
        if (stop > start)
            text_string(out, MASK);
        i = stop;
    }
}

/* ---- options ---------------------------------------------------------- */

static const struct rule *rule_of(struct slice program, struct slice option)
{
    for (size_t i = 0; i < COUNT(rules); i++)
        if (slice_equal(option, slice_of(rules[i].option)) &&
            matches_any(program, rules[i].programs))
            return &rules[i];
    return NULL;
}

/* Finds the letter of the cluster WORD ("-sSu") that takes a value, and where that begins
 * (WORD's length: in the next argument). */
static bool letter_with_value(struct slice program, struct slice word, char option[static 2],
                              size_t *start)
{
    const char *values = NULL;
    for (size_t i = 0; i < COUNT(letters) && values == NULL; i++)
        if (matches_any(program, letters[i].programs))
            values = letters[i].values;
    if (word.length < 2 || word.data[0] != '-' || word.data[1] == '-')
        return false;
    for (size_t i = 1; values != NULL && i < word.length; i++) {
        if (word.data[i] == '\0' || strchr(values, word.data[i]) == NULL)
            continue;
        option[0] = '-';
        option[1] = word.data[i];
        *start = i + 1;
        return true;
    }
    return false;
}

static struct slice without_hyphens(struct slice option)
{
    while (option.length > 0 && option.data[0] == '-')
        option = slice_from(option, 1);
    return option;
}

/* What is secret of the argument behind the option PREVIOUS. */
static enum kind kind_behind(struct context context, struct slice word)
{
    const struct rule *rule = rule_of(context.program, context.previous);
    char option[2];
    size_t start;
    if (rule != NULL)
        return rule->attached ? KIND_NONE : rule->kind;
    if (letter_with_value(context.program, context.previous, option, &start)) {
        rule = rule_of(context.program, (struct slice){option, 2});
        bool behind = rule != NULL && start == context.previous.length && !rule->attached;
        return behind ? rule->kind : KIND_NONE;
    }
    struct slice name = without_hyphens(context.previous);
    bool is_option = name.length >= 3 && name.length < context.previous.length;
    bool value = word.length > 0 && word.data[0] != '-';
    return is_option && value && is_secret_name(name) ? KIND_ALL : KIND_NONE;
}

/* What is secret behind "=" or the letter in WORD; *START is where that begins. */
static enum kind kind_within(struct context context, struct slice word, size_t *start)
{
    char option[2];
    const struct rule *rule = NULL;
    if (word.length < 3 || word.data[0] != '-')
        return KIND_NONE;
    size_t equals = slice_find(word, '=');
    if (equals < word.length) {
        rule = rule_of(context.program, head(word, equals));
        *start = equals + 1;
    }
    if (rule == NULL && letter_with_value(context.program, word, option, start) &&
        *start < word.length)
        rule = rule_of(context.program, (struct slice){option, 2});
    return rule == NULL ? KIND_NONE : rule->kind;
}

static bool is_secret_header(struct slice text, size_t *colon)
{
    *colon = slice_find(text, ':');
    if (*colon == text.length)
        return false;
    for (size_t i = 0; i < *colon; i++)
        if (!is_name_byte(text.data[i]))
            return false;
    return is_secret_name(head(text, *colon));
}

static void put_header(struct slice text, size_t colon, struct text *out)
{
    text_slice(out, head(text, colon + 1));
    if (colon + 1 < text.length && is_blank(text.data[colon + 1]))
        text_char(out, ' ');
    text_string(out, MASK);
}

static bool is_port(struct slice text)
{
    uint64_t number;
    if (slice_find(text, ':') == text.length)
        return slice_number(head(text, slice_find(text, '/')), 65535, &number);
    for (size_t i = 0; i < text.length; i++)
        if (!is_name_byte(text.data[i]) && strchr(":[]/", text.data[i]) == NULL)
            return false;
    return text.length > 0 && text.data[text.length - 1] >= '0' &&
           text.data[text.length - 1] <= '9';
}

static void mask_value(enum kind kind, struct slice value, struct text *out)
{
    size_t colon = 0;
    bool whole = kind == KIND_ALL;
    switch (kind) {
    case KIND_AFTER_COLON:
        put_userinfo(value, ':', out);
        return;
    case KIND_AFTER_PERCENT:
        put_userinfo(value, '%', out);
        return;
    case KIND_AFTER_COMMA:
        put_userinfo(value, ',', out);
        return;
    case KIND_HEADER:
        if (is_secret_header(value, &colon)) {
            put_header(value, colon, out);
            return;
        }
        break;
    case KIND_COOKIE:
        whole = slice_find(value, '=') < value.length;
        break;
    case KIND_SOURCE:
        if (slice_starts_with(value, SLICE("pass:"))) {
            text_string(out, "pass:" MASK);
            return;
        }
        break;
    case KIND_NOT_PORT:
        whole = !is_port(value);
        break;
    case KIND_ALL:
    case KIND_NONE:
        break;
    }
    if (!whole)
        mask_text(value, out);
    else if (value.length > 0)
        text_string(out, MASK);
}

/* ---- commands --------------------------------------------------------- */

static bool ends_command(char c)
{
    return c == ';' || c == '|' || c == '&' || c == '(' || c == ')' || c == '\n';
}

static size_t word_end(struct slice text, size_t start)
{
    char quote = '\0';
    size_t i = start;
    for (; i < text.length; i++) {
        char c = text.data[i];
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (is_quote(c))
            quote = c;
        else if (is_blank(c) || ends_command(c) || c == '<' || c == '>')
            break;
    }
    return i;
}

/* Does WORD end in `Authorization:` or `"password":`, so that the secret is what follows? */
static bool announces_secret(struct slice word)
{
    size_t end = word.length;
    if (end < 2 || word.data[--end] != ':')
        return false;
    while (end > 0 && (is_quote(word.data[end - 1]) || word.data[end - 1] == '\\'))
        end--;
    size_t start = end;
    while (start > 0 && is_name_byte(word.data[start - 1]))
        start--;
    return is_secret_name(part(word, start, end));
}

static void mask_quoted(struct context context, struct slice word, struct text *out)
{
    text_char(out, word.data[0]);
    context.depth++;
    mask_word(context, part(word, 1, word.length - 1), out);
    text_char(out, word.data[word.length - 1]);
}

static bool is_scheme_word(struct slice word)
{
    return slice_equal_fold(word, SLICE("Bearer")) || slice_equal_fold(word, SLICE("Basic"));
}

/* A text with blanks: a command for a shell, perhaps. */
static void mask_words(struct context context, struct slice text, struct text *out)
{
    bool first = true;
    struct context now = {.program = context.program, .depth = context.depth + 1};
    size_t i = 0;
    while (i < text.length && !out->cut) {
        size_t end = word_end(text, i);
        if (end == i) {
            first = first || ends_command(text.data[i]);
            if (first)
                now.previous = (struct slice){0};
            text_char(out, text.data[i++]);
            continue;
        }
        struct slice word = part(text, i, end);
        bool quoted = word.length >= 2 && is_quote(word.data[0]) &&
                      word.data[word.length - 1] == word.data[0];
        if (quoted && now.depth < NESTING_MAX)
            mask_quoted(now, word, out);
        else if (is_scheme_word(now.previous) && word.length >= 8)
            text_string(out, MASK);
        else
            mask_word(now, word, out);
        i = end;
        if (announces_secret(word) && i < text.length && text.data[i] == ' ') {
            text_string(out, " " MASK);
            i += slice_find(slice_from(text, i), '\n');
        }
        bool assignment = slice_find(word, '=') < word.length && word.data[0] != '-';
        if (first && !assignment) {
            now.program = slice_base(word);
            first = false;
        }
        now.previous = word;
    }
}

static bool has_blank(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (is_blank(text.data[i]))
            return true;
    return false;
}

/* `sh -c`, `bash -lc`, `su --command`: what follows is a command. */
static bool announces_command(struct slice option)
{
    bool cluster = option.length >= 2 && option.data[0] == '-' && option.data[1] != '-' &&
                   option.data[option.length - 1] == 'c';
    return cluster || slice_equal(option, SLICE("--command")) || slice_equal(option, SLICE("eval"));
}

/* `--password=...`, `PGPASSWORD=...`: where the secret begins, or 0. */
static size_t assigned_secret(struct slice word)
{
    size_t equals = slice_find(word, '=');
    if (equals == word.length || equals == 0)
        return 0;
    struct slice name = without_hyphens(head(word, equals));
    for (size_t i = 0; i < name.length; i++)
        if (!is_name_byte(name.data[i]))
            return 0;
    return is_secret_name(name) ? equals + 1 : 0;
}

/* Clients that take `user:password@host` without a scheme. */
static bool takes_bare_userinfo(struct context context, struct slice word)
{
    size_t at = slice_find(word, '@');
    return matches_any(context.program, "curl* wget* http https lftp aria2c links lynx w3m") &&
           at < word.length && slice_find(word, ':') < at && word.data[0] != '-' &&
           slice_find(head(word, at), '/') == at && slice_find(head(word, at), '=') == at;
}

static void mask_word(struct context context, struct slice word, struct text *out)
{
    size_t start = 0;
    enum kind kind = kind_behind(context, word);
    if (kind == KIND_NONE && (kind = kind_within(context, word, &start)) != KIND_NONE)
        text_slice(out, head(word, start));
    if (kind != KIND_NONE) {
        mask_value(kind, slice_from(word, start), out);
        return;
    }
    bool blanks = has_blank(word);
    start = blanks && announces_command(context.previous) ? 0 : assigned_secret(word);
    if (start > 0) {
        text_slice(out, head(word, start));
        if (start < word.length)
            text_string(out, MASK);
    } else if (blanks && is_secret_header(word, &start)) {
        put_header(word, start, out);
    } else if (blanks && context.depth < NESTING_MAX) {
        mask_words(context, word, out);
    } else if (takes_bare_userinfo(context, word)) {
        size_t at = userinfo_length(word);
        put_userinfo(head(word, at), ':', out);
        mask_text(slice_from(word, at), out);
    } else {
        mask_text(word, out);
    }
}

void mask_argument(struct slice program, struct slice previous, struct slice argument,
                   struct text *out)
{
    mask_word((struct context){.program = program, .previous = previous}, argument, out);
}

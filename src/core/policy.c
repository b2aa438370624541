#include <astray/policy.h>

#include <string.h>

#include <astray/host.h>

/* ---- reading values --------------------------------------------------- */

/* Reads VALUE into the member at OFFSET of *POLICY. Returns NULL, or the reason why not; the
 * policy is as it was then, and *VALUE narrowed to what is wrong. */
typedef const char *setting_reader(const struct policy_setting *setting, size_t offset,
                                   struct policy *policy, struct slice *value);

static const char not_a_choice[] = "is not one of the choices";

static bool choice_index(const char *choices, struct slice value, unsigned *out)
{
    struct slice rest = slice_of(choices), choice;
    for (unsigned i = 0; slice_cut(&rest, '|', &choice); i++) {
        if (slice_equal(choice, value)) {
            *out = i;
            return true;
        }
    }
    return false;
}

static const char *read_choice(const struct policy_setting *setting, size_t offset,
                               struct policy *policy, struct slice *value)
{
    unsigned index;
    _Static_assert(sizeof(enum policy_mode) == sizeof index, "enumerations are unsigned");
    _Static_assert(sizeof(enum policy_origin) == sizeof index, "enumerations are unsigned");
    if (!choice_index(setting->choices, *value, &index))
        return not_a_choice;
    memcpy((char *)policy + offset, &index, sizeof index);
    return NULL;
}

static const char *read_flag(const struct policy_setting *setting, size_t offset,
                             struct policy *policy, struct slice *value)
{
    unsigned index;
    if (!choice_index(setting->choices, *value, &index))
        return not_a_choice;
    bool flag = index == 1;
    memcpy((char *)policy + offset, &flag, sizeof flag);
    return NULL;
}

static const char *check_text(struct slice value)
{
    if (value.length >= POLICY_TEXT_SIZE)
        return "is longer than 255 bytes";
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f)
            return "has a control character";
    return NULL;
}

static void store_text(char *out, struct slice value)
{
    if (value.length > 0)
        memcpy(out, value.data, value.length);
    out[value.length] = '\0';
}

static const char *read_text(const struct policy_setting *setting, size_t offset,
                             struct policy *policy, struct slice *value)
{
    (void)setting;
    const char *reason = check_text(*value);
    if (reason == NULL)
        store_text((char *)policy + offset, *value);
    return reason;
}

static const char *check_log_path(struct slice path)
{
    if (path.length == 0 || path.data[0] != '/')
        return "is not an absolute path, and programs change their directory";
    if (path.data[path.length - 1] == '/')
        return "is a directory";
    for (size_t at = slice_find(path, '%'); at < path.length;) {
        if (at + 1 == path.length || memchr("upe%", path.data[at + 1], 4) == NULL)
            return "has a % without u, p, e or % behind it";
        at += 2 + slice_find(slice_from(path, at + 2), '%');
    }
    return check_text(path);
}

static const char *read_log(const struct policy_setting *setting, size_t offset,
                            struct policy *policy, struct slice *value)
{
    static const char *const words[] = {
        [POLICY_LOG_SYSLOG] = "syslog",
        [POLICY_LOG_STDERR] = "stderr",
        [POLICY_LOG_NONE] = "none",
    };
    (void)setting;
    for (size_t i = POLICY_LOG_FILE + 1; i < sizeof words / sizeof *words; i++) {
        if (slice_equal(*value, slice_of(words[i]))) {
            policy->log = (enum policy_log)i;
            return NULL;
        }
    }
    const char *reason = check_log_path(*value);
    if (reason != NULL)
        return reason;
    policy->log = POLICY_LOG_FILE;
    store_text((char *)policy + offset, *value);
    return NULL;
}

static const char *read_size(const struct policy_setting *setting, size_t offset,
                             struct policy *policy, struct slice *value)
{
    static const char units[] = "KMGT";
    struct slice digits = *value;
    unsigned shift = 0;
    uint64_t size;
    (void)setting;
    if (digits.length > 0) {
        char last = digits.data[digits.length - 1];
        const char *unit = memchr(units, last & ~0x20, sizeof units - 1);
        if (unit != NULL) {
            shift = 10 * (unsigned)(unit - units + 1);
            digits.length--;
        }
    }
    if (!slice_number(digits, (uint64_t)INT64_MAX >> shift, &size))
        return "is not a size such as 64K, 500M or 1G";
    if (size == 0)
        return "is no room for a record; the log `none` logs nothing";
    size <<= shift;
    memcpy((char *)policy + offset, &size, sizeof size);
    return NULL;
}

static const char *read_rate(const struct policy_setting *setting, size_t offset,
                             struct policy *policy, struct slice *value)
{
    uint64_t number;
    (void)setting;
    if (!slice_number(*value, UINT32_MAX, &number))
        return "is not a number from 0 to 4294967295";
    uint32_t rate = (uint32_t)number;
    memcpy((char *)policy + offset, &rate, sizeof rate);
    return NULL;
}

/* ---- reading lists ---------------------------------------------------- */

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Cuts the next of the items parted by commas or blanks off *REST. */
static bool next_item(struct slice *rest, struct slice *item)
{
    size_t start = 0;
    while (start < rest->length && is_separator(rest->data[start]))
        start++;
    size_t end = start;
    while (end < rest->length && !is_separator(rest->data[end]))
        end++;
    if (start == end)
        return false;
    *item = (struct slice){.data = rest->data + start, .length = end - start};
    *rest = slice_from(*rest, end);
    return true;
}

#define EVERY_CLASS ((addr_class_set)((1u << ADDR_CLASS_COUNT) - 1))

/* Reads a set of classes; INITIAL is what "default" stands for. */
static const char *read_class_set(addr_class_set initial, struct slice *value, addr_class_set *out)
{
    addr_class_set set = initial;
    bool whole = false; /* names without a sign: the set is just these */
    struct slice rest = *value, item;
    for (bool first = true; next_item(&rest, &item); first = false) {
        bool none = slice_equal(item, SLICE("none"));
        char sign = item.data[0] == '+' || item.data[0] == '-' ? item.data[0] : '\0';
        enum addr_class class;
        *value = item;
        if (none || slice_equal(item, SLICE("default"))) {
            if (!first)
                return "must stand in front of all classes";
            set = none ? 0 : initial;
            continue;
        }
        if (!addr_class_parse(item.data + (sign != '\0'), item.length - (sign != '\0'), &class))
            return "is not a class";
        if (first && sign == '\0') {
            whole = true;
            set = 0;
        }
        if (whole != (sign == '\0'))
            return "mixes classes with and without a sign";
        if (sign == '-')
            set &= ~((addr_class_set)1 << class);
        else
            set |= (addr_class_set)1 << class;
    }
    *out = set;
    return NULL;
}

static const char *read_classes(const struct policy_setting *setting, size_t offset,
                                struct policy *policy, struct slice *value)
{
    (void)setting;
    (void)offset;
    const char *reason = read_class_set(addr_classes_stray, value, &policy->stray);
    policy->plain = (policy->stray & ~addr_classes_stray) == 0;
    return reason;
}

static const char *read_rewrite_classes(const struct policy_setting *setting, size_t offset,
                                        struct policy *policy, struct slice *value)
{
    (void)setting;
    (void)offset;
    return read_class_set(EVERY_CLASS, value, &policy->rewritten);
}

/* An IPv4-mapped entry becomes the IPv4 one that it stands for. */
static void unmap_entry(struct policy_allow *entry)
{
    struct addr inner;
    if (entry->length >= 96 && addr_unmap(&entry->addr, &inner)) {
        entry->addr = inner;
        entry->length -= 96;
    }
}

static const char *read_allow_prefix(struct slice text, size_t slash, struct policy_allow *out)
{
    struct host host;
    uint64_t length;
    if (!host_parse(text.data, slash, &host) || host.zone.length > 0)
        return "is not a prefix";
    if (!slice_number(slice_from(text, slash + 1), host.addr.family == ADDR_IPV4 ? 32 : 128,
                      &length))
        return "has no valid prefix length";
    *out = (struct policy_allow){host.addr, (uint8_t)length, ENDPOINT_NO_PORT};
    unmap_entry(out);
    return NULL;
}

static const char *read_allow_entry(struct slice text, struct policy_allow *out)
{
    struct endpoint endpoint;
    size_t slash = slice_find(text, '/');
    if (slash < text.length)
        return read_allow_prefix(text, slash, out);
    if (!endpoint_parse(text.data, text.length, &endpoint) || endpoint.scheme.length > 0 ||
        endpoint.userinfo.length > 0 || endpoint.rest.length > 0 ||
        endpoint.addr.family == ADDR_NONE)
        return "is not an IP address, prefix, or address with a port";
    if (endpoint.port == ENDPOINT_BAD_PORT)
        return "has no valid port";
    if (endpoint.addr.scope != 0)
        return "has a zone, which does not count here";
    *out = (struct policy_allow){endpoint.addr, endpoint.addr.family == ADDR_IPV4 ? 32 : 128,
                                 endpoint.port};
    unmap_entry(out);
    return NULL;
}

/* Read twice, so that a mistake at the end leaves the policy as it was; a second list would be
 * too much for a foreign stack. */
static const char *read_allow(const struct policy_setting *setting, size_t offset,
                              struct policy *policy, struct slice *value)
{
    struct policy_allow entry;
    struct slice rest = *value, item;
    size_t count = 0;
    (void)setting;
    (void)offset;
    for (; next_item(&rest, &item); count++) {
        const char *reason = read_allow_entry(item, &entry);
        if (count == POLICY_ALLOW_MAX)
            reason = "is more than 64 entries";
        if (reason != NULL) {
            *value = item;
            return reason;
        }
    }
    rest = *value;
    for (size_t i = 0; i < count && next_item(&rest, &item); i++)
        read_allow_entry(item, &policy->allow[i]);
    policy->allow_count = count;
    return NULL;
}

static const char *read_rewrite_to(const struct policy_setting *setting, size_t offset,
                                   struct policy *policy, struct slice *value)
{
    struct addr v4 = {0}, v6 = {0}, inner;
    struct slice rest = *value, item;
    (void)setting;
    (void)offset;
    while (next_item(&rest, &item)) {
        struct host host;
        *value = item;
        if (!host_parse(item.data, item.length, &host))
            return "is not an IP address";
        if (host.addr.scope == ADDR_SCOPE_NAMED)
            return "names a zone; write its number";
        if (addr_unmap(&host.addr, &inner))
            return "is an IPv4-mapped address; write the IPv4 address";
        if ((addr_classes_stray >> addr_classify(&host.addr) & 1) != 0)
            return "is a stray destination itself";
        struct addr *target = host.addr.family == ADDR_IPV4 ? &v4 : &v6;
        if (target->family != ADDR_NONE)
            return "is the second address of its family";
        *target = host.addr;
    }
    if (v4.family == ADDR_NONE && v6.family == ADDR_NONE)
        return "holds no address";
    policy->rewrite_v4 = v4;
    policy->rewrite_v6 = v6;
    return NULL;
}

/* ---- settings --------------------------------------------------------- */

#define SETTING(key, variable, value, choices, initial, run, reader, member, summary, details)     \
    {key, variable, value, choices, initial, run, summary, details},
const struct policy_setting policy_settings[] = {
#include "policy_settings.def"
};
#undef SETTING

const size_t policy_setting_count = sizeof policy_settings / sizeof *policy_settings;

#define SETTING(key, variable, value, choices, initial, run, reader, member, summary, details)     \
    {reader, offsetof(struct policy, member)},
static const struct {
    setting_reader *read;
    size_t offset;
} readers[] = {
#include "policy_settings.def"
};
#undef SETTING

#define STRAY_BIT(id, name, stray, range, why) | ((stray) ? 1u << ADDR_##id : 0)
#define STRAY (0 ADDR_CLASSES(STRAY_BIT))

/* The initial texts of the table, read in advance, so that a program in which nothing is set pays
 * nothing; a test holds the two against each other. */
const struct policy policy_initial = {
    .mask_arguments = true,
    .plain = true,
    .stray = STRAY,
    .rewritten = EVERY_CLASS,
    .log_limit = (uint64_t)1 << 30,
    .rate = 100,
    .rewrite_v4 = {.family = ADDR_IPV4, .bytes = {127, 0, 0, 1}},
    .rewrite_v6 = {.family = ADDR_IPV6, .bytes = {[15] = 1}},
    .log_path = "/var/log/astray/%u.ndjson",
};
#undef STRAY
#undef STRAY_BIT

void policy_start(struct policy *policy)
{
    *policy = policy_initial;
}

static bool is_key(const char *key, struct slice text)
{
    if (strlen(key) != text.length)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (key[i] != (text.data[i] == '-' ? '_' : text.data[i]))
            return false;
    return true;
}

bool policy_set(struct policy *policy, struct slice key, struct slice value,
                struct policy_problem *problem)
{
    const char *reason = "is no setting";
    struct slice culprit = slice_trim(value);
    for (size_t i = 0; i < policy_setting_count; i++) {
        if (!is_key(policy_settings[i].key, key))
            continue;
        if (culprit.length == 0)
            culprit = slice_of(policy_settings[i].initial);
        reason = readers[i].read(&policy_settings[i], readers[i].offset, policy, &culprit);
        break;
    }
    if (reason == NULL)
        return true;
    *problem = (struct policy_problem){.key = key, .value = culprit, .reason = reason};
    return false;
}

const struct policy_setting *policy_setting_of_variable(struct slice name)
{
    for (size_t i = 0; i < policy_setting_count; i++)
        if (slice_equal(name, slice_of(policy_settings[i].variable)))
            return &policy_settings[i];
    return NULL;
}

static struct slice without_comment(struct slice line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] == '#' && (i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
            return (struct slice){.data = line.data, .length = i};
    return line;
}

bool policy_next_line(struct slice *rest, struct slice *key, struct slice *value)
{
    struct slice line;
    while (slice_cut(rest, '\n', &line)) {
        line = slice_trim(without_comment(line));
        if (line.length == 0)
            continue;
        size_t equals = slice_find(line, '=');
        *key = slice_trim((struct slice){.data = line.data, .length = equals});
        *value = slice_trim(slice_from(line, equals + 1));
        return true;
    }
    return false;
}

static bool matches_any(const char *globs, struct slice path, struct slice base)
{
    struct slice rest = slice_of(globs), glob;
    while (next_item(&rest, &glob)) {
        bool whole = slice_find(glob, '/') < glob.length;
        if (slice_matches(whole ? path : base, glob))
            return true;
    }
    return false;
}

bool policy_concerns(const struct policy *policy, struct slice executable)
{
    struct slice base = executable;
    for (size_t slash; (slash = slice_find(base, '/')) < base.length;)
        base = slice_from(base, slash + 1);
    if (policy->only[0] != '\0' && !matches_any(policy->only, executable, base))
        return false;
    return !matches_any(policy->skip, executable, base);
}

/* ---- verdict ---------------------------------------------------------- */

static bool has(addr_class_set set, enum addr_class class)
{
    return (set >> class & 1) != 0;
}

static bool is_allowed(const struct policy *policy, const struct destination *destination)
{
    struct addr inner = destination->addr; /* as an IPv4 address, when it is one in disguise */
    addr_unmap(&destination->addr, &inner);
    for (size_t i = 0; i < policy->allow_count; i++) {
        const struct policy_allow *entry = &policy->allow[i];
        if ((entry->port == ENDPOINT_NO_PORT || entry->port == destination->port) &&
            (addr_in_prefix(&destination->addr, &entry->addr, entry->length) ||
             addr_in_prefix(&inner, &entry->addr, entry->length)))
            return true;
    }
    return false;
}

/* Could an address of CLASS be stray, whatever the facts are? */
static bool may_be_stray(const struct policy *policy, enum addr_class class)
{
    return has(policy->stray, class) ||
           (class == ADDR_UNSPECIFIED && has(policy->stray, ADDR_SINKHOLE)) ||
           (class == ADDR_LINK_LOCAL_NO_ZONE && has(policy->stray, ADDR_LINK_LOCAL));
}

static bool suspects_in_full(const struct policy *policy, const struct destination *destination)
{
    if (destination->addr.family == ADDR_NONE)
        return false;
    if (!may_be_stray(policy, addr_classify(&destination->addr)) &&
        (destination->port != 0 || !has(policy->stray, ADDR_PORT_ZERO)))
        return false;
    return !is_allowed(policy, destination);
}

bool policy_suspects(const struct policy *policy, const struct destination *destination)
{
    if (policy->plain && destination->port != 0 && addr_surely_fine(&destination->addr))
        return false;
    return suspects_in_full(policy, destination);
}

bool policy_wants_route(const struct policy *policy, const struct destination *destination)
{
    enum addr_class class = addr_classify(&destination->addr);
    return has(addr_classes_range & policy->stray, class) && policy_suspects(policy, destination);
}

/* The class of the address, in the light of the facts. */
static enum addr_class class_with(const struct destination *destination,
                                  const struct policy_facts *facts)
{
    enum addr_class class = addr_classify(&destination->addr);
    if (class == ADDR_UNSPECIFIED && facts->sinkhole)
        return ADDR_SINKHOLE;
    if (class == ADDR_LINK_LOCAL_NO_ZONE && facts->device)
        return ADDR_LINK_LOCAL;
    return class;
}

static bool is_stray(const struct policy *policy, enum addr_class class,
                     const struct policy_facts *facts)
{
    const addr_class_set streams_only = 1u << ADDR_BROADCAST | 1u << ADDR_MULTICAST;
    if (!has(policy->stray, class) || (facts->routed && has(addr_classes_range, class)))
        return false;
    return facts->socket == POLICY_SOCKET_STREAM || !has(streams_only, class);
}

/* Where a connection to ADDRESS is rewritten to; family ADDR_NONE for nowhere. */
static struct addr target_for(const struct policy *policy, const struct addr *address)
{
    struct addr inner, target = {0};
    if (address->family == ADDR_IPV4)
        return policy->rewrite_v4;
    if (!addr_unmap(address, &inner))
        return policy->rewrite_v6;
    if (policy->rewrite_v4.family == ADDR_NONE)
        return target;
    target.family = ADDR_IPV6;
    memset(target.bytes + 10, 0xff, 2);
    memcpy(target.bytes + 12, policy->rewrite_v4.bytes, 4);
    return target;
}

static const char *why_not_rewritten(const struct policy *policy, const struct verdict *verdict,
                                     uint16_t port, const struct policy_facts *facts)
{
    const struct {
        bool holds;
        const char *reason;
    } obstacles[] = {
        {verdict->class == ADDR_SINKHOLE, "sinkhole"},
        {facts->socket == POLICY_SOCKET_DATAGRAM, "datagram"},
        {port == 0, "port-zero"},
        {!has(policy->rewritten, verdict->class), "class"},
        {facts->bound, "bound-address"},
        {facts->device, "bound-device"},
        {verdict->target.family == ADDR_NONE, "no-target"},
    };
    for (size_t i = 0; i < sizeof obstacles / sizeof *obstacles; i++)
        if (obstacles[i].holds)
            return obstacles[i].reason;
    return NULL;
}

struct verdict policy_judge(const struct policy *policy, const struct destination *destination,
                            const struct policy_facts *facts)
{
    struct verdict verdict = {.action = POLICY_NONE};
    bool meant = facts->socket == POLICY_SOCKET_STREAM || facts->call == POLICY_SEND;
    verdict.class = class_with(destination, facts);
    if (facts->socket == POLICY_SOCKET_OTHER || !policy_suspects(policy, destination))
        return verdict;
    if (!is_stray(policy, verdict.class, facts)) {
        if (destination->port != 0 || !meant || !has(policy->stray, ADDR_PORT_ZERO))
            return verdict;
        verdict.class = ADDR_PORT_ZERO;
    }
    verdict.action = POLICY_DETECT;
    if (policy->mode == POLICY_BLOCK && meant && verdict.class != ADDR_SINKHOLE)
        verdict.action = POLICY_DO_BLOCK;
    if (policy->mode != POLICY_REWRITE)
        return verdict;
    verdict.target = target_for(policy, &destination->addr);
    verdict.skipped = why_not_rewritten(policy, &verdict, destination->port, facts);
    if (verdict.skipped == NULL)
        verdict.action = POLICY_DO_REWRITE;
    else
        verdict.target = (struct addr){0};
    return verdict;
}

const char *policy_mode_name(enum policy_mode mode)
{
    static const char *const names[] = {
        [POLICY_AUDIT] = "audit", [POLICY_REWRITE] = "rewrite", [POLICY_BLOCK] = "block"};
    return names[mode];
}

const char *policy_action_name(enum policy_action action)
{
    static const char *const names[] = {[POLICY_NONE] = "",
                                        [POLICY_DETECT] = "detected",
                                        [POLICY_DO_REWRITE] = "rewritten",
                                        [POLICY_DO_BLOCK] = "blocked"};
    return names[action];
}

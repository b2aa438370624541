/* An astray.conf of any bytes: no setting is half taken, and every verdict keeps the rules. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <astray/policy.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool is_ended(const char text[static POLICY_TEXT_SIZE])
{
    return memchr(text, '\0', POLICY_TEXT_SIZE) != NULL;
}

static void check_policy(const struct policy *policy)
{
    require(policy->mode <= POLICY_BLOCK && policy->origin <= POLICY_ORIGIN_NONE);
    require(policy->log <= POLICY_LOG_NONE && policy->log_path[0] == '/');
    require(policy->allow_count <= POLICY_ALLOW_MAX && policy->log_limit > 0);
    require(policy->plain == ((policy->stray & ~addr_classes_stray) == 0));
    require(policy->stray >> ADDR_CLASS_COUNT == 0 && policy->rewritten >> ADDR_CLASS_COUNT == 0);
    require(is_ended(policy->log_path) && is_ended(policy->only));
    require(is_ended(policy->skip) && is_ended(policy->run));
    require(policy->rewrite_v4.family == ADDR_IPV4 || policy->rewrite_v6.family == ADDR_IPV6);
    for (size_t i = 0; i < policy->allow_count; i++)
        require(policy->allow[i].length <= (policy->allow[i].addr.family == ADDR_IPV4 ? 32 : 128));
}

static void check_verdicts(const struct policy *policy, const uint8_t *data, size_t size)
{
    struct destination where = {.addr.family = size % 2 == 0 ? ADDR_IPV4 : ADDR_IPV6,
                                .port = size % 3 == 0 ? 0 : 80};
    size_t room = where.addr.family == ADDR_IPV4 ? 4 : 16;
    memcpy(where.addr.bytes, data, size < room ? size : room);
    for (unsigned i = 0; i < 3 * 2 * 16; i++) {
        struct policy_facts facts = {(enum policy_socket)(i % 3),
                                     (enum policy_call)(i / 3 % 2),
                                     i / 6 & 1,
                                     i / 6 & 2,
                                     i / 6 & 4,
                                     i / 6 & 8};
        struct verdict verdict = policy_judge(policy, &where, &facts);
        if (verdict.action == POLICY_NONE)
            continue;
        require(policy_suspects(policy, &where) && facts.socket != POLICY_SOCKET_OTHER);
        require((policy->stray >> verdict.class & 1) != 0);
        require((verdict.action == POLICY_DO_REWRITE) == (verdict.target.family != ADDR_NONE));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy policy, before;
    struct policy_problem problem;
    struct slice rest = {(const char *)data, size}, key, value;
    policy_start(&policy);
    while (policy_next_line(&rest, &key, &value)) {
        before = policy;
        if (!policy_set(&policy, key, value, &problem)) {
            require(memcmp(&before, &policy, sizeof policy) == 0);
            require(problem.reason != NULL);
        }
    }
    check_policy(&policy);
    check_verdicts(&policy, data, size);
    policy_concerns(&policy, (struct slice){(const char *)data, size});
    return 0;
}

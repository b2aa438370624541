#include <stddef.h>

#include "opt.h"

extern const struct command cmd_env;
extern const struct command cmd_summary;

/* A row a command. */
const struct command *const commands[] = {
    &cmd_summary,
    &cmd_env,
    NULL,
};

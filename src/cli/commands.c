#include <stddef.h>

#include "opt.h"

extern const struct command cmd_run;
extern const struct command cmd_summary;
extern const struct command cmd_check;
extern const struct command cmd_explain;
extern const struct command cmd_status;
extern const struct command cmd_watch;
extern const struct command cmd_env;

/* A row a command. */
// clang-format off
const struct command *const commands[] = {
    &cmd_run,
    &cmd_summary,
    &cmd_check,
    &cmd_watch,
    &cmd_explain,
    &cmd_status,
    &cmd_env,
    NULL,
};
// clang-format on

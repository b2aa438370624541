/* elf_parse and script_parse: no read outside the file, what is written is whole, and
 * nothing is written on failure. */
#include <stdlib.h>
#include <string.h>

#include <astray/elf.h>
#include <astray/script.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void check_script(const uint8_t *data, size_t size)
{
    struct script script;
    char program[256];
    bool clears;
    if (!script_parse((const char *)data, size, &script))
        return;
    require(memchr(script.interpreter, '\0', sizeof script.interpreter) != NULL);
    require(memchr(script.argument, '\0', sizeof script.argument) != NULL);
    require(script.interpreter[0] != '\0' && strpbrk(script.interpreter, " \t\n") == NULL);
    if (script_parse_env(script.argument, program, &clears))
        require(memchr(program, '\0', sizeof program) != NULL && program[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf elf = {.bits = 99};
    if (elf_parse_memory(data, size, &elf)) {
        require(elf.bits == 32 || elf.bits == 64);
        require(memchr(elf.interpreter, '\0', sizeof elf.interpreter) != NULL);
        require(*elf_machine_name(&elf) != '\0');
    } else {
        require(elf.bits == 99);
    }
    check_script(data, size);
    return 0;
}

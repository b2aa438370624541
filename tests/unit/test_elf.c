#include "unit.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <astray/elf.h>
#include <astray/program.h>

#include "guard.h"

/* A made-up file: its header, INTERP, NOTE, LOAD and DYNAMIC segments, then what they hold. */
enum {
    SEGMENTS = 4,
    INTERP_AT = 512,
    NOTE_AT = 640,
    STRINGS_AT = 704,
    DYNAMIC_AT = 832,
    FILE_SIZE = 960,
    LOADED_AT = 0x10000
};

struct made {
    unsigned bits;
    bool big;
    uint16_t type, machine;
    const char *interpreter, *owner, *needed;
    unsigned char bytes[FILE_SIZE];
};

static void put(struct made *made, size_t at, uint64_t value, size_t length)
{
    for (size_t i = 0; i < length; i++)
        made->bytes[at + i] = (unsigned char)(value >> 8 * (made->big ? length - 1 - i : i));
}

/* A field of the file's class at the structure that begins at AT. */
#define PUT(made, at, kind, name, value)                                                           \
    ((made)->bits == 64                                                                            \
         ? put(made, (at) + offsetof(Elf64_##kind, name), value, sizeof((Elf64_##kind *)0)->name)  \
         : put(made, (at) + offsetof(Elf32_##kind, name), value, sizeof((Elf32_##kind *)0)->name))

static size_t size_of_header(const struct made *made)
{
    return made->bits == 64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
}

static size_t size_of_segment(const struct made *made)
{
    return made->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static void put_segment(struct made *made, size_t index, uint64_t type, uint64_t offset,
                        uint64_t size)
{
    size_t at = size_of_header(made) + index * size_of_segment(made);
    PUT(made, at, Phdr, p_type, type);
    PUT(made, at, Phdr, p_offset, offset);
    PUT(made, at, Phdr, p_vaddr, LOADED_AT + offset);
    PUT(made, at, Phdr, p_filesz, size);
}

static void put_dynamic(struct made *made, size_t index, uint64_t tag, uint64_t value)
{
    size_t at = DYNAMIC_AT + index * (made->bits == 64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn));
    PUT(made, at, Dyn, d_tag, tag);
    PUT(made, at, Dyn, d_un, value);
}

static void make(struct made *made)
{
    memset(made->bytes, 0, sizeof made->bytes);
    memcpy(made->bytes, ELFMAG, SELFMAG);
    made->bytes[EI_CLASS] = made->bits == 64 ? ELFCLASS64 : ELFCLASS32;
    made->bytes[EI_DATA] = made->big ? ELFDATA2MSB : ELFDATA2LSB;
    PUT(made, 0, Ehdr, e_type, made->type);
    PUT(made, 0, Ehdr, e_machine, made->machine);
    PUT(made, 0, Ehdr, e_phoff, size_of_header(made));
    PUT(made, 0, Ehdr, e_phentsize, size_of_segment(made));
    PUT(made, 0, Ehdr, e_phnum, SEGMENTS);
    put_segment(made, 0, PT_LOAD, 0, FILE_SIZE);
    if (made->interpreter != NULL) {
        put_segment(made, 1, PT_INTERP, INTERP_AT, strlen(made->interpreter) + 1);
        strcpy((char *)made->bytes + INTERP_AT, made->interpreter);
    }
    if (made->owner != NULL) {
        put_segment(made, 2, PT_NOTE, NOTE_AT, 32);
        put(made, NOTE_AT, 4, 4); /* "Go" counts two NULs */
        put(made, NOTE_AT + 4, 8, 4);
        put(made, NOTE_AT + 8, 4, 4);
        memcpy(made->bytes + NOTE_AT + 12, made->owner, strlen(made->owner));
    }
    if (made->needed != NULL) {
        put_segment(made, 3, PT_DYNAMIC, DYNAMIC_AT, FILE_SIZE - DYNAMIC_AT);
        put_dynamic(made, 0, DT_NEEDED, 1);
        put_dynamic(made, 1, DT_NEEDED, 8);
        put_dynamic(made, 2, DT_STRTAB, LOADED_AT + STRINGS_AT);
        put_dynamic(made, 3, DT_NULL, 0);
        strcpy((char *)made->bytes + STRINGS_AT + 1, "libx.s");
        strcpy((char *)made->bytes + STRINGS_AT + 8, made->needed);
    }
}

static const struct {
    struct made made;
    enum elf_libc libc;
    const char *machine, *why;
    bool go;
} files[] = {
    {{64, false, ET_DYN, EM_X86_64, "/lib64/ld-linux-x86-64.so.2", "GNU", "libc.so.6", {0}},
     ELF_LIBC_GLIBC,
     "x86-64",
     "an ordinary program",
     false},
    {{64, false, ET_EXEC, EM_AARCH64, "/lib/ld-musl-aarch64.so.1", NULL, NULL, {0}},
     ELF_LIBC_MUSL,
     "aarch64",
     "musl by its loader",
     false},
    {{32, false, ET_EXEC, EM_386, "/lib/ld-linux.so.2", NULL, NULL, {0}},
     ELF_LIBC_GLIBC,
     "i386",
     "32 bits",
     false},
    {{32, true, ET_EXEC, EM_MIPS, "/lib/ld.so.1", NULL, NULL, {0}},
     ELF_LIBC_GLIBC,
     "mips",
     "the other byte order, 32 bits",
     false},
    {{64, true, ET_DYN, EM_S390, "/lib/ld64.so.1", "Go", "libc.so.6", {0}},
     ELF_LIBC_GLIBC,
     "s390x",
     "the other byte order, 64 bits",
     true},
    {{64, false, ET_EXEC, EM_X86_64, NULL, "Go", NULL, {0}},
     ELF_LIBC_UNKNOWN,
     "x86-64",
     "a static Go program",
     true},
    {{64, false, ET_DYN, EM_X86_64, NULL, NULL, "libc.so.6", {0}},
     ELF_LIBC_GLIBC,
     "x86-64",
     "a library of glibc",
     false},
    {{32, true, ET_DYN, EM_PPC, NULL, NULL, "libc.musl-powerpc.so.1", {0}},
     ELF_LIBC_MUSL,
     "another machine",
     "a library of musl",
     false},
    {{64, false, ET_DYN, EM_X86_64, NULL, NULL, "libz.so.1", {0}},
     ELF_LIBC_UNKNOWN,
     "x86-64",
     "a library that needs no libc",
     false},
    {{64, false, ET_DYN, EM_X86_64, "/system/bin/linker64", NULL, "libc.so", {0}},
     ELF_LIBC_MUSL,
     "x86-64",
     "an unknown loader: the needed library decides",
     false},
};
enum { FILES = sizeof files / sizeof *files };

START_TEST(reads_both_classes_and_byte_orders)
{
    for (size_t i = 0; i < FILES; i++) {
        struct made made = files[i].made;
        struct elf elf;
        make(&made);
        ck_assert_msg(elf_parse_memory(made.bytes, FILE_SIZE, &elf), "%s", files[i].why);
        ck_assert_msg(elf.libc == files[i].libc, "%s: %d", files[i].why, elf.libc);
        ck_assert_str_eq(elf_machine_name(&elf), files[i].machine);
        ck_assert_msg(elf.go == files[i].go, "%s", files[i].why);
        ck_assert_uint_eq(elf.bits, made.bits);
        ck_assert(elf.executable);
        ck_assert_str_eq(elf.interpreter, made.interpreter == NULL ? "" : made.interpreter);
    }
}
END_TEST

/* Every prefix of a file either parses to what can be known by then, or does not; and it is never
 * read beyond its end. */
START_TEST(survives_truncation_at_every_byte)
{
    for (size_t i = 0; i < FILES; i++) {
        struct made made = files[i].made;
        struct elf elf;
        size_t head = size_of_header(&made) + SEGMENTS * size_of_segment(&made);
        make(&made);
        for (size_t length = 0; length <= FILE_SIZE; length++) {
            bool read = elf_parse_memory(guard_copy(made.bytes, length), length, &elf);
            ck_assert_msg(!read || length >= head, "%s at %zu", files[i].why, length);
            if (read && made.interpreter != NULL)
                ck_assert_uint_gt(length, INTERP_AT + strlen(made.interpreter));
        }
    }
}
END_TEST

START_TEST(survives_any_value_of_any_byte_of_its_tables)
{
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    for (size_t i = 0; i < FILES; i++) {
        struct made made = files[i].made;
        struct elf elf;
        make(&made);
        for (size_t at = 0; at < FILE_SIZE; at++) {
            unsigned char before = made.bytes[at];
            for (size_t v = 0; v < sizeof values; v++) {
                made.bytes[at] = values[v];
                if (elf_parse_memory(made.bytes, FILE_SIZE, &elf))
                    ck_assert_ptr_nonnull(memchr(elf.interpreter, '\0', sizeof elf.interpreter));
            }
            made.bytes[at] = before;
        }
    }
}
END_TEST

static const struct {
    const char *why;
    uint64_t count, entry, offset, interpreter_size;
    bool read;
} hostile[] = {
    {"as it is", SEGMENTS, 56, 64, 28, true},
    {"no segments", 0, 0, 0, 28, true},
    {"more segments than any linker makes", 65535, 56, 64, 28, false},
    {"segments that overlap", SEGMENTS, 0, 64, 28, false},
    {"segments behind the end", SEGMENTS, 56, FILE_SIZE, 28, false},
    {"segments at the end of the address space", SEGMENTS, 56, UINT64_MAX - 16, 28, false},
    {"an interpreter without a name", SEGMENTS, 56, 64, 1, false},
    {"an interpreter without its NUL", SEGMENTS, 56, 64, 27, false},
    {"an interpreter that is too long", SEGMENTS, 56, 64, ELF_INTERPRETER_SIZE + 1, false},
    {"an interpreter behind the end", SEGMENTS, 56, 64, UINT64_MAX, false},
};

START_TEST(refuses_tables_that_lead_nowhere)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct made made = files[0].made;
        struct elf elf = {.bits = 99};
        make(&made);
        put_segment(&made, 1, PT_INTERP, INTERP_AT, hostile[i].interpreter_size);
        put(&made, offsetof(Elf64_Ehdr, e_phnum), hostile[i].count, 2);
        put(&made, offsetof(Elf64_Ehdr, e_phentsize), hostile[i].entry, 2);
        put(&made, offsetof(Elf64_Ehdr, e_phoff), hostile[i].offset, 8);
        ck_assert_msg(elf_parse_memory(made.bytes, FILE_SIZE, &elf) == hostile[i].read, "%s",
                      hostile[i].why);
        ck_assert_msg(hostile[i].read || elf.bits == 99, "%s: written on failure", hostile[i].why);
    }
}
END_TEST

START_TEST(refuses_what_is_no_elf_file)
{
    static const struct {
        const char *text;
        size_t length;
        const char *why;
    } rows[] = {
        {"", 0, "nothing"},
        {"\177EL", 3, "half of the magic"},
        {"#!/bin/sh\necho this is a script, and quite a long one too, with more text in it\n", 76,
         "a script"},
        {"\177ELF\003\001\001\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, "a class that does not exist"},
        {"\177ELF\002\003\001\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, "a byte order that does not exist"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct elf elf;
        ck_assert_msg(
            !elf_parse_memory(guard_copy(rows[i].text, rows[i].length), rows[i].length, &elf), "%s",
            rows[i].why);
    }
}
END_TEST

START_TEST(reads_a_real_file_and_leaves_its_position)
{
    int descriptor = open("/proc/self/exe", O_RDONLY);
    struct elf elf;
    struct program_window window;
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(lseek(descriptor, 7, SEEK_SET), 7);
    ck_assert(program_read_elf(descriptor, &window, &elf));
    ck_assert_int_eq(lseek(descriptor, 0, SEEK_CUR), 7);
    ck_assert_uint_eq(elf.bits, 8 * sizeof(void *));
    ck_assert_uint_ne(elf.interpreter[0], '\0');
    ck_assert_int_ne(elf.libc, ELF_LIBC_UNKNOWN);
    ck_assert(!elf.go);
    ck_assert(elf_same_machine(&elf, &elf));
    close(descriptor);
}
END_TEST

START_TEST(a_machine_differs_by_class_and_byte_order_too)
{
    struct elf a = {.bits = 64, .machine = EM_X86_64}, b = a;
    ck_assert(elf_same_machine(&a, &b));
    b.bits = 32;
    ck_assert(!elf_same_machine(&a, &b));
    b = a;
    b.big_endian = true;
    ck_assert(!elf_same_machine(&a, &b));
    b = a;
    b.machine = EM_AARCH64;
    ck_assert(!elf_same_machine(&a, &b));
}
END_TEST

/* The linker of C puts Go's note behind its own. */
START_TEST(finds_a_go_note_behind_another)
{
    struct made made = files[0].made;
    struct elf elf;
    made.owner = "GNU";
    make(&made);
    put(&made, NOTE_AT + 24, 4, 4);
    put(&made, NOTE_AT + 28, 3, 4);
    memcpy(made.bytes + NOTE_AT + 36, "Go\0\0", 4);
    PUT(&made, size_of_header(&made) + 2 * size_of_segment(&made), Phdr, p_filesz, 44);
    ck_assert(elf_parse_memory(made.bytes, FILE_SIZE, &elf));
    ck_assert(elf.go);
    PUT(&made, size_of_header(&made) + 2 * size_of_segment(&made), Phdr, p_filesz, 24);
    ck_assert(elf_parse_memory(made.bytes, FILE_SIZE, &elf));
    ck_assert(!elf.go);
    put(&made, NOTE_AT + 4, UINT32_MAX, 4);
    ck_assert(elf_parse_memory(made.bytes, FILE_SIZE, &elf));
    ck_assert(!elf.go);
}
END_TEST

/* Two section headers behind the file's bytes: their names, and one called NAME. */
static size_t make_with_section(struct made *made, unsigned char *out, const char *name)
{
    size_t entry = made->bits == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    struct made sections = {.bits = made->bits, .big = made->big};
    make(made);
    PUT(made, 0, Ehdr, e_shoff, FILE_SIZE);
    PUT(made, 0, Ehdr, e_shentsize, entry);
    PUT(made, 0, Ehdr, e_shnum, 2);
    PUT(made, 0, Ehdr, e_shstrndx, 0);
    PUT(&sections, 0, Shdr, sh_offset, FILE_SIZE + 2 * entry);
    PUT(&sections, entry, Shdr, sh_name, 1);
    memcpy(out, made->bytes, FILE_SIZE);
    memcpy(out + FILE_SIZE, sections.bytes, 2 * entry);
    out[FILE_SIZE + 2 * entry] = '\0';
    strcpy((char *)out + FILE_SIZE + 2 * entry + 1, name);
    return FILE_SIZE + 2 * entry + 1 + strlen(name) + 1;
}

START_TEST(finds_go_by_its_section)
{
    for (size_t i = 0; i < FILES; i++) {
        struct made made = files[i].made;
        unsigned char bytes[FILE_SIZE + 256];
        struct elf elf;
        size_t length = make_with_section(&made, bytes, ".go.buildinfo");
        ck_assert(elf_parse_memory(bytes, length, &elf));
        ck_assert_msg(elf.go, "%s", files[i].why);
        ck_assert(elf_parse_memory(guard_copy(bytes, length - 1), length - 1, &elf));
        ck_assert_msg(elf.go == files[i].go, "%s: cut name", files[i].why);
        length = make_with_section(&made, bytes, ".go.buildinfox");
        ck_assert(elf_parse_memory(bytes, length, &elf));
        ck_assert_msg(elf.go == files[i].go, "%s: another section", files[i].why);
    }
}
END_TEST

static const TTest *const tests[] = {
    finds_a_go_note_behind_another,
    finds_go_by_its_section,
    reads_both_classes_and_byte_orders,
    survives_truncation_at_every_byte,
    survives_any_value_of_any_byte_of_its_tables,
    refuses_tables_that_lead_nowhere,
    refuses_what_is_no_elf_file,
    reads_a_real_file_and_leaves_its_position,
    a_machine_differs_by_class_and_byte_order_too,
};

UNIT_MAIN("elf", tests)

/* elf.h - what the head of an ELF file tells: whether a library can be preloaded into it.
 *
 * Reads foreign files: every offset, count and length is checked, time and memory are bounded
 * whatever the file says. Pure. Source: elf(5). */
#ifndef ASTRAY_ELF_H
#define ASTRAY_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum elf_libc { ELF_LIBC_UNKNOWN, ELF_LIBC_GLIBC, ELF_LIBC_MUSL };

#define ELF_INTERPRETER_SIZE 512

struct elf {
    unsigned bits; /* 32 or 64 */
    bool big_endian;
    bool executable;    /* ET_EXEC, or ET_DYN: a position-independent program or a library */
    bool go;            /* carries the note or the section of the Go linker */
    uint16_t machine;   /* EM_X86_64, ... */
    enum elf_libc libc; /* by the interpreter's name, else by the libraries it needs */
    char interpreter[ELF_INTERPRETER_SIZE]; /* of PT_INTERP; empty: none, so linked statically, or
                                               a library */
};

/* Where the bytes come from: fills BUFFER with LENGTH bytes from OFFSET on, or returns false when
 * not all of them are there. */
typedef bool elf_reader(void *context, uint64_t offset, void *buffer, size_t length);

/* False when this is no ELF file, or a broken one. Writes *OUT only on success. */
bool elf_parse(elf_reader *read, void *context, struct elf *out);

/* The same for LENGTH bytes of memory. */
bool elf_parse_memory(const void *data, size_t length, struct elf *out);

/* The C library that the dynamic loader PATH ("/lib/ld-musl-x86_64.so.1") belongs to. */
enum elf_libc elf_libc_of_loader(const char *path);

/* Is it linked statically? PATH tells a dynamic loader, which has no interpreter either. */
bool elf_is_static(const struct elf *elf, const char *path);

/* "x86-64", "aarch64", ..., or "another machine". */
const char *elf_machine_name(const struct elf *elf);

/* May a library like LIBRARY be mapped into a program like PROGRAM: machine, class, byte order? */
bool elf_same_machine(const struct elf *program, const struct elf *library);

const char *elf_libc_name(enum elf_libc libc);

/* May a program that uses PROGRAM load a library of ours that was built for LIBRARY? musl's loader
 * takes glibc's name for its own, and has all that we import; glibc's knows no name of musl's. */
bool elf_same_libc(enum elf_libc program, enum elf_libc library);

#endif

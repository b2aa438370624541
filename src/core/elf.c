#include <astray/elf.h>

#include <elf.h>
#include <string.h>

#include <astray/text.h>

#ifndef EM_LOONGARCH /* glibc 2.35 */
#define EM_LOONGARCH 258
#endif

/* No linker makes more; they bound what a hostile file can cost. */
enum {
    SEGMENTS_MAX = 512,
    SECTIONS_MAX = 512,
    NOTES_MAX = 64,
    DYNAMIC_MAX = 4096,
    NEEDED_MAX = 64,
    NAME_MAX_BYTES = 64
};

struct file {
    elf_reader *read;
    void *context;
    struct elf elf;
};

struct segment {
    uint32_t type;
    uint64_t offset, address, size;
};

/* ---- numbers of either class and byte order ----------------------------- */

static uint64_t number(const struct file *file, const unsigned char *bytes, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[file->elf.big_endian ? i : length - 1 - i];
    return value;
}

/* A field of a structure that the two classes lay out differently. */
#define FIELD(file, bytes, kind, name)                                                             \
    ((file)->elf.bits == 64                                                                        \
         ? number(file, (bytes) + offsetof(Elf64_##kind, name), sizeof((Elf64_##kind *)0)->name)   \
         : number(file, (bytes) + offsetof(Elf32_##kind, name), sizeof((Elf32_##kind *)0)->name))
#define SIZE(file, kind) ((file)->elf.bits == 64 ? sizeof(Elf64_##kind) : sizeof(Elf32_##kind))

/* ---- segments ----------------------------------------------------------- */

struct segments {
    uint64_t offset;
    size_t count;
    size_t entry; /* bytes between two of them */
};

struct sections {
    uint64_t offset;
    size_t count;
    size_t entry;
    size_t names; /* the index of the one that holds their names */
};

static bool read_header(struct file *file, struct segments *segments, struct sections *sections)
{
    unsigned char bytes[sizeof(Elf64_Ehdr)];
    if (!file->read(file->context, 0, bytes, EI_NIDENT) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return false;
    if (bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64)
        return false;
    if (bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB)
        return false;
    file->elf.bits = bytes[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    file->elf.big_endian = bytes[EI_DATA] == ELFDATA2MSB;
    if (!file->read(file->context, 0, bytes, SIZE(file, Ehdr)))
        return false;

    uint64_t type = FIELD(file, bytes, Ehdr, e_type);
    file->elf.executable = type == ET_EXEC || type == ET_DYN;
    file->elf.machine = (uint16_t)FIELD(file, bytes, Ehdr, e_machine);
    *segments = (struct segments){
        .offset = FIELD(file, bytes, Ehdr, e_phoff),
        .count = (size_t)FIELD(file, bytes, Ehdr, e_phnum),
        .entry = (size_t)FIELD(file, bytes, Ehdr, e_phentsize),
    };
    *sections = (struct sections){
        .offset = FIELD(file, bytes, Ehdr, e_shoff),
        .count = (size_t)FIELD(file, bytes, Ehdr, e_shnum),
        .entry = (size_t)FIELD(file, bytes, Ehdr, e_shentsize),
        .names = (size_t)FIELD(file, bytes, Ehdr, e_shstrndx),
    };
    if (segments->count > SEGMENTS_MAX)
        return false;
    return segments->count == 0 || segments->entry >= SIZE(file, Phdr);
}

static bool read_segment(const struct file *file, const struct segments *segments, size_t index,
                         struct segment *out)
{
    unsigned char bytes[sizeof(Elf64_Phdr)];
    uint64_t offset;
    if (__builtin_add_overflow(segments->offset, index * segments->entry, &offset) ||
        !file->read(file->context, offset, bytes, SIZE(file, Phdr)))
        return false;
    *out = (struct segment){
        .type = (uint32_t)FIELD(file, bytes, Phdr, p_type),
        .offset = FIELD(file, bytes, Phdr, p_offset),
        .address = FIELD(file, bytes, Phdr, p_vaddr),
        .size = FIELD(file, bytes, Phdr, p_filesz),
    };
    return true;
}

/* The place in the file of what will be mapped at ADDRESS. */
static bool find_offset(const struct file *file, const struct segments *segments, uint64_t address,
                        uint64_t *out)
{
    struct segment segment;
    for (size_t i = 0; i < segments->count; i++) {
        if (!read_segment(file, segments, i, &segment))
            return false;
        if (segment.type == PT_LOAD && address >= segment.address &&
            address - segment.address < segment.size)
            return !__builtin_add_overflow(segment.offset, address - segment.address, out);
    }
    return false;
}

/* ---- what they hold ----------------------------------------------------- */

static bool read_interpreter(struct file *file, const struct segment *segment)
{
    char *path = file->elf.interpreter;
    if (segment->size < 2 || segment->size > ELF_INTERPRETER_SIZE ||
        !file->read(file->context, segment->offset, path, (size_t)segment->size))
        return false;
    return path[segment->size - 1] == '\0' && path[0] != '\0';
}

/* A note is three numbers, the owner's name, and what it says, each padded to four bytes. */
static bool has_go_note(const struct file *file, const struct segment *segment)
{
    unsigned char bytes[16];
    uint64_t at = 0;
    for (unsigned notes = 0; notes < NOTES_MAX && segment->size - at >= sizeof bytes; notes++) {
        uint64_t offset;
        if (__builtin_add_overflow(segment->offset, at, &offset) ||
            !file->read(file->context, offset, bytes, sizeof bytes))
            return false;
        uint64_t name = number(file, bytes, 4), description = number(file, bytes + 4, 4);
        if (name == 4 && memcmp(bytes + 12, "Go\0\0", 4) == 0)
            return true;
        at += 12 + ((name + 3) & ~(uint64_t)3) + ((description + 3) & ~(uint64_t)3);
        if (at > segment->size)
            return false;
    }
    return false;
}

struct section {
    uint32_t name; /* its place among the names */
    uint64_t offset;
};

static bool read_section(const struct file *file, const struct sections *sections, size_t index,
                         struct section *out)
{
    unsigned char bytes[sizeof(Elf64_Shdr)];
    uint64_t offset;
    if (__builtin_add_overflow(sections->offset, index * sections->entry, &offset) ||
        !file->read(file->context, offset, bytes, SIZE(file, Shdr)))
        return false;
    *out = (struct section){
        .name = (uint32_t)FIELD(file, bytes, Shdr, sh_name),
        .offset = FIELD(file, bytes, Shdr, sh_offset),
    };
    return true;
}

/* Go programs that were linked without a build ID still carry this section. */
static bool has_go_section(const struct file *file, const struct sections *sections)
{
    static const char wanted[] = ".go.buildinfo";
    struct section names, section;
    if (sections->entry < SIZE(file, Shdr) || sections->count > SECTIONS_MAX ||
        sections->names >= sections->count ||
        !read_section(file, sections, sections->names, &names))
        return false;
    for (size_t i = 0; i < sections->count; i++) {
        char name[sizeof wanted];
        uint64_t offset;
        if (!read_section(file, sections, i, &section))
            return false;
        if (!__builtin_add_overflow(names.offset, section.name, &offset) &&
            file->read(file->context, offset, name, sizeof name) &&
            memcmp(name, wanted, sizeof wanted) == 0)
            return true;
    }
    return false;
}

static enum elf_libc libc_of_needed(struct slice name)
{
    if (slice_equal(name, SLICE("libc.so.6")) || slice_equal(name, SLICE("libc.so.6.1")))
        return ELF_LIBC_GLIBC;
    if (slice_equal(name, SLICE("libc.so")) || slice_starts_with(name, SLICE("libc.musl-")))
        return ELF_LIBC_MUSL;
    return ELF_LIBC_UNKNOWN;
}

/* A short name in the file; a longer one is of no interest here. */
static void read_name(const struct file *file, uint64_t offset, char out[static NAME_MAX_BYTES])
{
    size_t length = 0;
    while (length + 1 < NAME_MAX_BYTES &&
           file->read(file->context, offset + length, out + length, 1) && out[length] != '\0')
        length++;
    out[length] = '\0';
}

/* Which C library the file asks for by DT_NEEDED: what a library tells, that has no
 * interpreter. */
static enum elf_libc libc_of_dynamic(const struct file *file, const struct segments *segments,
                                     const struct segment *dynamic)
{
    uint64_t needed[NEEDED_MAX], strings = 0;
    size_t count = 0;
    unsigned char bytes[sizeof(Elf64_Dyn)];
    size_t entry = SIZE(file, Dyn);
    for (size_t i = 0; i < DYNAMIC_MAX && (i + 1) * entry <= dynamic->size; i++) {
        uint64_t offset;
        if (__builtin_add_overflow(dynamic->offset, i * entry, &offset) ||
            !file->read(file->context, offset, bytes, entry))
            break;
        uint64_t tag = FIELD(file, bytes, Dyn, d_tag);
        if (tag == DT_NULL)
            break;
        if (tag == DT_STRTAB)
            strings = FIELD(file, bytes, Dyn, d_un);
        if (tag == DT_NEEDED && count < NEEDED_MAX)
            needed[count++] = FIELD(file, bytes, Dyn, d_un);
    }
    for (size_t i = 0; i < count; i++) {
        char name[NAME_MAX_BYTES];
        uint64_t offset;
        if (!find_offset(file, segments, strings + needed[i], &offset))
            continue;
        read_name(file, offset, name);
        enum elf_libc libc = libc_of_needed(slice_of(name));
        if (libc != ELF_LIBC_UNKNOWN)
            return libc;
    }
    return ELF_LIBC_UNKNOWN;
}

bool elf_parse(elf_reader *read, void *context, struct elf *out)
{
    struct file file = {.read = read, .context = context};
    struct segments segments;
    struct sections sections;
    struct segment segment, dynamic = {0};
    if (!read_header(&file, &segments, &sections))
        return false;
    for (size_t i = 0; i < segments.count; i++) {
        if (!read_segment(&file, &segments, i, &segment))
            return false;
        if (segment.type == PT_INTERP && !read_interpreter(&file, &segment))
            return false;
        if (segment.type == PT_NOTE && has_go_note(&file, &segment))
            file.elf.go = true;
        if (segment.type == PT_DYNAMIC)
            dynamic = segment;
    }
    file.elf.go = file.elf.go || has_go_section(&file, &sections);
    file.elf.libc = elf_libc_of_loader(file.elf.interpreter);
    if (file.elf.libc == ELF_LIBC_UNKNOWN && dynamic.type == PT_DYNAMIC)
        file.elf.libc = libc_of_dynamic(&file, &segments, &dynamic);
    *out = file.elf;
    return true;
}

/* ---- sources ------------------------------------------------------------ */

struct memory {
    const unsigned char *data;
    size_t length;
};

static bool read_memory(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct memory *memory = context;
    if (offset > memory->length || length > memory->length - offset)
        return false;
    memcpy(buffer, memory->data + offset, length);
    return true;
}

bool elf_parse_memory(const void *data, size_t length, struct elf *out)
{
    struct memory memory = {.data = data, .length = length};
    return elf_parse(read_memory, &memory, out);
}

/* ---- names -------------------------------------------------------------- */

enum elf_libc elf_libc_of_loader(const char *path)
{
    /* The ABI documents name glibc's loaders; musl's is always ld-musl-ARCH.so.1. */
    static const struct {
        char start[12];
        enum elf_libc libc;
    } loaders[] = {
        {"ld-musl-", ELF_LIBC_MUSL},
        {"ld-linux", ELF_LIBC_GLIBC},
        {"ld64.so.", ELF_LIBC_GLIBC},
        {"ld.so.", ELF_LIBC_GLIBC},
    };
    struct slice base = slice_base(slice_of(path));
    for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++)
        if (slice_starts_with(base, slice_of(loaders[i].start)))
            return loaders[i].libc;
    return ELF_LIBC_UNKNOWN;
}

bool elf_is_static(const struct elf *elf, const char *path)
{
    return *elf->interpreter == '\0' && elf_libc_of_loader(path) == ELF_LIBC_UNKNOWN;
}

const char *elf_machine_name(const struct elf *elf)
{
    static const struct {
        uint16_t machine;
        uint8_t bits;
        const char *name;
    } machines[] = {
        {EM_X86_64, 64, "x86-64"},
        {EM_X86_64, 32, "x32"},
        {EM_386, 32, "i386"},
        {EM_AARCH64, 64, "aarch64"},
        {EM_ARM, 32, "arm"},
        {EM_RISCV, 64, "riscv64"},
        {EM_PPC64, 64, "ppc64"},
        {EM_S390, 64, "s390x"},
        {EM_MIPS, 32, "mips"},
        {EM_MIPS, 64, "mips64"},
        {EM_LOONGARCH, 64, "loongarch64"},
    };
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        if (machines[i].machine == elf->machine && machines[i].bits == elf->bits)
            return machines[i].name;
    return "another machine";
}

bool elf_same_machine(const struct elf *program, const struct elf *library)
{
    return program->machine == library->machine && program->bits == library->bits &&
           program->big_endian == library->big_endian;
}

const char *elf_libc_name(enum elf_libc libc)
{
    return libc == ELF_LIBC_GLIBC ? "glibc" : libc == ELF_LIBC_MUSL ? "musl" : "another C library";
}

bool elf_same_libc(enum elf_libc program, enum elf_libc library)
{
    return program == library || program == ELF_LIBC_UNKNOWN || library == ELF_LIBC_UNKNOWN ||
           (program == ELF_LIBC_MUSL && library == ELF_LIBC_GLIBC);
}

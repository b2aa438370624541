#include "page.h"

#include <errno.h>
#include <stdatomic.h>

#include <astray/layout.h>
#include <astray/process.h>
#include <astray/sink.h>

#include "state.h"

#define NANOSECONDS 1000000000u

LAYOUT_AT_HAND static _Atomic(uint32_t) sequences;
LAYOUT_AT_HAND static _Atomic(uint32_t)
    suppressed; /* attempts over the rate that no record has told of yet */
LAYOUT_AT_HAND static _Atomic(uint32_t) dropped; /* records that no log took, likewise */

uint64_t page_clock(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

uint32_t page_next_sequence(void)
{
    return atomic_fetch_add_explicit(&sequences, 1, memory_order_relaxed) + 1;
}

void page_suppress(void)
{
    atomic_fetch_add_explicit(&suppressed, 1, memory_order_relaxed);
}

/* ---- the slot ----------------------------------------------------------- */

bool page_claim(struct page *page)
{
    page->scratch = scratch_claim();
    if (page->scratch == NULL)
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    else
        text_start(&page->texts, page->scratch->texts, sizeof page->scratch->texts);
    return page->scratch != NULL;
}

void page_read_process(struct page *page)
{
    page->process = scratch_process(page->scratch, process_pid());
}

void page_read_process_once(struct page *page)
{
    page->process = scratch_process_once(page->scratch, process_pid());
}

bool page_open(struct page *page)
{
    if (!page_claim(page))
        return false;
    page_read_process(page);
    return true;
}

void page_release(struct page *page)
{
    scratch_release(page->scratch);
}

/* ---- texts -------------------------------------------------------------- */

struct slice page_since(const struct page *page, size_t start)
{
    return slice_from(text_done(&page->texts), start);
}

struct slice page_ip(struct page *page, const struct addr *addr)
{
    char buffer[ADDR_TEXT_SIZE];
    size_t start = page->texts.length;
    text_bytes(&page->texts, buffer, addr_format(addr, buffer));
    return page_since(page, start);
}

struct slice page_number(struct page *page, uint64_t number)
{
    size_t start = page->texts.length;
    text_number(&page->texts, number);
    return page_since(page, start);
}

struct slice page_id(struct page *page, uint32_t sequence)
{
    size_t start = page->texts.length;
    text_number(&page->texts, page->process->started);
    text_char(&page->texts, '-');
    text_number(&page->texts, (uint64_t)page->process->pid);
    text_char(&page->texts, '-');
    text_number(&page->texts, sequence);
    return page_since(page, start);
}

/* ---- fields ------------------------------------------------------------- */

void page_set_optional(struct record *record, enum record_field field, struct slice text)
{
    if (text.length > 0)
        record_set_text(record, field, text);
}

static void set_time(struct page *page)
{
    char buffer[RECORD_TIME_SIZE];
    size_t start = page->texts.length;
    record_time_format(page_clock(CLOCK_REALTIME) / 1000, buffer);
    text_bytes(&page->texts, buffer, sizeof buffer - 1);
    record_set_text(&page->scratch->record, RECORD_TIMESTAMP, page_since(page, start));
}

void page_set_frame(struct page *page, const struct slice *category)
{
    struct record *record = &page->scratch->record;
    record_start(record);
    set_time(page);
    record_set_text(record, RECORD_LEVEL, SLICE("warning"));
    record_set_text(record, RECORD_ECS_VERSION, SLICE(RECORD_ECS));
    record_set_text(record, RECORD_EVENT_KIND, SLICE("event"));
    record_set_list(record, RECORD_EVENT_CATEGORY, category, 1);
    record_set_text(record, RECORD_EVENT_MODULE, SLICE("astray"));
    record_set_text(record, RECORD_EVENT_DATASET, SLICE("astray.connections"));
    record_set_number(record, RECORD_SCHEMA, RECORD_FORMAT);
    record_set_text(record, RECORD_MODE, slice_of(policy_mode_name(state.policy->mode)));
    page_set_optional(record, RECORD_RUN, slice_of(state.policy->run));
}

void page_set_process(struct page *page)
{
    struct record *record = &page->scratch->record;
    const struct process *process = page->process;
    record_set_number(record, RECORD_PROCESS_PID, (uint64_t)process->pid);
    record_set_number(record, RECORD_PROCESS_THREAD_ID, (uint64_t)process_tid());
    page_set_optional(record, RECORD_PROCESS_NAME, process->name);
    page_set_optional(record, RECORD_PROCESS_EXECUTABLE, process->executable);
    if (state.policy->mask_arguments && process->arg_count > 0)
        record_set_list(record, RECORD_PROCESS_ARGS, process->args, process->arg_count);
    page_set_optional(record, RECORD_PROCESS_WORKING_DIRECTORY, process->working_directory);
    record_set_number(record, RECORD_PARENT_PID, (uint64_t)process->parent_pid);
    page_set_optional(record, RECORD_PARENT_NAME, process->parent_name);
    page_set_optional(record, RECORD_PARENT_EXECUTABLE, process->parent_executable);
    record_set_text(record, RECORD_USER_ID, page_number(page, process->uid));
    page_set_optional(record, RECORD_HOST_NAME, process->host);
    page_set_optional(record, RECORD_UNIT, process->unit);
}

void page_set_ancestry(struct page *page, struct slice items[static PROCESS_ANCESTORS_MAX])
{
    const struct process *process = page->process;
    for (size_t i = 0; i < process->ancestor_count; i++) {
        size_t start = page->texts.length;
        text_slice(&page->texts, process->ancestors[i].name);
        text_char(&page->texts, '[');
        text_number(&page->texts, (uint64_t)process->ancestors[i].pid);
        text_char(&page->texts, ']');
        items[i] = page_since(page, start);
    }
    if (process->ancestor_count > 0)
        record_set_list(&page->scratch->record, RECORD_ANCESTRY, items, process->ancestor_count);
}

static void set_counter(struct record *record, enum record_field field, _Atomic(uint32_t) *counter)
{
    uint32_t count = atomic_exchange_explicit(counter, 0, memory_order_relaxed);
    if (count > 0)
        record_set_number(record, field, count);
}

void page_put(struct page *page)
{
    struct scratch *scratch = page->scratch;
    struct record *record = &scratch->record;
    if (!record->fields[RECORD_EVENT_ID].present)
        record_set_text(record, RECORD_EVENT_ID, page_id(page, page_next_sequence()));
    set_counter(record, RECORD_SUPPRESSED, &suppressed);
    set_counter(record, RECORD_DROPPED, &dropped);
    struct slice line = {scratch->line, record_encode(record, scratch->line)};
    if (sink_write(state.policy, &state.standard_error, page->process->program, line) == 0)
        return;
    uint32_t lost = record->fields[RECORD_DROPPED].present
                        ? (uint32_t)record->fields[RECORD_DROPPED].number
                        : 0;
    atomic_fetch_add_explicit(&dropped, lost + 1, memory_order_relaxed);
    if (record->fields[RECORD_SUPPRESSED].present)
        atomic_fetch_add_explicit(&suppressed, (uint32_t)record->fields[RECORD_SUPPRESSED].number,
                                  memory_order_relaxed);
}

/* ---- the end ------------------------------------------------------------ */

static const struct slice network[] = {{"network", 7}};
static const struct slice information[] = {{"info", 4}};

/* What was suppressed or dropped since the last record, told when the program ends: behind all
 * other destructors, which may tell of more. */
__attribute__((destructor(101))) static void tell_the_rest(void)
{
    struct page page;
    int saved = errno;
    if ((suppressed == 0 && dropped == 0) || state.policy->log == POLICY_LOG_NONE ||
        !page_open(&page))
        return;
    page_set_frame(&page, network);
    page_set_process(&page);
    record_set_list(&page.scratch->record, RECORD_EVENT_TYPE, information, 1);
    record_set_text(&page.scratch->record, RECORD_EVENT_ACTION, SLICE("suppressed"));
    record_set_text(&page.scratch->record, RECORD_EVENT_OUTCOME, SLICE("unknown"));
    record_set_text(&page.scratch->record, RECORD_MESSAGE,
                    SLICE("records over the rate, or that no log took, were counted only"));
    page_put(&page);
    page_release(&page);
    errno = saved;
}

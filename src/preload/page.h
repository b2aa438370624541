/* page.h - one record in the making, in a slot of static memory: what every record has in common.
 *
 * Async-signal-safe; errno may change. */
#ifndef ASTRAY_PRELOAD_PAGE_H
#define ASTRAY_PRELOAD_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <astray/addr.h>
#include <astray/process.h>
#include <astray/record.h>
#include <astray/text.h>

#include "scratch.h"

struct page {
    struct scratch *scratch;
    struct text texts; /* one behind the other in the slot */
    const struct process *process;
};

/* Takes a slot; false when none is free, which is counted as a record that was dropped. Of the
 * process nothing is known yet. */
bool page_claim(struct page *page);

/* Reads the calling process, of which more will be told, or which will soon be another program. */
void page_read_process(struct page *page);
void page_read_process_once(struct page *page);

/* page_claim and page_read_process. */
bool page_open(struct page *page);

void page_release(struct page *page);

/* ---- texts, valid until the page is released ---- */

/* What was written to page->texts since START. */
struct slice page_since(const struct page *page, size_t start);
struct slice page_ip(struct page *page, const struct addr *addr);
struct slice page_number(struct page *page, uint64_t number);

/* "8812345-4711-1": unique since the start of the process is. */
struct slice page_id(struct page *page, uint32_t sequence);

/* ---- fields ---- */

/* Begins the record: time, kind, and whom it is of. CATEGORY is a list of one, and static. */
void page_set_frame(struct page *page, const struct slice *category);
void page_set_process(struct page *page);

/* "deploy.sh[4710]" for each ancestor, into ITEMS, which must live until page_put. */
void page_set_ancestry(struct page *page, struct slice items[static PROCESS_ANCESTORS_MAX]);

/* Sets FIELD unless TEXT is empty. */
void page_set_optional(struct record *record, enum record_field field, struct slice text);

/* Writes the record; what is lost on the way is counted and told by the next one, or at the end of
 * the process. */
void page_put(struct page *page);

/* ---- counts ---- */

uint32_t page_next_sequence(void);

/* An attempt was over the rate. */
void page_suppress(void);

/* Nanoseconds; 0 when there is no such clock. */
uint64_t page_clock(clockid_t clock);

#endif

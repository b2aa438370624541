/* layout.h - where the library's own variables lie, so that it costs little to load. */
#ifndef ASTRAY_LAYOUT_H
#define ASTRAY_LAYOUT_H

/* For the little that every program writes at load: together on a page that the loader itself has
 * no need to write, so that what it has written can all become read-only at once. The initial
 * value is zero. The large arrays have pages of their own, which cost nothing until they are used.
 */
#define LAYOUT_AT_HAND __attribute__((section(".bss.at_hand")))

/* For the page that madvise(2) is asked about: behind all others, where that parts the library's
 * memory in two and not in three. */
#define LAYOUT_APART __attribute__((section(".bss.apart")))

/* For constants and functions that every program reads at load: side by side, so that one page
 * fault maps them all. */
#define LAYOUT_AT_LOAD __attribute__((section(".text.startup.constants")))

#endif

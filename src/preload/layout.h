/* layout.h - where the library's own variables lie. */
#ifndef ASTRAY_PRELOAD_LAYOUT_H
#define ASTRAY_PRELOAD_LAYOUT_H

/* For the little that every program touches at load: on the page that the loader has written
 * already. The large arrays have pages of their own, which cost nothing until they are used. */
#define LAYOUT_AT_HAND __attribute__((section(".data")))

#endif

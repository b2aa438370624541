/* empty.c - nothing at all, built as a library with the compiler's defaults: the least that
 * preloading anything costs. The loader opens it, maps its segments and calls its start files. */
typedef int empty_is_no_translation_unit_of_iso_c;

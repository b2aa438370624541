/* descriptor.h - descriptors that a guest opens for a moment.
 *
 * Raw system calls: open and close may be somebody else's hooks, and are cancellation points.
 * Async-signal-safe. */
#ifndef ASTRAY_DESCRIPTOR_H
#define ASTRAY_DESCRIPTOR_H

/* DESCRIPTOR itself, or in place of 0 to 2 a copy above them (close-on-exec): a program that was
 * started without its standard descriptors would take ours for them. For a negative one, and
 * when there is no room for the copy, -errno. Changes errno. */
int descriptor_above_standard(long descriptor);

/* Closes DESCRIPTOR. Changes errno. */
void descriptor_close(int descriptor);

#endif

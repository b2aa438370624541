/* version.h - the one place where the version stands. */
#ifndef ASTRAY_VERSION_H
#define ASTRAY_VERSION_H

#define ASTRAY_VERSION "0.1.0"

/* The day of that version, for the manual pages. */
#define ASTRAY_RELEASED "2026-11-23"

#endif

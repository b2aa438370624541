/* version.h - the one place where the version stands. */
#ifndef ASTRAY_VERSION_H
#define ASTRAY_VERSION_H

#define ASTRAY_VERSION "0.1.0"

#endif

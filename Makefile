# Astray: `make` builds build/libastray.so and build/astray; `make help` lists the rest.

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
mandir ?= $(prefix)/share/man
datadir ?= $(prefix)/share
logdir ?= /var/log/astray
DESTDIR ?=

CC ?= cc
AR ?= ar
INSTALL ?= install
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
B := build

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
            -Wformat=2 -Wvla -Wundef -Wpointer-arith
ifdef CI
WARNINGS += -Werror
endif
ALL_CPPFLAGS := -Iinclude -D_GNU_SOURCE $(CPPFLAGS)
ALL_CFLAGS := -std=gnu11 $(WARNINGS) -fstack-protector-strong -fstack-clash-protection \
              -fvisibility=hidden -ffunction-sections -fdata-sections -MMD -MP $(CFLAGS)
HARDENED_LDFLAGS := -Wl,-z,relro,-z,now $(LDFLAGS)

# What runs inside foreign programs: position independent, and not fortified, since musl lacks
# the functions that fortification calls. One optimisation over the whole library where the
# compiler can: the clean path is short calls.
LTO_FLAGS := -flto -flto-partition=one -ffat-lto-objects
LTO := $(shell echo 'int x;' | $(CC) -Werror $(LTO_FLAGS) -x c -c -o /dev/null - 2>/dev/null && \
           echo $(LTO_FLAGS))
GUEST_CFLAGS := -fPIC -U_FORTIFY_SOURCE $(LTO)
HOST_CFLAGS := -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
               -DASTRAY_LIBRARY='"$(libdir)/astray/libastray.so"'

comma := ,
objects = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $(1))))
CORE := $(call objects,src/core/*.c)
SYS := $(call objects,src/sys/*.c)
PRELOAD := $(call objects,src/preload/*.c)
CLI := $(call objects,src/cli/*.c)
BASE := $(B)/libbase.a
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

CLI_LIBS := -lz -lyaml -pthread

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

.PHONY: all
all: $(B)/libastray.so $(B)/astray ## build the library and the command

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1 \2/p' $(MAKEFILE_LIST) | \
	    while read -r target text; do printf '  %-16s %s\n' "$$target" "$$text"; done

$(CORE) $(SYS) $(PRELOAD): $(B)/%.o: %.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

$(CLI): $(B)/%.o: %.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(HOST_CFLAGS) -c -o $@ $<

# The page of the summary holds its style and script.
$(B)/src/cli/summary_html.o $(B)/sanitized/src/cli/summary_html.o \
    $(B)/fuzzed/src/cli/summary_html.o: src/cli/report.css src/cli/report.js

$(BASE): $(CORE) $(SYS)
	$(say) AR $@
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# A C library other than glibc is left out of what the library needs, so that programs of glibc
# start under it as well: every program has all that it imports.
GLIBC := $(shell $(CC) -E -dM -include features.h -x c /dev/null 2>/dev/null | grep -w __GLIBC__)
LIBRARY_LIBS := $(if $(GLIBC),-Wl$(comma)-z$(comma)defs,-nodefaultlibs -lgcc)

# Few segments and no start files: each segment costs an mmap(2), each symbol a look-up, in every
# program that is started under the library.
$(B)/libastray.so: $(PRELOAD) $(BASE)
	$(say) LD $@
	$(Q)$(CC) -shared -nostartfiles $(CFLAGS) $(LTO) -o $@ $(PRELOAD) $(BASE) \
	    $(HARDENED_LDFLAGS) -Wl,-z,noseparate-code,--gc-sections,--as-needed \
	    -Wl,-soname,libastray.so $(LIBRARY_LIBS)

$(B)/astray: $(CLI) $(BASE)
	$(say) LD $@
	$(Q)$(CC) -pie -o $@ $(CLI) $(BASE) $(HARDENED_LDFLAGS) -Wl,--gc-sections $(CLI_LIBS)

include $(wildcard tests/*.mk scripts/*.mk)

# ---- installation -------------------------------------------------------

MAN_PAGES := $(wildcard man/*.[1-8])
# What is installed, "source place mode" a row.
INSTALLED := \
    $(B)/libastray.so,$(libdir)/astray/libastray.so,644 \
    $(B)/astray,$(bindir)/astray,755 \
    $(foreach page,$(MAN_PAGES),$(page),$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)),644) \
    scripts/completions/astray.bash,$(datadir)/bash-completion/completions/astray,644 \
    scripts/completions/_astray,$(datadir)/zsh/site-functions/_astray,644 \
    scripts/completions/astray.fish,$(datadir)/fish/vendor_completions.d/astray.fish,644

# A file that is there is replaced by a rename: running programs have the library mapped.
.PHONY: install
install: all ## install below $(DESTDIR)$(prefix)
	$(Q)set -e; for row in $(INSTALLED); do \
	    source=$${row%%,*}; mode=$${row##*,}; place=$${row#*,}; place="$(DESTDIR)$${place%,*}"; \
	    $(INSTALL) -d "$${place%/*}"; \
	    $(INSTALL) -m "$$mode" "$$source" "$$place.new"; \
	    mv -f "$$place.new" "$$place"; \
	done
	$(Q)[ -d "$(DESTDIR)$(logdir)" ] || $(INSTALL) -d -m 1733 "$(DESTDIR)$(logdir)" || \
	    echo 'install: $(logdir) could not be made; records go to syslog unless ASTRAY_LOG names a file' >&2

# Logs that are there are kept; of folders, our own go, and below DESTDIR those that are empty then.
.PHONY: uninstall
uninstall: ## remove what install made
	$(Q)for row in $(INSTALLED); do \
	    place=$${row#*,}; place=$${place%,*}; \
	    rm -f "$(DESTDIR)$$place"; \
	    [ -z "$(DESTDIR)" ] || (cd "$(DESTDIR)" && folder=$${place%/*} && \
	        rmdir -p --ignore-fail-on-non-empty "$${folder#/}" 2>/dev/null) || :; \
	done
	$(Q)rmdir "$(DESTDIR)$(libdir)/astray" "$(DESTDIR)$(logdir)" 2>/dev/null || :
	$(Q)[ -z "$(DESTDIR)" ] || (folder=$(logdir) && cd "$(DESTDIR)" && \
	    rmdir -p --ignore-fail-on-non-empty "$$(dirname "$${folder#/}")" 2>/dev/null) || :

.PHONY: clean
clean: ## remove everything that was built
	$(Q)rm -rf $(B)

-include $(wildcard $(B)/src/*/*.d $(B)/tests/*/*.d $(B)/*/src/*/*.d)

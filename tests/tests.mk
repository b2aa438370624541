# Unit tests (Check), built with ASan and UBSan from sources of their own, and fuzz targets.

CHECK_CFLAGS := $(shell $(PKG_CONFIG) --cflags check 2>/dev/null)
CHECK_LIBS := $(shell $(PKG_CONFIG) --libs check 2>/dev/null)
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=undefined
S := $(B)/sanitized
S_BASE := $(patsubst %.c,$(S)/%.o,$(sort $(wildcard src/core/*.c src/sys/*.c)))
# The command's modules without its main(), so that tests can call them.
S_CLI := $(patsubst %.c,$(S)/%.o,$(filter-out src/cli/main.c,$(sort $(wildcard src/cli/*.c))))

$(S)/%.o: %.c
	$(say) CC '$< (sanitized)'
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O1 $(SANITIZE) -fPIE \
	    -DASTRAY_LIBRARY='"$(libdir)/astray/libastray.so"' -c -o $@ $<

$(S)/libbase.a: $(S_BASE)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(S)/libcli.a: $(S_CLI)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(S)/astray: $(S)/src/cli/main.o $(S)/libcli.a $(S)/libbase.a
	$(say) LD $@
	$(Q)$(CC) -pie $(SANITIZE) -o $@ $^ $(CLI_LIBS)

$(B)/tests/unit/%: tests/unit/%.c tests/unit/unit.h $(S)/libcli.a $(S)/libbase.a
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Isrc/cli $(CHECK_CFLAGS) $(ALL_CFLAGS) -O1 $(SANITIZE) \
	    -DASTRAY_TEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< \
	    $(S)/libcli.a $(S)/libbase.a $(CHECK_LIBS) $(UNIT_LIBS) $(CLI_LIBS)

UNIT_LIBS := -ljansson

.PHONY: unit
unit: $(UNIT) ## build and run the unit tests
	$(Q)status=0; for test in $(UNIT); do $$test || status=1; done; exit $$status

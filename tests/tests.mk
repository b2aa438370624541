# The tests: unit (Check, with ASan and UBSan, from objects of their own), fuzz targets, and the
# programs that run under the library. tests/run runs them.

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
	$(Q)$(CC) $(ALL_CPPFLAGS) -iquote src/cli $(CHECK_CFLAGS) $(ALL_CFLAGS) -O1 $(SANITIZE) \
	    -DASTRAY_TEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< \
	    $(S)/libcli.a $(S)/libbase.a $(CHECK_LIBS) $(UNIT_LIBS) $(CLI_LIBS)

UNIT_LIBS := -ljansson

# Those of core and sys again in other worlds, with a frame of our own: Debian has no Check for them.
WORLD_UNIT := elf endpoint mask netlink netlink_listeners outcome policy process program reason script \
    sink socket spelling text $(if $(GLIBC),addr host memory origin) # compare with glibc, or need its own
WORLD_TESTS := $(addprefix $(B)/tests/worlds/test_,$(WORLD_UNIT)) $(B)/tests/programs/connect

$(B)/tests/worlds/%: tests/unit/%.c tests/unit/unit.h tests/worlds/check.h $(BASE)
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -Itests/worlds $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O1 -fPIE \
	    -DASTRAY_TEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< $(BASE) -pthread

.PHONY: test-worlds $(B)/world-tests
$(B)/world-tests: $(WORLD_TESTS)

test-worlds:
	$(Q)$(MAKE) --no-print-directory worlds WORLD_GOALS='libastray.so world-tests'

.PHONY: unit
unit: $(UNIT) ## build and run the unit tests
	$(Q)status=0; for test in $(UNIT); do $$test || status=1; done; exit $$status

# Fuzz targets: with libFuzzer where clang has it, else with a driver of our own.
FUZZ_CC := $(shell echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' | \
    clang -x c -fsanitize=fuzzer,address,undefined -o /dev/null - 2>/dev/null && echo clang)
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
ifeq ($(FUZZ_CC),clang)
FUZZ_SANITIZE += -fsanitize=fuzzer-no-link
FUZZ_DRIVER := -fsanitize=fuzzer
else
FUZZ_CC := $(CC)
FUZZ_DRIVER := tests/fuzz/driver.c
endif
F := $(B)/fuzzed
F_OBJECTS := $(patsubst %.c,$(F)/%.o,$(filter-out src/cli/main.c,\
    $(sort $(wildcard src/core/*.c src/sys/*.c src/cli/*.c))))

$(F)/%.o: %.c
	$(say) CC '$< (for fuzzing)'
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O1 $(FUZZ_SANITIZE) -fPIE \
	    -DASTRAY_LIBRARY='"$(libdir)/astray/libastray.so"' -c -o $@ $<

$(F)/libastray.a: $(F_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(FUZZ): $(B)/tests/fuzz/%: tests/fuzz/%.c $(F)/libastray.a $(wildcard tests/fuzz/driver.c)
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(ALL_CPPFLAGS) -iquote src/cli $(ALL_CFLAGS) -Wno-missing-prototypes -O1 \
	    $(FUZZ_SANITIZE) -o $@ $< $(FUZZ_DRIVER) $(F)/libastray.a $(CLI_LIBS)

.PHONY: fuzz
fuzz: $(FUZZ) ## run each fuzz target for FUZZ_SECONDS (60)
	$(Q)status=0; for target in $(notdir $(FUZZ)); do \
	    tests/fuzz/run $$target || status=1; done; exit $$status

# What the end-to-end tests run under the library: programs, and lib*.c as libraries.
PROGRAM_SOURCES := $(sort $(wildcard tests/e2e/programs/*.c))
PROGRAMS := $(patsubst tests/e2e/programs/%.c,$(B)/tests/programs/%,\
    $(filter-out tests/e2e/programs/lib%,$(PROGRAM_SOURCES))) \
    $(patsubst tests/e2e/programs/%.c,$(B)/tests/programs/%.so,\
    $(filter tests/e2e/programs/lib%,$(PROGRAM_SOURCES)))

$(B)/tests/programs/%.so: tests/e2e/programs/%.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -fPIC -shared -o $@ $< -ldl

$(B)/tests/programs/%: tests/e2e/programs/%.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -U_FORTIFY_SOURCE -O1 -rdynamic -o $@ $< -pthread -ldl

.PHONY: test-programs
test-programs: test-worlds $(UNIT) $(FUZZ) $(PROGRAMS) $(S)/astray ## build all that the tests run

.PHONY: matrix
matrix: all ## run the matrix of real clients (scripts/matrix --accept keeps the result)
	$(Q)scripts/matrix

.PHONY: foreign
foreign: all ## run the test suites of others under the library (make check: a core; Perl: scripts/perl-tests)
	$(Q)scripts/in-netns tests/e2e/foreign.bash $(B)/results/foreign all

.PHONY: check
check: all test-programs ## run all tests (scripts/test also installs what they need)
	$(Q)tests/run

.PHONY: soak
soak: all test-programs ## follow 100,000 records a second for 3 x 20 s, through rotations and kill -9
	$(Q)tests/soak

.PHONY: lint
lint: ## formatting, static analysis, and warnings of gcc and clang as errors
	$(Q)tests/lint

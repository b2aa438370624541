# Manual pages and completions, written by scripts/docgen.c out of the tables of options,
# settings, classes and fields, and committed.

DOCS := $(B)/docs

$(B)/docgen: scripts/docgen.c $(filter-out $(B)/src/cli/main.o,$(CLI)) $(BASE)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(HOST_CFLAGS) -pie -o $@ $^ $(HARDENED_LDFLAGS) \
	    -Wl,--gc-sections $(CLI_LIBS)

.PHONY: docs
docs: $(B)/docgen ## write the manual pages and completions again
	$(say) DOCS 'man scripts/completions'
	$(Q)rm -f man/*.[1-8] scripts/completions/*
	$(Q)$(B)/docgen .

.PHONY: docs-check
docs-check: $(B)/docgen ## fail when they are not what the tables say
	$(Q)rm -rf $(DOCS)
	$(Q)$(B)/docgen $(DOCS)
	$(Q)diff -r man $(DOCS)/man && diff -r scripts/completions $(DOCS)/scripts/completions || \
	    { echo 'stale: run make docs' >&2; exit 1; }

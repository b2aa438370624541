# The benchmarks: scripts/bench runs them, and the head of each program says what it measures.

BENCH := $(patsubst %,$(B)/tests/bench/%,compare calls finding empty.so forward.so)

$(B)/tests/bench/%: tests/bench/%.c tests/bench/sample.h
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -U_FORTIFY_SOURCE -o $@ $< -lm

# With the defaults of the compiler: what anybody's library would be.
$(B)/tests/bench/empty.so: tests/bench/empty.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -fPIC -o $@ $<

$(B)/tests/bench/forward.so: tests/bench/forward.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fPIC -shared -o $@ $< -ldl

.PHONY: bench
bench: all $(BENCH) ## compare what the library and the command cost, as ratios
	$(Q)scripts/install-deps bench
	$(Q)scripts/bench

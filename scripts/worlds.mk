# Other worlds: other machines and another C library. `make worlds` builds the library for each
# whose compiler is here, into $(B)/TRIPLET, and says why it leaves out the others;
# `make install-worlds` puts what was built into $(prefix)/lib/TRIPLET/astray, where `astray run`
# looks for it; `make uninstall-worlds` takes them away again.
# For any other: make CC=COMPILER B=build/NAME build/NAME/libastray.so

TRIPLETS := i386-linux-gnu $(shell uname -m)-linux-musl aarch64-linux-gnu

# How each is compiled, and the packages of Debian that this takes.
world_cc = $(if $(filter i386-%,$(1)),gcc -m32,$(if $(filter %-musl,$(1)),musl-gcc,$(1)-gcc))
world_ar = $(if $(filter aarch64-%,$(1)),$(1)-ar,$(AR))
world_packages = $(if $(filter i386-%,$(1)),lib32gcc-N-dev and libc6-dev-i386,$(if \
    $(filter %-musl,$(1)),musl-tools,gcc-aarch64-linux-gnu and libc6-dev-arm64-cross))

# Debian gives neither `gcc -m32` nor musl-gcc the headers of the kernel.
KERNEL_HEADERS := $(B)/kernel
world_flags = $(if $(filter aarch64-%,$(1)),,-idirafter $(KERNEL_HEADERS))
world_compiler = $(strip $(call world_cc,$(1)) $(call world_flags,$(1)))

$(KERNEL_HEADERS):
	$(Q)mkdir -p $@
	$(Q)for name in linux asm-generic asm; do \
	    for place in /usr/include "/usr/include/$$(uname -m)-linux-gnu"; do \
	        [ ! -d "$$place/$$name" ] || ln -sfn "$$place/$$name" "$@/$$name"; \
	    done; \
	done

WORLDS := $(addprefix world-of-,$(TRIPLETS))
WORLD_GOALS := libastray.so

.PHONY: worlds $(WORLDS) install-worlds uninstall-worlds
worlds: $(WORLDS) ## build the library for other machines and C libraries

$(WORLDS): world-of-%: | $(KERNEL_HEADERS)
	+$(Q)if printf '#include <netdb.h>\n#include <linux/netlink.h>\n' | \
	    $(call world_compiler,$*) -x c -c -o /dev/null - 2>/dev/null; then \
	    $(MAKE) --no-print-directory B=$(B)/$* CC='$(call world_compiler,$*)' \
	        AR='$(call world_ar,$*)' $(WORLD_GOALS:%=$(B)/$*/%); \
	else \
	    rm -rf $(B)/$*; \
	    echo 'worlds: $* is left out: it takes $(call world_packages,$*)'; \
	fi

install-worlds: worlds ## install them, each in a folder of its own
	$(Q)set -e; for triplet in $(TRIPLETS); do \
	    [ -e "$(B)/$$triplet/libastray.so" ] || continue; \
	    place="$(DESTDIR)$(prefix)/lib/$$triplet/astray"; \
	    $(INSTALL) -d "$$place"; \
	    $(INSTALL) -m 644 "$(B)/$$triplet/libastray.so" "$$place/libastray.so.new"; \
	    mv -f "$$place/libastray.so.new" "$$place/libastray.so"; \
	done

# Folders as in `uninstall`: our own go, and below DESTDIR those that are empty then.
uninstall-worlds: ## remove what install-worlds made
	$(Q)for triplet in $(TRIPLETS); do \
	    place="$(prefix)/lib/$$triplet/astray"; \
	    rm -f "$(DESTDIR)$$place/libastray.so"; \
	    rmdir "$(DESTDIR)$$place" 2>/dev/null || continue; \
	    [ -z "$(DESTDIR)" ] || (cd "$(DESTDIR)" && folder=$${place%/*} && \
	        rmdir -p --ignore-fail-on-non-empty "$${folder#/}"); \
	done

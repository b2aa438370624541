# The Debian package, built in a copy of the tree that holds what belongs to it and nothing else.

DEB_VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
DEB_TREE := $(B)/deb/astray-$(DEB_VERSION)

.PHONY: deb
deb: ## build the Debian package in build/deb, and look at it with lintian
	$(Q)scripts/install-deps build deb
	$(Q)rm -rf $(B)/deb && mkdir -p $(DEB_TREE)
	$(Q)tar -c --exclude=./$(B) --exclude=./.git . | tar -x -C $(DEB_TREE)
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	    dpkg-buildpackage --unsigned-changes --unsigned-source --build=binary
	$(Q)lintian --allow-root --fail-on error,warning $(B)/deb/*.changes

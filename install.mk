# Installing, the pages and files with built-in paths, and releases.
#
# man/ and etc/ are written with @NAME@ where a built-in path or name goes;
# what the build fills in stands in $(O)/man and $(O)/etc.

MAN_PAGES := $(wildcard man/*.[1-9])
ETC_FILES := $(filter-out %/,$(wildcard etc/*.* etc/bsock etc/*/*))
FILLED    := $(MAN_PAGES:%=$(O)/%) $(ETC_FILES:%=$(O)/%) $(O)/libbsock.pc

UNITDIR       = $(PREFIX)/lib/systemd/system
SYSUSERSDIR   = $(PREFIX)/lib/sysusers.d
TMPFILESDIR   = $(PREFIX)/lib/tmpfiles.d
COMPLETIONDIR = $(DATADIR)/bash-completion/completions
PKGCONFIGDIR  = $(LIBDIR)/pkgconfig

# The service manager makes the directory where it can, below /run.
ifneq ($(filter /run/%,$(BSOCK_SOCKET_DIR)),)
UNIT_SOCKET_DIR = RuntimeDirectory=$(BSOCK_SOCKET_DIR:/run/%=%)
else
UNIT_SOCKET_DIR = ReadWritePaths=$(BSOCK_SOCKET_DIR)
endif

# Not written as @NAME@: this file is never filled in itself.
fill = s|[@]$(1)[@]|$(2)|g;
FILL = $(call fill,VERSION,$(VERSION)) $(call fill,PREFIX,$(PREFIX)) \
	$(call fill,SBINDIR,$(SBINDIR)) $(call fill,BINDIR,$(BINDIR)) \
	$(call fill,LIBDIR,$(LIBDIR)) $(call fill,INCLUDEDIR,$(INCLUDEDIR)) \
	$(call fill,SYSCONFDIR,$(SYSCONFDIR)) \
	$(call fill,SOCKETDIR,$(BSOCK_SOCKET_DIR)) \
	$(call fill,SOCKET,$(BSOCK_SOCKET_DIR)/socket) \
	$(call fill,GROUP,$(BSOCK_GROUP)) \
	$(call fill,SOCKETMODE,$(BSOCK_SOCKET_MODE)) \
	$(call fill,SKIP,$(BSOCK_BINDRESVPORT_SKIP)) \
	$(call fill,UNITSOCKETDIR,$(UNIT_SOCKET_DIR))

# Rewritten only when it changes, as $(O)/bsock_paths.h is.
$(O)/fill.sed: FORCE
	@mkdir -p $(@D)
	@echo '$(FILL)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(O)/man/%: man/% $(O)/fill.sed
	@mkdir -p $(@D)
	sed -f $(O)/fill.sed $< >$@

$(O)/etc/%: etc/% $(O)/fill.sed
	@mkdir -p $(@D)
	sed -f $(O)/fill.sed $< >$@

$(O)/libbsock.pc: libbsock.pc.in $(O)/fill.sed
	@mkdir -p $(@D)
	sed -f $(O)/fill.sed $< >$@

.PHONY: files
files: $(FILLED)
all: files

# --- install -----------------------------------------------------------------

D = $(DESTDIR)
ADMIN_PROGRAMS = $(filter $(O)/bsockctl,$(PROGRAMS))
USER_PROGRAMS  = $(filter-out $(O)/bsock $(O)/bsockctl,$(PROGRAMS))

# Only root can give the file to its group; a package that is built by
# somebody else says so by other means.
OWN_BSOCK = if [ "$$(id -u)" = 0 ]; then \
	    chown "root:$(BSOCK_GROUP)" $(D)$(SBINDIR)/bsock; fi

.PHONY: install install-suid install-files
install-suid: BSOCK_MODE = 4550
install install-suid: install-files
	$(INSTALL) -m 0755 -d $(D)$(SBINDIR)
	$(INSTALL) -m 0500 $(O)/bsock $(D)$(SBINDIR)/bsock
	$(OWN_BSOCK)
	chmod $(BSOCK_MODE) $(D)$(SBINDIR)/bsock

# A config file that is there is the administrator's.
install-files: all
	$(INSTALL) -m 0755 -d $(D)$(SBINDIR) $(D)$(BINDIR) $(D)$(LIBDIR) \
	    $(D)$(INCLUDEDIR) $(D)$(PKGCONFIGDIR) $(D)$(SYSCONFDIR) \
	    $(D)$(BSOCK_SOCKET_DIR) $(D)$(COMPLETIONDIR)
	for f in $(ADMIN_PROGRAMS); do \
	    $(INSTALL) -m 0755 $$f $(D)$(SBINDIR)/ || exit 1; done
	for f in $(USER_PROGRAMS); do \
	    $(INSTALL) -m 0755 $$f $(D)$(BINDIR)/ || exit 1; done
	$(INSTALL) -m 0644 $(O)/libbsock.so.0 $(D)$(LIBDIR)/
	ln -sf libbsock.so.0 $(D)$(LIBDIR)/libbsock.so
	$(INSTALL) -m 0644 $(O)/libbsock.a $(O)/libbsock_preload.so \
	    $(D)$(LIBDIR)/
	$(INSTALL) -m 0644 bsock.h $(D)$(INCLUDEDIR)/
	$(INSTALL) -m 0644 $(O)/libbsock.pc $(D)$(PKGCONFIGDIR)/
	$(INSTALL) -m 0644 $(O)/etc/bsockctl.bash \
	    $(D)$(COMPLETIONDIR)/bsockctl
	ln -sf bsockctl $(D)$(COMPLETIONDIR)/bsock
	ln -sf bsockctl $(D)$(COMPLETIONDIR)/bsock-run
	for page in $(MAN_PAGES); do \
	    dir=$(D)$(MANDIR)/man$${page##*.}; \
	    $(INSTALL) -m 0755 -d $$dir && \
	    $(INSTALL) -m 0644 $(O)/$$page $$dir/ || exit 1; done
	$(INSTALL) -m 0755 -d $(D)$(MANDIR)/man5
	ln -sf bsock.5 $(D)$(MANDIR)/man5/bsock.resvaddr.5
	for f in bsock bsock.resvaddr; do \
	    [ -e $(D)$(SYSCONFDIR)/$$f ] || $(INSTALL) -m 0644 \
	    $(O)/etc/$$f $(D)$(SYSCONFDIR)/ || exit 1; done

# What starts the daemon, by the system that does so.
UNITS := bsock.service bsock.socket bsock-socket-binder@.service \
	bsock-portlisten@.service

.PHONY: install-systemd install-openrc install-sysv
install-systemd: files
	$(INSTALL) -m 0755 -d $(D)$(UNITDIR) $(D)$(SYSUSERSDIR) \
	    $(D)$(TMPFILESDIR)
	$(INSTALL) -m 0644 $(UNITS:%=$(O)/etc/systemd/%) $(D)$(UNITDIR)/
	$(INSTALL) -m 0644 $(O)/etc/systemd/sysusers.conf \
	    $(D)$(SYSUSERSDIR)/bsock.conf
	$(INSTALL) -m 0644 $(O)/etc/systemd/tmpfiles.conf \
	    $(D)$(TMPFILESDIR)/bsock.conf

install-openrc: files
	$(INSTALL) -m 0755 -d $(D)/etc/init.d
	$(INSTALL) -m 0755 $(O)/etc/openrc/bsock $(D)/etc/init.d/bsock

install-sysv: files
	$(INSTALL) -m 0755 -d $(D)/etc/init.d
	$(INSTALL) -m 0755 $(O)/etc/sysv/bsock $(D)/etc/init.d/bsock

# The config files stay, unless they are as they were installed.
.PHONY: uninstall
uninstall: files
	rm -f $(D)$(SBINDIR)/bsock $(ADMIN_PROGRAMS:$(O)/%=$(D)$(SBINDIR)/%) \
	    $(foreach f,$(notdir $(USER_PROGRAMS)),$(D)$(BINDIR)/$(f)) \
	    $(D)$(LIBDIR)/libbsock.so.0 $(D)$(LIBDIR)/libbsock.so \
	    $(D)$(LIBDIR)/libbsock.a $(D)$(LIBDIR)/libbsock_preload.so \
	    $(D)$(INCLUDEDIR)/bsock.h $(D)$(PKGCONFIGDIR)/libbsock.pc \
	    $(D)$(COMPLETIONDIR)/bsockctl $(D)$(COMPLETIONDIR)/bsock \
	    $(D)$(COMPLETIONDIR)/bsock-run \
	    $(UNITS:%=$(D)$(UNITDIR)/%) \
	    $(D)$(SYSUSERSDIR)/bsock.conf $(D)$(TMPFILESDIR)/bsock.conf \
	    $(D)$(MANDIR)/man5/bsock.resvaddr.5
	for page in $(notdir $(MAN_PAGES)); do \
	    rm -f $(D)$(MANDIR)/man$${page##*.}/$$page; done
	for f in bsock bsock.resvaddr; do \
	    ! cmp -s $(O)/etc/$$f $(D)$(SYSCONFDIR)/$$f || \
	    rm -f $(D)$(SYSCONFDIR)/$$f; done
	-[ ! -d $(D)$(BSOCK_SOCKET_DIR) ] || rmdir $(D)$(BSOCK_SOCKET_DIR)

# --- release -----------------------------------------------------------------

# The same commit gives the same bytes: order, times, owners, compression.
DIST = bsock-$(VERSION)

.PHONY: dist
dist:
	@mkdir -p $(O)
	git archive --format=tar --prefix=$(DIST)/ HEAD | \
	    gzip -9n >$(O)/$(DIST).tar.gz
	@echo $(O)/$(DIST).tar.gz

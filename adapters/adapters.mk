# The adapters: ordinary clients, which need the library and, for names and
# the log, some of the daemon's modules.

ADAPTERS := socket-binder sockcreator portlisten
EXAMPLES := hellofdpass socket_binder_client sockcreator_parent

PROGRAMS += $(ADAPTERS:%=$(O)/bsock-%)
all: $(EXAMPLES:%=$(O)/examples/%)

$(O)/bsock-socket-binder: $(O)/adapters/socket_binder.o \
    $(O)/adapters/socket_binder_pool.o $(O)/adapters/socket_binder_serve.o \
    $(O)/adapters/socket_binder_wire.o $(O)/bsock_control.o
$(O)/bsock-sockcreator: $(O)/adapters/sockcreator.o \
    $(O)/adapters/sockcreator_wire.o
$(O)/bsock-portlisten: $(O)/adapters/portlisten.o

$(ADAPTERS:%=$(O)/bsock-%): $(O)/adapters/adapter.o $(O)/libbsock.a $(O)/core.a
	$(LINK_PIE) -o $@ $(filter %.o,$^) $(O)/libbsock.a $(O)/core.a

# Programs of other people would be written like these: nothing but libc.
$(EXAMPLES:%=$(O)/examples/%): %: %.o
	$(LINK_PIE) -o $@ $<

$(O)/tests/unit/socket_binder_wire: $(O)/adapters/socket_binder_wire.o
$(O)/tests/unit/sockcreator_wire: $(O)/adapters/sockcreator_wire.o
FUZZ_EXTRA += adapters/socket_binder_wire adapters/sockcreator_wire

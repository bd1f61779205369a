# make demo: the main job, shown on this machine in a few seconds, by anybody.

DEMO_PROGRAMS := $(O)/demo/launch $(O)/demo/web $(O)/demo/fetch

.PHONY: demo check-programs
check-programs: $(DEMO_PROGRAMS)
demo: $(O)/bsock $(O)/libbsock_preload.so $(DEMO_PROGRAMS)
	@$(O)/demo/launch sh demo/demo.sh $(abspath $(O))

# They know nothing of bsock: no header, no library of it.
$(O)/demo/%: demo/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<

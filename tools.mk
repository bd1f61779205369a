# The tools beside the daemon.

PROGRAMS += $(O)/bsockctl $(O)/bsock-run

BSOCKCTL_OBJS := bsockctl bsockctl_ask bsockctl_explain bsockctl_import \
	bsockctl_reload bsockctl_rules bsockctl_status bsock_advice

$(O)/bsockctl: $(BSOCKCTL_OBJS:%=$(O)/%.o) $(O)/core.a
	$(LINK_PIE) -o $@ $^

RUN_OBJS := bsock_run bsock_run_arch bsock_run_broker bsock_run_elf \
	bsock_run_fds bsock_run_front bsock_run_keeper bsock_run_kin \
	bsock_run_listen bsock_run_say bsock_run_target bsock_run_user \
	bsock_supervise

$(O)/bsock-run: $(RUN_OBJS:%=$(O)/%.o) $(O)/core.a $(O)/libbsock.a
	$(LINK_PIE) -o $@ $^

$(O)/tests/unit/run_arch: $(O)/bsock_run_arch.o

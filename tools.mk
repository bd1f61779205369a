# The tools beside the daemon.

PROGRAMS += $(O)/bsockctl

BSOCKCTL_OBJS := bsockctl bsockctl_ask bsockctl_explain bsockctl_import \
	bsockctl_reload bsockctl_rules bsockctl_status bsock_advice

$(O)/bsockctl: $(BSOCKCTL_OBJS:%=$(O)/%.o) $(O)/core.a
	$(LINK_PIE) -o $@ $^

/* The filter of bsock-run, run by a small machine of its own, and the table
 * that it is made from: on every architecture, whatever this one is. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <sys/syscall.h>

#include "../../bsock_run_arch.h"
#include "tap.h"

#define NOTIFY SECCOMP_RET_USER_NOTIF
#define ALLOW  SECCOMP_RET_ALLOW
#define REFUSE (SECCOMP_RET_ERRNO | ENOSYS)

static struct sock_filter filter[BSOCK_RUN_FILTER_MAX];
static size_t length;

/* Only what the filter uses; anything else ends it with 0. */
static uint32_t
run(const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < length; pc++) {
		const struct sock_filter *f = &filter[pc];

		if (f->code == (BPF_LD | BPF_W | BPF_ABS) &&
		    f->k <= sizeof(*data) - 4)
			memcpy(&a, (const char *)data + f->k, 4);
		else if (f->code == (BPF_JMP | BPF_JEQ | BPF_K))
			pc += a == f->k ? f->jt : f->jf;
		else if (f->code == (BPF_RET | BPF_K))
			return f->k;
		else
			return 0;
	}
	return 0;
}

static uint32_t
call(uint32_t audit, uint32_t nr, uint64_t first)
{
	struct seccomp_data data = {.arch = audit, .nr = (int)nr};

	data.args[0] = first;
	return run(&data);
}

static void
test_arch(const struct bsock_run_arch *a)
{
	struct bsock_run_call c;
	struct seccomp_data data = {.arch = a->audit, .nr = (int)a->bind};
	char name[64];

	(void)snprintf(name, sizeof(name), "%s: bind", a->name);
	is(call(a->audit, a->bind, 3), NOTIFY, name);
	(void)snprintf(name, sizeof(name), "%s: io_uring_setup", a->name);
	is(call(a->audit, a->io_uring_setup, 3), REFUSE, name);
	(void)snprintf(name, sizeof(name), "%s: others", a->name);
	is(call(a->audit, a->bind + 1, 3), ALLOW, name);
	is(call(a->audit, 0, 3), ALLOW, name);
	if (a->socketcall != BSOCK_RUN_ARCH_NONE) {
		(void)snprintf(name, sizeof(name), "%s: socketcall", a->name);
		is(call(a->audit, a->socketcall, 2), NOTIFY, name);
		is(call(a->audit, a->socketcall, 1), ALLOW, name);
		is(call(a->audit, a->socketcall, 3), ALLOW, name);
	}

	data.args[0] = 7;
	data.args[1] = 0x1000;
	data.args[2] = 16;
	(void)snprintf(name, sizeof(name), "%s: arguments", a->name);
	ok(bsock_run_arch_is_bind(&data, &c) && !c.indirect && c.fd == 7 &&
		c.addr == 0x1000 && c.len == 16,
	    name);
	data.nr = (int)a->io_uring_setup;
	ok(!bsock_run_arch_is_bind(&data, &c), name);
}

static void
test_indirect(void)
{
	struct seccomp_data data = {.arch = AUDIT_ARCH_I386, .nr = 102};
	struct bsock_run_call c;

	data.args[0] = 2;
	data.args[1] = 0xffffd000;
	ok(bsock_run_arch_is_bind(&data, &c) && c.indirect &&
		c.addr == 0xffffd000,
	    "socketcall's arguments are elsewhere");
	data.args[0] = 3;
	ok(!bsock_run_arch_is_bind(&data, &c), "connect is not ours");
}

/* The numbers of this machine are those of its own headers. */
static void
test_native(void)
{
#if defined(__x86_64__) && !defined(__ILP32__)
	const uint32_t audit = AUDIT_ARCH_X86_64;
#elif defined(__i386__)
	const uint32_t audit = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
	const uint32_t audit = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
	const uint32_t audit = AUDIT_ARCH_RISCV64;
#else
	const uint32_t audit = 0;
#endif

	if (audit == 0)
		return;
	is(call(audit, SYS_bind, 3), NOTIFY, "this machine's bind");
	is(call(audit, SYS_io_uring_setup, 3), REFUSE,
	    "this machine's io_uring_setup");
	for (uint32_t nr = 0; nr < 600; nr++)
		if (nr != SYS_bind && nr != SYS_io_uring_setup &&
		    call(audit, nr, 1) != ALLOW)
			is(nr, -1, "this machine's other calls are allowed");
}

int
main(void)
{
	length = bsock_run_arch_filter(filter);
	ok(length > 0 && length <= BSOCK_RUN_FILTER_MAX, "the filter fits");
	for (size_t i = 0; i < bsock_run_narchs; i++)
		test_arch(&bsock_run_archs[i]);
	test_indirect();
	test_native();
	is(call(AUDIT_ARCH_S390X, 49, 2), ALLOW, "an unknown machine");
	return finish();
}

/*
 * bsock_run_arch - how each kind of machine calls bind(2)
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_arch.h"

#include "bsock_compat.h"

#if HAVE_NOTIFY

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <endian.h>

#define NONE               BSOCK_RUN_ARCH_NONE
#define X32                0x40000000u
#define SOCKETCALL_OF_BIND 2u /* SYS_BIND of linux/net.h */

/* Those of one AUDIT_ARCH stand together. */
const struct bsock_run_arch bsock_run_archs[] = {
    {"x86_64", AUDIT_ARCH_X86_64, 49, 425, NONE},
    {"x32", AUDIT_ARCH_X86_64, X32 | 49, X32 | 425, NONE},
    {"i386", AUDIT_ARCH_I386, 361, 425, 102},
    {"aarch64", AUDIT_ARCH_AARCH64, 200, 425, NONE},
    {"arm", AUDIT_ARCH_ARM, 282, 425, 102},
    {"riscv64", AUDIT_ARCH_RISCV64, 200, 425, NONE},
};
const size_t bsock_run_narchs =
    sizeof(bsock_run_archs) / sizeof(bsock_run_archs[0]);

static const struct bsock_run_arch *
find(uint32_t audit, uint32_t nr)
{
	for (size_t i = 0; i < bsock_run_narchs; i++) {
		const struct bsock_run_arch *a = &bsock_run_archs[i];

		if (a->audit == audit && (a->bind == nr || a->socketcall == nr))
			return a;
	}
	return NULL;
}

bool
bsock_run_arch_is_bind(
    const struct seccomp_data *data, struct bsock_run_call *call)
{
	const struct bsock_run_arch *a = find(data->arch, (uint32_t)data->nr);

	if (a == NULL)
		return false;
	call->indirect = (uint32_t)data->nr != a->bind;
	if (call->indirect) {
		call->addr = (uint32_t)data->args[1];
		return (uint32_t)data->args[0] == SOCKETCALL_OF_BIND;
	}
	call->fd = (int)data->args[0];
	call->addr = data->args[1];
	call->len = (uint32_t)data->args[2];
	return true;
}

/* --- the filter -------------------------------------------------------- */

struct program {
	struct sock_filter *code;
	size_t len;
};

static void
load(struct program *p, size_t offset)
{
	p->code[p->len++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static void
give(struct program *p, uint32_t action)
{
	p->code[p->len++] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

/* Unless what was loaded is value, skip so many instructions. */
static void
expect(struct program *p, uint32_t value, uint8_t otherwise_skip)
{
	p->code[p->len++] = (struct sock_filter)BPF_JUMP(
	    BPF_JMP | BPF_JEQ | BPF_K, value, 0, otherwise_skip);
}

static void
on(struct program *p, uint32_t nr, uint32_t action)
{
	expect(p, nr, 1);
	give(p, action);
}

/* The lower half of the first argument. */
static size_t
first_argument(void)
{
	return offsetof(struct seccomp_data, args[0]) +
	       (__BYTE_ORDER == __BIG_ENDIAN ? sizeof(uint32_t) : 0);
}

static void
on_socketcall(struct program *p, uint32_t nr)
{
	expect(p, nr, 4);
	load(p, first_argument());
	on(p, SOCKETCALL_OF_BIND, SECCOMP_RET_USER_NOTIF);
	give(p, SECCOMP_RET_ALLOW);
}

static void
add_arch(struct program *p, const struct bsock_run_arch *a)
{
	on(p, a->bind, SECCOMP_RET_USER_NOTIF);
	on(p, a->io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS);
	if (a->socketcall != NONE)
		on_socketcall(p, a->socketcall);
}

/* Those of one AUDIT_ARCH; returns how many there are. */
static size_t
add_audit(struct program *p, const struct bsock_run_arch *a, size_t left)
{
	size_t start = p->len;
	size_t n = 0;

	expect(p, a->audit, 0);
	load(p, offsetof(struct seccomp_data, nr));
	do
		add_arch(p, &a[n++]);
	while (n < left && a[n].audit == a->audit);
	give(p, SECCOMP_RET_ALLOW);
	p->code[start].jf = (uint8_t)(p->len - start - 1);
	return n;
}

size_t
bsock_run_arch_filter(struct sock_filter *filter)
{
	struct program p = {.code = filter};

	load(&p, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < bsock_run_narchs;)
		i += add_audit(&p, &bsock_run_archs[i], bsock_run_narchs - i);
	give(&p, SECCOMP_RET_ALLOW);
	return p.len;
}

#endif

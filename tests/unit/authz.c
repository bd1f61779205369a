/* bsock_authz: exactly the rules that were added, for exactly those. */
#include <netinet/in.h>

#include "bsock_authz.h"
#include "tap.h"

#define RULES 20000u

static const struct bsock_authz_principal user = {BSOCK_AUTHZ_UID, 1000};
static const struct bsock_authz_principal group = {BSOCK_AUTHZ_GID, 1000};

static struct bsock_addr
inet(uint32_t host, uint16_t port)
{
	struct bsock_addr addr = {.family = AF_INET,
	    .port = port,
	    .socktype = SOCK_STREAM,
	    .protocol = IPPROTO_TCP};

	memcpy(addr.host, &host, sizeof(host));
	return addr;
}

static struct bsock_addr
path(const char *name)
{
	struct bsock_addr addr = {.family = AF_UNIX, .socktype = SOCK_STREAM};

	addr.pathlen = (uint32_t)strlen(name);
	memcpy(addr.path, name, addr.pathlen);
	return addr;
}

static void
test_many(void)
{
	struct bsock_authz *a = bsock_authz_new(RULES + 2);
	struct bsock_addr addr;
	unsigned wrong = 0;

	for (uint32_t i = 0; i < RULES; i++) {
		addr = inet(i * 2, (uint16_t)(i % 3));
		wrong += bsock_authz_add(a, &user, &addr, i + 1) != 0;
	}
	is(wrong, 0, "all are new");
	for (uint32_t i = 0; i < RULES; i++) {
		addr = inet(i * 2, (uint16_t)(i % 3));
		wrong += bsock_authz_find(a, &user, &addr) != i + 1;
		wrong += bsock_authz_find(a, &group, &addr) != 0;
		addr = inet(i * 2 + 1, (uint16_t)(i % 3));
		wrong += bsock_authz_find(a, &user, &addr) != 0;
	}
	is(wrong, 0, "each is found, and nothing beside it");
	addr = inet(0, 0);
	is(bsock_authz_add(a, &user, &addr, 77), 1, "the same: its line");
	is((long long)bsock_authz_count(a), RULES, "is not counted");
	bsock_authz_free(a);
}

static void
test_fields(void)
{
	struct bsock_authz *a = bsock_authz_new(4);
	struct bsock_addr rule = inet(7, 80), ask;
	struct bsock_authz_principal other = user;

	(void)bsock_authz_add(a, &user, &rule, 1);
	other.id = 1001;
	is(bsock_authz_find(a, &other, &rule), 0, "another user");
	ask = rule;
	ask.port = 81;
	is(bsock_authz_find(a, &user, &ask), 0, "another port");
	ask = rule;
	ask.protocol = IPPROTO_SCTP;
	is(bsock_authz_find(a, &user, &ask), 0, "another protocol");
	ask = rule;
	ask.socktype = SOCK_SEQPACKET;
	is(bsock_authz_find(a, &user, &ask), 0, "another type");
	ask = rule;
	ask.family = AF_INET6;
	is(bsock_authz_find(a, &user, &ask), 0, "another family");
	ask = rule;
	ask.scope = 1;
	is(bsock_authz_find(a, &user, &ask), 0, "another scope");
	ask = rule;
	ask.host[15] = 1;
	is(bsock_authz_find(a, &user, &ask), 0, "another host");
	ok(bsock_authz_names_port(a, 80), "port 80 is named");
	ok(!bsock_authz_names_port(a, 81), "port 81 is not");
	ok(!bsock_authz_names_port(a, 65535), "no port above 1023 is");
	bsock_authz_free(a);
}

static void
test_who(void)
{
	struct bsock_authz *a = bsock_authz_new(4);
	struct bsock_addr port = inet(7, 80), file = path("/run/x");
	const gid_t groups[] = {5, 1000};
	struct bsock_authz_caller caller = {
	    .uid = 1, .gid = 4, .groups = groups, .ngroups = 1};
	struct bsock_authz_grant grant;

	ok(!bsock_authz_has_groups(a), "no rule, no group");
	ok(!bsock_authz_uid_known(a, 1000), "nobody is known");
	ok(bsock_authz_uid_known(a, 0), "but root");
	ok(bsock_authz_uid_may(a, 0, &port, &grant) && grant.line == 0,
	    "who may have any port");
	ok(!bsock_authz_uid_may(a, 0, &file, &grant), "and no path");
	(void)bsock_authz_add(a, &group, &file, 3);
	ok(bsock_authz_has_groups(a), "a group");
	ok(!bsock_authz_uid_known(a, 1000), "a gid is no uid");
	ok(!bsock_authz_groups_may(a, &caller, &file, &grant), "not yet in it");
	ok(!bsock_authz_groups_known(a, &caller), "nor known");
	caller.ngroups = 2;
	ok(bsock_authz_groups_known(a, &caller), "known");
	ok(bsock_authz_groups_may(a, &caller, &file, &grant), "in it");
	ok(grant.line == 3 && grant.who.kind == BSOCK_AUTHZ_GID &&
		grant.who.id == 1000,
	    "by which rule");
	ok(!bsock_authz_groups_may(a, &caller, &port, &grant), "not this");
	ok(!bsock_authz_uid_known(a, UINT32_MAX), "4294967295 is nobody");
	bsock_authz_free(a);
}

int
main(void)
{
	test_many();
	test_fields();
	test_who();
	return finish();
}

/*
 * bsock_run_user - bsock-run -u: becoming another user
 *
 * Copyright (c) 2026 the bsock authors; ISC licence, see COPYING.
 */
#include "bsock_run_user.h"

#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsock_compat.h"
#include "bsock_names.h"
#include "bsock_run_say.h"

static bool
is_number(const char *text, unsigned *number)
{
	unsigned long n;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	n = strtoul(text, &end, 10);
	*number = (unsigned)n;
	return *end == '\0' && n < UINT_MAX;
}

static int
find_group(const char *text, gid_t *gid)
{
	if (is_number(text, gid) || bsock_names_group(text, gid) == 0)
		return 0;
	bsock_run_say("-u: there is no group %s", text);
	return -1;
}

/* user[:group]; a uid that nobody has needs the group. */
int
bsock_run_user_find(struct bsock_run_user *user, const char *text)
{
	char name[256];
	size_t len = strcspn(text, ":");
	const char *group = text[len] == ':' ? text + len + 1 : NULL;
	int n;

	if (len == 0 || len >= sizeof(name)) {
		bsock_run_say("-u %s: not user[:group]", text);
		return -1;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	if (!is_number(name, &user->uid) &&
	    bsock_names_user(name, &user->uid) != 0) {
		bsock_run_say("-u: there is no user %s", name);
		return -1;
	}
	n = bsock_names_groups_of(
	    user->uid, user->groups, BSOCK_RUN_USER_GROUPS_MAX);
	user->ngroups = n > 0 ? (size_t)n : 0;
	if (group != NULL)
		return find_group(group, &user->gid);
	if (n < 1) {
		bsock_run_say("-u: uid %s is nobody's: which group?", name);
		return -1;
	}
	user->gid = user->groups[0];
	return 0;
}

int
bsock_run_user_become(const struct bsock_run_user *user)
{
	if (setgroups(user->ngroups, user->groups) == 0 &&
	    setresgid(user->gid, user->gid, user->gid) == 0 &&
	    setresuid(user->uid, user->uid, user->uid) == 0)
		return 0;
	bsock_run_say("-u: cannot become uid %ld: %s", (long)user->uid,
	    bsock_compat_strerror(errno));
	return -1;
}

/*
 * The config files.  The input is etc/bsock up to the first form feed, and
 * etc/bsock.resvaddr after it; file and names stand in for the modules of
 * the same functions.
 */
#include <string.h>

#include "../../bsock_compat.h"
#include "../../bsock_config.h"
#include "../../bsock_file.h"
#include "../../bsock_names.h"
#include "lib/fuzz.h"

static const uint8_t *input[2];
static size_t input_len[2];

/* --- in the place of bsock_file ---------------------------------------- */

int
bsock_file_open(const char *path, const char **why)
{
	*why = NULL;
	/* Descriptors nobody has: close(2) of them does nothing. */
	return strcmp(path, "rules") == 0 ? 100000 : 100001;
}

int
bsock_file_read(int fd, struct bsock_file *file)
{
	size_t len = input_len[fd - 100000];

	/* Exactly: reading past it is found. */
	file->data = malloc(len > 0 ? len : 1);
	file->len = len;
	MUST(file->data != NULL);
	memcpy(file->data, input[fd - 100000], len);
	return 0;
}

void
bsock_file_free(struct bsock_file *file)
{
	free(file->data);
}

/* --- in the place of bsock_names: some names are known ----------------- */

static int
protocol(const char *name, uint32_t *value)
{
	*value = 200;
	return name[0] == 'x' ? 0 : -1;
}

static int
service(const char *name, uint32_t proto, uint16_t *port)
{
	*port = (uint16_t)(proto + 1000);
	return name[0] == 'h' ? 0 : -1;
}

static int
interface(const char *name, uint32_t *index)
{
	*index = 3;
	return name[0] == 'e' ? 0 : -1;
}

const struct bsock_addr_names bsock_names_addr = {
    .protocol = protocol, .service = service, .interface = interface};

int
bsock_names_user(const char *name, uid_t *uid)
{
	*uid = (unsigned char)name[0];
	return name[0] == 'w' || name[0] == 'n' ? 0 : -1;
}

int
bsock_names_group(const char *name, gid_t *gid)
{
	return bsock_names_user(name, gid);
}

void
bsock_names_forget(void)
{
}

/* --- what must hold ---------------------------------------------------- */

static size_t reports[BSOCK_CONFIG_WARNING + 1];

static void
report(void *ctx, enum bsock_config_severity severity, const char *text)
{
	(void)ctx;
	reports[severity]++;
	MUST(strncmp(text, "rules:", 6) == 0 ||
	     strncmp(text, "reserved:", 9) == 0);
	for (const char *c = text; *c != '\0'; c++)
		MUST(*c >= 0x20 && *c < 0x7f);
}

struct rules {
	const struct bsock_authz *authz;
	size_t n;
};

/* Every rule that is listed is found, allowed, and in key form. */
static void
check_rule(void *ctx, const struct bsock_authz_principal *who,
    const struct bsock_addr *key, uint32_t line)
{
	struct rules *rules = ctx;
	struct bsock_authz_grant grant;
	struct bsock_addr again;
	gid_t gid = who->id;
	const struct bsock_authz_caller caller = {
	    .uid = who->kind == BSOCK_AUTHZ_UID ? who->id : 4000000000u,
	    .gid = gid};

	rules->n++;
	MUST(line > 0 && who->id != UINT32_MAX);
	MUST(bsock_authz_find(rules->authz, who, key) == line);
	bsock_addr_key(key, &again);
	MUST(bsock_addr_equal(key, &again));
	if (who->kind == BSOCK_AUTHZ_UID)
		MUST(bsock_authz_uid_may(rules->authz, who->id, key, &grant));
	else
		MUST(
		    bsock_authz_groups_may(rules->authz, &caller, key, &grant));
}

static void
check(struct bsock_config *config)
{
	struct rules rules = {.authz = config->authz};

	bsock_authz_each(config->authz, check_rule, &rules);
	MUST(rules.n == bsock_authz_count(config->authz));
	for (size_t i = 0; i < config->nreserved; i++) {
		const struct bsock_addr *addr = &config->reserved[i].addr;

		MUST(config->reserved[i].line > 0);
		MUST(addr->family == AF_UNIX || addr->port != 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bsock_config_options options = {
	    .rules_path = "rules",
	    .resvaddr_path = "reserved",
	    .allowed_needs = ~0u,
	    .report = report,
	};
	const uint8_t *cut = memchr(data, '\f', size);
	struct bsock_config config;
	int result;

	input[0] = data;
	input_len[0] = cut != NULL ? (size_t)(cut - data) : size;
	input[1] = cut != NULL ? cut + 1 : data;
	input_len[1] = cut != NULL ? size - input_len[0] - 1 : 0;
	memset(reports, 0, sizeof(reports));
	result = bsock_config_load(&config, &options);
	MUST(reports[BSOCK_CONFIG_WARNING] == config.warnings);
	MUST((result == 0) == (reports[BSOCK_CONFIG_ERROR] == 0));
	if (result == 0) {
		check(&config);
		bsock_config_free(&config);
	}
	return 0;
}

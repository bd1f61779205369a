/* bsock_config: what a daemon can be asked to load, and what it must keep. */
#include <fcntl.h>
#include <unistd.h>

#include "bsock_config.h"
#include "tap.h"

static char directory[] = "/tmp/bsock-unit.XXXXXX", rules[64], reserved[64];
static char said[4096];

static void
report(void *ctx, enum bsock_config_severity severity, const char *text)
{
	size_t len = strlen(said);

	(void)ctx;
	(void)severity;
	(void)snprintf(said + len, sizeof(said) - len, "%s\n", text);
}

static struct bsock_config_options options = {
    .rules_path = rules,
    .resvaddr_path = reserved,
    .allowed_needs = ~0u,
    .own_uid = 1000,
    .report = report,
};

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
	    "a file");
	(void)close(fd);
}

static int
load(struct bsock_config *config, const char *text)
{
	write_file(rules, text);
	said[0] = '\0';
	return bsock_config_load(config, &options);
}

#define RULE(uid, port) uid " AF_INET SOCK_STREAM tcp " port " 1.2.3.4\n"

static void
test_needs(void)
{
	struct bsock_config config;

	is(load(&config, RULE("1000", "3000")), 0, "own user, high port");
	is(config.needs, 0, "needs nothing");
	bsock_config_free(&config);
	is(load(&config, RULE("1000", "80")), 0, "a low port");
	is(config.needs, BSOCK_CONFIG_NEEDS_LOW_PORT, "needs that");
	bsock_config_free(&config);
	is(load(&config, RULE("1001", "3000")), 0, "another user");
	is(config.needs, BSOCK_CONFIG_NEEDS_CHOWN, "needs that");
	bsock_config_free(&config);
	options.low_ports = 5000;
	is(load(&config, RULE("1000", "3000")), 0, "a port below 5000");
	is(config.needs, BSOCK_CONFIG_NEEDS_LOW_PORT, "can be a low one");
	bsock_config_free(&config);
	options.low_ports = 0;
	options.allowed_needs = BSOCK_CONFIG_NEEDS_LOW_PORT;
	is(load(&config, RULE("1001", "80") RULE("1000", "80")), 0,
	    "what cannot be had");
	is((long long)config.unresolved, 1, "is off alone");
	is((long long)bsock_authz_count(config.authz), 1, "the rest is there");
	bsock_config_free(&config);
	options.allowed_needs = ~0u;
}

static void
test_files(void)
{
	struct bsock_config config;
	char line[128];

	is(load(&config, "a\nb\n" RULE("1000", "80")), -1, "two bad lines");
	is((long long)config.errors, 2, "are two errors");
	(void)snprintf(line, sizeof(line), "%s:2:2: ", rules);
	ok(strstr(said, line) != NULL, "each with its place");
	is(load(&config, RULE("1000", "80") RULE("1000", "80")), 0, "twice");
	ok(config.warnings == 1 && config.errors == 0, "is a warning");
	ok(strstr(said, "warning: the same as line 1") != NULL, "that says so");
	bsock_config_free(&config);
	is(load(&config, RULE("1000", "80") "\n# x"), 0,
	    "no newline at the end");
	bsock_config_free(&config);
	options.no_unix = true;
	is(load(&config, "1000 AF_UNIX SOCK_STREAM 0 0 /x\n"), 0, "bsock -u");
	is((long long)bsock_authz_count(config.authz), 0,
	    "has no AF_UNIX rule");
	bsock_config_free(&config);
	options.no_unix = false;
}

static void
test_reserved(void)
{
	struct bsock_config config;

	options.resvaddr_required = true;
	is(load(&config, ""), -1, "no resvaddr at a reload");
	options.resvaddr_required = false;
	is(load(&config, ""), 0, "no resvaddr at start");
	bsock_config_free(&config);
	write_file(reserved, "AF_INET SOCK_STREAM tcp 80 1.2.3.4\n"
			     "AF_INET6 SOCK_STREAM mptcp 80 ::ffff:1.2.3.4\n");
	is(load(&config, ""), 0, "one address in two spellings");
	ok(config.nreserved == 1 && config.warnings == 1, "is one");
	is(config.needs, BSOCK_CONFIG_NEEDS_LOW_PORT,
	    "what a reservation needs; claims need rules");
	bsock_config_free(&config);
	write_file(reserved, "AF_INET SOCK_STREAM tcp 0 1.2.3.4\n");
	is(load(&config, ""), -1, "port 0");
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		return 1;
	(void)snprintf(rules, sizeof(rules), "%s/rules", directory);
	(void)snprintf(reserved, sizeof(reserved), "%s/reserved", directory);
	test_needs();
	test_files();
	test_reserved();
	(void)unlink(rules);
	(void)unlink(reserved);
	(void)rmdir(directory);
	return finish();
}

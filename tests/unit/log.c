/* bsock_log: escaping, the rate of denials, the queue. */
#include <fcntl.h>
#include <unistd.h>

#include "bsock_log.h"
#include "tap.h"

static char got[1 << 20];

static void
test_escape(void)
{
	char buf[64];

	(void)bsock_log_escape(buf, sizeof(buf), "a\"b\\c d\n\x7f\xff", 10, 0);
	is_s(buf, "a\\x22b\\x5cc\\x20d\\x0a\\x7f\\xff", "what is escaped");
	(void)bsock_log_escape(buf, sizeof(buf), "a b", 3, 1);
	is_s(buf, "a b", "a blank where it may be");
	(void)bsock_log_escape(buf, sizeof(buf), "\0x", 2, 0);
	is_s(buf, "\\x00x", "a NUL");
	is((long long)bsock_log_escape(buf, 9, "\n\n\n\n", 4, 0), 8,
	    "only what fits");
	is_s(buf, "\\x0a\\x0a", "and whole");
}

/* What was written to stderr since it became a pipe. */
static const char *
drain(int from)
{
	ssize_t n = read(from, got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void
test_rate(int from)
{
	unsigned within = 0;

	for (int i = 0; i < 1000; i++)
		within += bsock_log_within_rate(77);
	ok(within >= 10 && within <= 60, "few of a thousand at once");
	ok(bsock_log_within_rate(78), "another uid has its own");
	ok(bsock_log_report_suppressed(), "there will be more to say");
	(void)bsock_log_drain();
	(void)drain(from);
	(void)sleep(1);
	(void)bsock_log_report_suppressed();
	(void)bsock_log_drain();
	ok(strstr(drain(from), "<5>suppressed uid=77 count=9") != NULL,
	    "what was not said is counted");
	ok(bsock_log_within_rate(77), "and it may speak again");
}

static void
test_queue(int from)
{
	char text[2000];
	unsigned lines = 0, lost = 0;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	bsock_log(LOG_INFO, "%s", text);
	(void)bsock_log_drain();
	is((long long)strlen(drain(from)), BSOCK_LOG_LINE_MAX - 1 + 4,
	    "a long line is cut, and is one line");
	for (unsigned i = 0; i < 5000; i++)
		bsock_log(LOG_INFO, "line %u", i);
	while (bsock_log_drain())
		;
	(void)drain(from);
	for (char *p = got; (p = strstr(p, "<6>line ")) != NULL; p++)
		lines++;
	if (strstr(got, "<4>log: ") != NULL)
		lost = (unsigned)strtoul(strstr(got, "<4>log: ") + 8, NULL, 10);
	ok(lost > 0, "a queue that nobody empties loses lines");
	is(lines + lost, 5000, "and counts them");
}

int
main(void)
{
	int fds[2], wake[2], out = dup(STDERR_FILENO);

	test_escape();
	if (pipe(fds) != 0 || pipe(wake) != 0)
		return 1;
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(wake[1], F_SETFL, O_NONBLOCK);
	(void)dup2(fds[1], STDERR_FILENO);
	bsock_log_open(BSOCK_LOG_PRIORITY, LOG_DAEMON);
	bsock_log_queue(wake[1]);
	test_queue(fds[0]);
	test_rate(fds[0]);
	(void)dup2(out, STDERR_FILENO);
	return finish();
}

/*
 * load - clients that ask for one socket after another
 *
 * Each client is a process with a port of its own (the first one's, and so
 * on upwards), which makes a socket, gets it bound in the way that is asked
 * for, and closes it.  The time that is measured stands in the place of
 * bind(2) alone.  One line of results: kind, clients, requests, failures,
 * requests/s, p50, p99, p99.9 and the longest, in us; with -f also the p50 of
 * the requests to the floor with which these took turns.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hist.h"
#include "kinds.h"

#define CLIENTS_MAX 256
#define GRACE_S     10 /* a client that hangs this much longer is ended */

/* Shared by the parent and its clients. */
struct board {
	uint64_t begin, end; /* ns; written before the clients are let go */
	uint64_t busy[CLIENTS_MAX]; /* ns that each client really ran for */
	struct hist hist[CLIENTS_MAX];
	struct hist floor[CLIENTS_MAX];
};

struct load {
	const struct kind *kind;
	const char *path, *program, *address;
	const char *floor; /* NULL: no turns are taken */
	unsigned clients, port, milliseconds, resident_mb;
	unsigned long requests; /* 0: until the time is over */
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- one client -------------------------------------------------------- */

static void
one_request(const struct kind *kind, struct client *client, struct hist *hist)
{
	int r, fd = -1;
	uint64_t before;

	if (!kind->makes_socket)
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	before = hist_now();
	r = kind->request(client, &fd);
	if (r == 0)
		hist_add(hist, hist_now() - before);
	else
		hist_add_error(hist, errno);
	if (fd >= 0)
		(void)close(fd);
}

/* The histograms begin when the warming up is over. */
static bool
warmed_up(struct board *board, unsigned me, uint64_t *started)
{
	uint64_t now = hist_now();

	if (*started == 0 && now >= board->begin) {
		memset(&board->hist[me], 0, sizeof(board->hist[me]));
		memset(&board->floor[me], 0, sizeof(board->floor[me]));
		*started = now;
	}
	board->busy[me] = now - (*started != 0 ? *started : now);
	return now < board->end;
}

static void
run_for_a_time(const struct load *load, struct client *client,
    struct client *floor, struct board *board, unsigned me)
{
	const struct kind *wire = kind_find("wire");
	uint64_t started = 0;

	while (warmed_up(board, me, &started)) {
		if (load->floor != NULL)
			one_request(wire, floor, &board->floor[me]);
		one_request(load->kind, client, &board->hist[me]);
	}
}

static void
begin_client(const struct load *load, struct client *client, unsigned me)
{
	if (client_init(client, load->address, load->port + me) != 0)
		die(load->address);
}

static void
run_client(const struct load *load, struct board *board, unsigned me, int gate)
{
	struct client client = {.path = load->path, .program = load->program};
	struct client floor = {.path = load->floor};
	uint64_t started;
	char byte;

	(void)alarm(load->milliseconds / 1000 + GRACE_S);
	begin_client(load, &client, me);
	begin_client(load, &floor, me);
	if (load->kind->prepare != NULL && load->kind->prepare(&client) != 0)
		die(load->kind->name);
	if (load->floor != NULL && kind_find("wire")->prepare(&floor) != 0)
		die(load->floor);
	(void)read(gate, &byte, 1);
	started = hist_now();
	if (load->requests == 0) {
		run_for_a_time(load, &client, &floor, board, me);
	} else {
		for (unsigned long i = 0; i < load->requests; i++)
			one_request(load->kind, &client, &board->hist[me]);
		board->busy[me] = hist_now() - started;
	}
	client_end(&client);
	client_end(&floor);
}

/* --- all of them ------------------------------------------------------- */

static void
be_resident(unsigned megabytes)
{
	size_t size = (size_t)megabytes << 20;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	memset(p, 1, size);
}

static int
report(const struct load *load, const struct board *board)
{
	static struct hist sum, floor;
	double rate = 0;

	for (unsigned i = 0; i < load->clients; i++) {
		hist_merge(&sum, &board->hist[i]);
		hist_merge(&floor, &board->floor[i]);
		if (board->busy[i] > 0)
			rate += (double)board->hist[i].count * 1e9 /
				(double)board->busy[i];
	}
	if (sum.errors > 0)
		(void)fprintf(stderr, "load: %s: %llu failed, the first: %s\n",
		    load->kind->name, (unsigned long long)sum.errors,
		    strerror(sum.error));
	(void)printf("%s %u %llu %llu %.0f %.2f %.2f %.2f %.2f",
	    load->kind->name, load->clients, (unsigned long long)sum.count,
	    (unsigned long long)sum.errors, rate,
	    (double)hist_quantile(&sum, 0.5) / 1e3,
	    (double)hist_quantile(&sum, 0.99) / 1e3,
	    (double)hist_quantile(&sum, 0.999) / 1e3, (double)sum.max / 1e3);
	if (load->floor != NULL)
		(void)printf(" %.2f", (double)hist_quantile(&floor, 0.5) / 1e3);
	(void)printf("\n");
	return sum.count > 0 ? 0 : 1;
}

static int
run(const struct load *load)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t length = (uint64_t)load->milliseconds * 1000000u;
	int gate[2], status, failed = 0;

	if (board == MAP_FAILED || pipe(gate) != 0)
		die("load");
	for (unsigned i = 0; i < load->clients; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			(void)close(gate[1]);
			run_client(load, board, i, gate[0]);
			_exit(0);
		}
	}
	board->begin = hist_now() + length / 8;
	board->end = board->begin + length;
	(void)close(gate[1]); /* off they go */
	while (wait(&status) > 0)
		failed |= status != 0;
	return report(load, board) != 0 || failed;
}

static void
usage(FILE *out)
{
	(void)fprintf(out,
	    "usage: load [-c clients] [-t ms | -n requests] [-p first-port]\n"
	    "            [-a address] [-f floor] [-r MiB] [-x program] KIND "
	    "[SOCKET]\n"
	    "-f: in turns with requests by hand to the floor at that socket\n"
	    "-r: with so much memory resident; KIND is one of\n");
	if (out == stdout)
		kind_list();
}

static unsigned
number(const char *text, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > max) {
		(void)fprintf(
		    stderr, "load: not a number up to %u: %s\n", max, text);
		exit(2);
	}
	return (unsigned)n;
}

int
main(int argc, char **argv)
{
	struct load load = {.address = "127.0.0.1",
	    .clients = 1,
	    .port = 701,
	    .milliseconds = 250};
	int c;

	while ((c = getopt(argc, argv, "a:c:f:hn:p:r:t:x:")) != -1) {
		switch (c) {
		case 'a':
			load.address = optarg;
			break;
		case 'c':
			load.clients = number(optarg, CLIENTS_MAX);
			break;
		case 'f':
			load.floor = optarg;
			break;
		case 'n':
			load.requests = number(optarg, 100000000);
			break;
		case 'p':
			load.port = number(optarg, 65535 - CLIENTS_MAX);
			break;
		case 'r':
			load.resident_mb = number(optarg, 65536);
			break;
		case 't':
			load.milliseconds = number(optarg, 600000);
			break;
		case 'x':
			load.program = optarg;
			break;
		default:
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (optind < argc)
		load.kind = kind_find(argv[optind]);
	if (optind + 1 < argc)
		load.path = argv[optind + 1];
	if (load.kind == NULL || load.clients == 0 ||
	    (load.kind->needs_path && load.path == NULL)) {
		usage(stderr);
		return 2;
	}
	if (load.resident_mb > 0)
		be_resident(load.resident_mb);
	return run(&load);
}

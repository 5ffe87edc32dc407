/* delayline NETWORK_A NETWORK_B MILLISECONDS
 *
 * A wire between TAP d0 in network namespace A and TAP d1 in B that delivers each frame the given
 * time after it was sent, in both directions and in order. For kernels without sch_netem.
 * Prints "ready" when both ends are there; runs until killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 4096, FRAME_BYTES = 2048 }; /* 8 MB in flight a direction, then frames are lost */

struct frame {
    int64_t due; /* nanoseconds, monotonic */
    size_t length;
    unsigned char bytes[FRAME_BYTES];
};

struct direction {
    int from, to;
    unsigned first, count; /* a ring */
    struct frame *frames;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int open_tap(const char *network, const char *name)
{
    int space = open(network, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) != 0)
        fail(network);
    close(space);
    int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0)
        fail("/dev/net/tun");
    return tap;
}

static void take_in(struct direction *line, int64_t delay)
{
    while (line->count < FRAMES) {
        struct frame *frame = &line->frames[(line->first + line->count) % FRAMES];
        ssize_t length = read(line->from, frame->bytes, FRAME_BYTES);
        if (length <= 0)
            return; /* nothing more, or the interface is down */
        frame->length = (size_t)length;
        frame->due = now() + delay;
        line->count++;
    }
}

/* Deliver what is due; nanoseconds until the next frame is, at most a second. */
static int64_t deliver(struct direction *line)
{
    int64_t time = now();
    while (line->count > 0) {
        struct frame *frame = &line->frames[line->first];
        if (frame->due > time) {
            int64_t rest = frame->due - time;
            return rest < 1000000000 ? rest : 1000000000;
        }
        if (write(line->to, frame->bytes, frame->length) < 0 && errno == EAGAIN)
            return 1000000;
        line->first = (line->first + 1) % FRAMES;
        line->count--;
    }
    return 1000000000;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: delayline NETWORK_A NETWORK_B MILLISECONDS\n");
        return 2;
    }
    int64_t delay = (int64_t)(strtod(argv[3], NULL) * 1e6);
    int a = open_tap(argv[1], "d0"), b = open_tap(argv[2], "d1");
    struct direction lines[2] = {{.from = a, .to = b}, {.from = b, .to = a}};
    for (int i = 0; i < 2; i++) {
        lines[i].frames = calloc(FRAMES, sizeof(struct frame));
        if (lines[i].frames == NULL)
            fail("calloc");
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int64_t wait = 1000000000;
        for (int i = 0; i < 2; i++) {
            int64_t rest = deliver(&lines[i]);
            wait = rest < wait ? rest : wait;
        }
        struct pollfd polled[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
        struct timespec time = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        ppoll(polled, 2, &time, NULL);
        for (int i = 0; i < 2; i++)
            take_in(&lines[i], delay);
    }
}

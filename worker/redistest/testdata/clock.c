// A clock that a test sets: the time of day is so many seconds ahead as the first eight bytes of the file HERALD_CLOCK say.
// The monotonic clock stays. Loaded by LD_PRELOAD.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead;

__attribute__((constructor)) static void map_file(void) {
	const char *path = getenv("HERALD_CLOCK");
	int file = path ? open(path, O_RDONLY) : -1;
	void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
	if (at == MAP_FAILED) abort(); // a clock that can't be set would test nothing
	ahead = at;
	close(file);
}

int clock_gettime(clockid_t id, struct timespec *t) {
	long err = syscall(SYS_clock_gettime, id, t);
	if (err == 0 && ahead && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += *ahead;
	return (int)err;
}

int gettimeofday(struct timeval *t, void *zone) {
	(void)zone;
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t) {
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
	if (t) *t = now.tv_sec;
	return now.tv_sec;
}

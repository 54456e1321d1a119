// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Coroutines: pool of coloured stacks, first entry, ASan's bookkeeping. The
 * switch itself is in coro_x86_64.S and coro_aarch64.S, or ucontext's.
 */
#include "sim/core/coro.h"
#include "sim/core/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if !defined(MMSIM_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define MMSIM_UCONTEXT
#endif
#ifdef MMSIM_UCONTEXT
#include <ucontext.h>
#endif

#ifdef CORO_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define GUARDED_MAX 16000U
#define CHUNK_STACKS 64U
#define CHUNK_FIRST 8U
#define CANARY 0x6d6d73696d5f3a29ULL
#define NR_CANARY 4
#define NR_COLOURS 16
#define COLOUR_BYTES 128

struct coro_stack {
	char *low; /* low end, above the guard page */
	struct coro_stack *next; /* in the pool's free list */
	struct coro_pool *pool;
	void (*entry)(void *arg);
	void *arg;
	u32 colour;
	bool guarded;
};

struct coro_chunk {
	struct coro_chunk *next;
	char *mem;
	size_t bytes;
	u32 nr;
	struct coro_stack stack[];
};

struct coro_pool {
	size_t stack_bytes, page;
	struct coro_stack *free;
	struct coro_chunk *chunks;
	u32 nr;
	bool from_main; /* ASan: the last switch came from the main stack */
	const void *main_low; /* ASan: bounds of the main stack */
	size_t main_bytes;
};

bool coro_sanitized(void)
{
#ifdef CORO_ASAN
	return true;
#else
	return false;
#endif
}

struct coro_pool *coro_pool_new(size_t stack_bytes)
{
	struct coro_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->page = (size_t)sysconf(_SC_PAGESIZE);
	pool->stack_bytes = align_up(max_u64(stack_bytes, 4096), pool->page);
	return pool;
}

void coro_pool_free(struct coro_pool *pool)
{
	struct coro_chunk *chunk, *next;

	if (!pool)
		return;
	for (chunk = pool->chunks; chunk; chunk = next) {
		next = chunk->next;
#ifdef CORO_ASAN
		__asan_unpoison_memory_region(chunk->mem, chunk->bytes);
#endif
		munmap(chunk->mem, chunk->bytes);
		free(chunk);
	}
	free(pool);
}

static int pool_grow(struct coro_pool *pool)
{
	bool guarded = pool->nr < GUARDED_MAX;
	u32 nr = pool->nr < CHUNK_STACKS ? CHUNK_FIRST : CHUNK_STACKS;
	size_t stride = pool->stack_bytes + (guarded ? pool->page : 0);
	struct coro_chunk *chunk = malloc(sizeof(*chunk) + nr * sizeof(chunk->stack[0]));
	u32 i;

	if (!chunk)
		return -ENOMEM;
	chunk->nr = nr;
	chunk->bytes = nr * stride;
	chunk->mem = mmap(NULL, chunk->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (chunk->mem == MAP_FAILED) {
		free(chunk);
		return -ENOMEM;
	}
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	for (i = nr; i-- > 0;) {
		struct coro_stack *st = &chunk->stack[i];
		char *mem = chunk->mem + i * stride;

		memset(st, 0, sizeof(*st));
		st->low = guarded ? mem + pool->page : mem;
		/* Too many mappings already: the canary has to do. */
		st->guarded = guarded && !mprotect(mem, pool->page, PROT_NONE);
		st->pool = pool;
		st->colour = 7 * (pool->nr + i) % NR_COLOURS;
		st->next = pool->free;
		pool->free = st;
	}
	pool->nr += nr;
	return 0;
}

/* After an arrival on the stack of @st: tell ASan, and learn where main is. */
static inline void coro_arrived(void *fake, struct coro_stack *st)
{
#ifdef CORO_ASAN
	const void *low;
	size_t bytes;

	__sanitizer_finish_switch_fiber(fake, &low, &bytes);
	if (st && st->pool->from_main) {
		st->pool->main_low = low;
		st->pool->main_bytes = bytes;
		st->pool->from_main = false;
	}
#else
	(void)fake;
	(void)st;
#endif
}

#ifndef CORO_OWN
static inline void coro_departs(struct coro *from, struct coro *to)
{
#ifdef CORO_ASAN
	if (to->stack) {
		if (!from->stack)
			to->stack->pool->from_main = true;
		__sanitizer_start_switch_fiber(&from->asan_fake, to->stack->low,
					       to->stack->pool->stack_bytes);
	} else {
		__sanitizer_start_switch_fiber(&from->asan_fake, from->stack->pool->main_low,
					       from->stack->pool->main_bytes);
	}
#else
	(void)from;
	(void)to;
#endif
}
#endif

/* First function on a new stack. */
__attribute__((visibility("hidden"))) void mmsim_coro_main(struct coro_stack *st);
void mmsim_coro_main(struct coro_stack *st)
{
	coro_arrived(NULL, st);
	st->entry(st->arg);
	abort();
}

#ifdef MMSIM_UCONTEXT

static void coro_uc_main(u32 hi, u32 lo)
{
	mmsim_coro_main((struct coro_stack *)((uintptr_t)((u64)hi << 32 | lo)));
}

static void coro_prepare(struct coro *c, char *top)
{
	struct coro_stack *st = c->stack;
	u64 arg = (u64)(uintptr_t)st;
	ucontext_t *uc = (ucontext_t *)((uintptr_t)(top - sizeof(*uc)) & ~(uintptr_t)63);

	getcontext(uc);
	uc->uc_stack.ss_sp = st->low;
	uc->uc_stack.ss_size = (size_t)((char *)uc - st->low);
	uc->uc_link = NULL;
	makecontext(uc, (void (*)(void))coro_uc_main, 2, (u32)(arg >> 32), (u32)arg);
	c->sp = uc;
}

void coro_switch(struct coro *from, struct coro *to)
{
	ucontext_t here;

	from->sp = &here;
	coro_departs(from, to);
	swapcontext(&here, to->sp);
	coro_arrived(from->asan_fake, from->stack);
}

const char *coro_backend(void)
{
	return "ucontext";
}

#else

#ifndef CORO_OWN
void mmsim_coro_swap(void **save, void *to);
#endif
void mmsim_coro_start(void);

#ifdef __x86_64__
/* r15 r14 r13 r12 rbx rbp rip; the start code finds the stack in r12. */
static void coro_prepare(struct coro *c, char *top)
{
	void **sp = (void **)(top - 64);

	memset(sp, 0, 64);
	sp[3] = c->stack;
	sp[6] = (void *)mmsim_coro_start;
	c->sp = sp;
}

const char *coro_backend(void)
{
	return "x86-64";
}
#else
/* x19..x30 then d8..d15; the start code finds the stack in x19. */
static void coro_prepare(struct coro *c, char *top)
{
	void **sp = (void **)(top - 160);

	memset(sp, 0, 160);
	sp[0] = c->stack;
	sp[11] = (void *)mmsim_coro_start;
	c->sp = sp;
}

const char *coro_backend(void)
{
	return "aarch64";
}
#endif

#ifndef CORO_OWN
void coro_switch(struct coro *from, struct coro *to)
{
	coro_departs(from, to);
	mmsim_coro_swap(&from->sp, to->sp);
	coro_arrived(from->asan_fake, from->stack);
}
#endif

#endif

int coro_create(struct coro_pool *pool, struct coro *c, void (*entry)(void *arg), void *arg)
{
	struct coro_stack *st;
	int i;

	if (!pool->free && pool_grow(pool))
		return -ENOMEM;
	st = pool->free;
	pool->free = st->next;
	st->entry = entry;
	st->arg = arg;
#ifdef CORO_ASAN
	__asan_unpoison_memory_region(st->low, pool->stack_bytes);
#endif
	for (i = 0; !st->guarded && i < NR_CANARY; i++)
		((u64 *)st->low)[i] = CANARY;
	c->stack = st;
	c->asan_fake = NULL;
	coro_prepare(c, st->low + pool->stack_bytes - (size_t)st->colour * COLOUR_BYTES);
	return 0;
}

void coro_release(struct coro_pool *pool, struct coro *c)
{
	struct coro_stack *st = c->stack;

	if (!st)
		return;
	c->stack = NULL;
	c->sp = NULL;
	st->next = pool->free;
	pool->free = st;
}

bool coro_stack_ok(const struct coro *c)
{
	const u64 *low;
	int i;

	if (!c->stack || c->stack->guarded)
		return true;
	low = (const u64 *)c->stack->low;
	for (i = 0; i < NR_CANARY; i++) {
		if (low[i] != CANARY)
			return false;
	}
	return true;
}

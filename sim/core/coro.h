/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stackful coroutines with symmetric transfer: own switch for x86-64 and
 * aarch64, ucontext elsewhere or with -DMMSIM_UCONTEXT=ON (reference engine.md
 * 2.2). Stacks are pooled and coloured; each has a guard page up to 16,000
 * stacks and a canary above that. Floating-point control state is not saved: no
 * coroutine may change rounding modes. Fiber annotations for ASan are made where
 * the build asks for them.
 */
#ifndef MMSIM_CORE_CORO_H
#define MMSIM_CORE_CORO_H

#include "sim/core/types.h"

#if defined(__SANITIZE_ADDRESS__)
#define CORO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORO_ASAN 1
#endif
#endif

struct coro_stack;
struct coro_pool;

struct coro {
	void *sp; /* saved stack pointer, or the ucontext */
	struct coro_stack *stack; /* NULL for the main stack and before the first run */
	void *asan_fake; /* ASan's fake stack while switched out */
};

/**
 * coro_pool_new - make a pool of stacks
 * @stack_bytes: usable bytes of each stack, rounded up to pages
 *
 * Returns the pool, owned by the caller, or NULL when out of memory.
 */
struct coro_pool *coro_pool_new(size_t stack_bytes);

/* Free the pool and all its stacks; no coroutine on them may run again. */
void coro_pool_free(struct coro_pool *pool);

/**
 * coro_create - give @c a stack on which entry(arg) starts at the first switch
 *
 * entry must never return: it ends by switching away for good, after which the
 * owner calls coro_release() from another stack. Returns 0 or -ENOMEM.
 */
int coro_create(struct coro_pool *pool, struct coro *c, void (*entry)(void *arg), void *arg);

/* Return the stack of @c to the pool. */
void coro_release(struct coro_pool *pool, struct coro *c);

/* Inline where nothing but our own switch is to be done. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(MMSIM_UCONTEXT) && !defined(CORO_ASAN)
#define CORO_OWN
void mmsim_coro_swap(void **save, void *to);

/* Save the running context in @from and continue @to. */
static inline void coro_switch(struct coro *from, struct coro *to)
{
	mmsim_coro_swap(&from->sp, to->sp);
}
#else
/* Save the running context in @from and continue @to. */
void coro_switch(struct coro *from, struct coro *to);
#endif

/* True if the canary at the low end of the stack of @c is intact. */
bool coro_stack_ok(const struct coro *c);

/* Name of the mechanism in use: "x86-64", "aarch64" or "ucontext". */
const char *coro_backend(void);

#endif

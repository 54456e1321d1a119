/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer types and small helpers that every layer uses. Nothing here knows
 * of simulation.
 */
#ifndef MMSIM_CORE_TYPES_H
#define MMSIM_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Simulated time: unsigned 64-bit picoseconds, horizon 213 days. */
#define PS_PER_NS 1000ULL
#define PS_PER_US 1000000ULL
#define PS_PER_MS 1000000000ULL
#define PS_PER_SEC 1000000000000ULL
#define TIME_MAX UINT64_MAX

/* 1-based index of the highest set bit, 0 for 0: the kernel's fls(). */
static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline u32 min_u32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static inline u32 max_u32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

static inline s64 max_s64(s64 a, s64 b)
{
	return a > b ? a : b;
}

static inline s64 clamp_s64(s64 v, s64 lo, s64 hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* x rounded up to a multiple of align; align is a power of two. */
static inline u64 align_up(u64 x, u64 align)
{
	return (x + align - 1) & ~(align - 1);
}

/* x rounded up to a multiple of y, y > 0. */
static inline u64 roundup_u64(u64 x, u64 y)
{
	return (x + y - 1) / y * y;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a compiled expression. Arithmetic is that of C on s64, except that
 * whatever C leaves undefined is an error with a text.
 */
#include "sim/scenario/expr.h"

static const char *shift(enum expr_code code, s64 a, s64 b, s64 *out)
{
	if (b < 0 || b > 63)
		return "shift by less than 0 or more than 63";
	if (code == EX_SHR) {
		*out = a >> b;
		return NULL;
	}
	if (b == 63 ? a != 0 : __builtin_mul_overflow(a, 1LL << b, out))
		return "overflow in a shift";
	if (!a)
		*out = 0;
	return NULL;
}

static const char *divide(enum expr_code code, s64 a, s64 b, s64 *out)
{
	if (!b)
		return "division by zero";
	if (b == -1) {
		if (code == EX_MOD) {
			*out = 0;
			return NULL;
		}
		return __builtin_sub_overflow(0LL, a, out) ? "overflow in a division" : NULL;
	}
	*out = code == EX_DIV ? a / b : a % b;
	return NULL;
}

/* Up to the next multiple of b, as the kernel's roundup() for a >= 0. */
static const char *round_up(s64 a, s64 b, s64 *out)
{
	s64 rest;

	if (b <= 0)
		return "roundup to a multiple of less than 1";
	rest = a % b;
	if (rest < 0)
		rest += b;
	return __builtin_add_overflow(a, rest ? b - rest : 0, out) ? "overflow in roundup" : NULL;
}

static const char *binary(enum expr_code code, s64 a, s64 b, s64 *out)
{
	switch (code) {
	case EX_ADD:
		return __builtin_add_overflow(a, b, out) ? "overflow in an addition" : NULL;
	case EX_SUB:
		return __builtin_sub_overflow(a, b, out) ? "overflow in a subtraction" : NULL;
	case EX_MUL:
		return __builtin_mul_overflow(a, b, out) ? "overflow in a multiplication" : NULL;
	case EX_DIV:
	case EX_MOD:
		return divide(code, a, b, out);
	case EX_SHL:
	case EX_SHR:
		return shift(code, a, b, out);
	case EX_MIN:
		*out = a < b ? a : b;
		return NULL;
	case EX_MAX:
		*out = a > b ? a : b;
		return NULL;
	default:
		return round_up(a, b, out);
	}
}

static const char *unary(enum expr_code code, s64 *a)
{
	if (code == EX_NEG)
		return __builtin_sub_overflow(0LL, *a, a) ? "overflow in a negation" : NULL;
	if (*a < 0)
		return "fls of a negative number";
	*a = fls64((u64)*a);
	return NULL;
}

static s64 operand(const struct expr_op *op, const struct expr_env *env)
{
	switch (op->code) {
	case EX_PARAM:
		return env->params[op->v];
	case EX_VAR:
		return env->vars ? env->vars[op->v] : 0;
	case EX_CPUS:
		return env->cpus;
	case EX_NODES:
		return env->nodes;
	default:
		return op->v;
	}
}

const char *expr_eval(const struct expr *e, const struct expr_env *env, s64 *out)
{
	s64 stack[EXPR_STACK];
	const char *why;
	u32 n = 0;

	for (u32 i = 0; i < e->nr_ops; i++) {
		const struct expr_op *op = &e->ops[i];

		if (op->code < EX_NEG) {
			stack[n++] = operand(op, env);
			continue;
		}
		if (op->code < EX_ADD) {
			why = unary(op->code, &stack[n - 1]);
		} else {
			n--;
			why = binary(op->code, stack[n - 1], stack[n], &stack[n - 1]);
		}
		if (why)
			return why;
	}
	*out = stack[0];
	return NULL;
}

bool expr_is_const(const struct expr *e)
{
	return !e->uses_vars;
}

struct srcpos expr_pos(const struct expr *e)
{
	return e->pos;
}

enum quantity expr_quantity(const struct expr *e)
{
	return e->q;
}

bool expr_uses_param(const struct expr *e, u32 param)
{
	for (u32 i = 0; i < e->nr_ops; i++)
		if (e->ops[i].code == EX_PARAM && e->ops[i].v == param)
			return true;
	return false;
}

bool expr_literal(const struct expr *e, s64 *v)
{
	if (e->text)
		return false;
	*v = e->ops[0].v;
	return true;
}

void expr_print(GString *out, const struct expr *e)
{
	if (e->text)
		g_string_append_printf(out, "\"${%s}\"", e->text);
	else
		number_print(out, e->ops[0].v, e->q);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiled expressions: a stack program with known depth.
 */
#ifndef MMSIM_SCENARIO_EXPR_H
#define MMSIM_SCENARIO_EXPR_H

#include "sim/scenario/reader.h"

#define EXPR_STACK 64

enum expr_code {
	EX_CONST,
	EX_PARAM,
	EX_VAR,
	EX_CPUS,
	EX_NODES,
	EX_NEG,
	EX_FLS,
	EX_ADD,
	EX_SUB,
	EX_MUL,
	EX_DIV,
	EX_MOD,
	EX_SHL,
	EX_SHR,
	EX_MIN,
	EX_MAX,
	EX_ROUNDUP,
};

struct expr_op {
	enum expr_code code;
	s64 v; /* constant, or index */
};

struct expr {
	struct srcpos pos;
	const char *text; /* between ${ and }, NULL: a literal */
	enum quantity q;
	bool uses_vars;
	u32 nr_ops;
	const struct expr_op *ops;
};

#endif

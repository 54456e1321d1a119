/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Closed lock systems as Markov chains: N threads think an exponential time of mean Z and
 * enter a section of exponential length of mean S (reference machine.md 3.2 to 3.4).
 *
 * chain_birth_death() is the chain of the reference: with k threads holding or waiting the
 * lock serves at rate 1 / (S + h(k - 1)). That covers the repairman (h = 0), the hand-off
 * aware chain (h constant for k > 1) and the ticket lock of Boyd-Wickizer et al.
 *
 * chain_handover() is what the locks here do, exactly: a hand-over of constant length h(k)
 * between two sections, k being the number that waits at the release. Embedded at the
 * releases; the fixed part lets each thinker arrive with probability 1 - exp(-h / Z), the
 * exponential part is a race. All terms are positive, so nothing cancels.
 */
#ifndef MMSIM_TESTS_KERN_LOCK_CHAINS_H
#define MMSIM_TESTS_KERN_LOCK_CHAINS_H

#include <math.h>
#include <string.h>

#define CHAIN_MAX 256

struct chain {
	unsigned int n;
	double z, s; /* ns */
	double h0, d; /* hand-over with k >= 1 waiting: h0 + k * d, ns */
};

struct chain_result {
	double x; /* per us */
	double lq; /* mean number waiting, the hand-over included */
};

static inline double chain_h(const struct chain *c, unsigned int k)
{
	return k ? c->h0 + k * c->d : 0;
}

static inline struct chain_result chain_birth_death(const struct chain *c)
{
	double p = 1, sum = 1, l = 0, busy = 0;
	struct chain_result r;

	for (unsigned int k = 1; k <= c->n; k++) {
		double b = c->s + chain_h(c, k - 1);

		p *= (c->n - k + 1) / c->z * b;
		sum += p;
		l += k * p;
		busy += p / b;
		/* keep it finite */
		if (sum > 1e200) {
			p /= 1e200;
			sum /= 1e200;
			l /= 1e200;
			busy /= 1e200;
		}
	}
	r.x = busy / sum * 1000;
	r.lq = l / sum - busy / sum * c->s;
	return r;
}

/* P[j]: of @m thinkers @j arrive in a time of @t. */
static inline void chain_arrivals(const struct chain *c, unsigned int m, double t, double *p)
{
	double q = exp(-t / c->z), a = 1 - q;

	memset(p, 0, (m + 1) * sizeof(*p));
	p[0] = 1;
	for (unsigned int i = 0; i < m; i++)
		for (unsigned int j = i + 1; j-- > 0;) {
			p[j + 1] += p[j] * a;
			p[j] *= q;
		}
}

/* One row: from @k waiting at a release to those waiting at the next. */
static inline void chain_row(const struct chain *c, unsigned int k, double *row)
{
	unsigned int waiting = k ? k - 1 : 0, thinking = k ? c->n - k : c->n - 1;
	double p[CHAIN_MAX + 1];

	chain_arrivals(c, thinking, chain_h(c, k), p);
	for (unsigned int j = 0; j <= thinking; j++) {
		double pr = p[j];

		for (unsigned int m = thinking - j; m; m--) {
			double go = m / c->z / (m / c->z + 1 / c->s);

			row[waiting + thinking - m] += pr * (1 - go);
			pr *= go;
		}
		row[waiting + thinking] += pr;
	}
}

/* Stationary distribution of the @n states of @a, which it overwrites (Grassmann et al.). */
static inline void chain_stationary(double (*a)[CHAIN_MAX], unsigned int n, double *pi)
{
	double sum = 0;

	for (unsigned int m = n - 1; m; m--) {
		double out = 0;

		for (unsigned int j = 0; j < m; j++)
			out += a[m][j];
		for (unsigned int i = 0; i < m; i++) {
			a[i][m] /= out;
			for (unsigned int j = 0; j < m; j++)
				a[i][j] += a[i][m] * a[m][j];
		}
	}
	pi[0] = 1;
	for (unsigned int m = 1; m < n; m++) {
		pi[m] = 0;
		for (unsigned int i = 0; i < m; i++)
			pi[m] += pi[i] * a[i][m];
		for (unsigned int i = 0; pi[m] > 1e100 && i < m; i++)
			pi[i] /= pi[m];
		if (pi[m] > 1e100)
			pi[m] = 1;
	}
	for (unsigned int m = 0; m < n; m++)
		sum += pi[m];
	for (unsigned int m = 0; m < n; m++)
		pi[m] /= sum;
}

static inline struct chain_result chain_handover(const struct chain *c)
{
	static double a[CHAIN_MAX][CHAIN_MAX];
	double pi[CHAIN_MAX], cycle = 0;
	struct chain_result r;

	memset(a, 0, sizeof(a));
	for (unsigned int k = 0; k < c->n; k++)
		chain_row(c, k, a[k]);
	chain_stationary(a, c->n, pi);
	for (unsigned int k = 0; k < c->n; k++)
		cycle += pi[k] * ((k ? chain_h(c, k) : c->z / c->n) + c->s);
	r.x = 1000 / cycle;
	/* who neither thinks nor holds */
	r.lq = c->n - (c->z + c->s) / cycle;
	return r;
}

#endif
